"""Whole numbers as shops write them: of days, of pieces, of stars."""

import pandas as pd

from care.domain.setaside import Flaw
from care.intake.taken import Issues

MOST = 100_000


def read_whole_numbers(
    said: pd.DataFrame,
    name: str,
    issues: Issues,
    *,
    first: int = 0,
    last: int = MOST,
    required: bool = False,
) -> pd.Series:
    """Read a column of texts as Int64 from ``first`` to ``last``; missing where it says else.

    The ``90.0`` that a number becomes on its way through a spreadsheet is 90. ``required``: a row
    is noted as not taken without it, instead of the field as emptied.
    """
    texts = said[name].str.replace(r"\.0+$", "", regex=True)
    whole = texts.str.fullmatch("[0-9]{1,9}").fillna(False).astype(bool)
    numbers = pd.to_numeric(texts.where(whole)).astype("Int64")
    sound = numbers.between(first, last).fillna(False).astype(bool)
    if required:
        issues.note_rows(~sound, name, said[name], Flaw.BAD_NUMBER)
    else:
        issues.note_fields(said[name].notna() & ~sound, name, said[name], Flaw.BAD_NUMBER)
    return numbers.where(sound)
