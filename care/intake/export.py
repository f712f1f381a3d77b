"""What was set aside as a CSV file for people, safe to open in a spreadsheet."""

import os
from pathlib import Path

import pandas as pd

from care.domain.setaside import SET_ASIDE

_FORMULA = r"[=+\-@\t\r]"
"""How a cell begins that a spreadsheet would compute."""


def write_set_aside(set_aside: pd.DataFrame, path: Path) -> None:
    """Write columns ``SET_ASIDE``, readable by this user alone.

    Texts that a spreadsheet would take for a formula begin with an apostrophe. UTF-8 with a mark,
    without which Excel guesses another encoding.
    """
    inert = SET_ASIDE.check(set_aside).copy()
    for name, dtype in SET_ASIDE.dtypes.items():
        if dtype == "str":
            inert[name] = inert[name].mask(inert[name].str.match(_FORMULA), "'" + inert[name])
    data = inert.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
