"""Which festivals a customer wants to hear of, as she told the shop."""

import re
from collections.abc import Collection

import pandas as pd

from care.domain.festival import FESTIVALS, NO_FESTIVAL
from care.domain.setaside import Flaw
from care.intake.taken import Issues

KNOWN = frozenset(FESTIVALS)
_BETWEEN = re.compile(r"[;,；，、\s]+")


def read_festivals(
    said: pd.DataFrame, issues: Issues, *, known: Collection[str] = KNOWN
) -> pd.Series:
    """Read a column ``festivals``: ``none``, or names with ``;`` or spaces between.

    ``known``: the names there are. One that is unknown is noted and left out; if none of hers is
    known she is wished none, as she did not ask for others. Missing where she said nothing.
    """
    told = said["festivals"]
    meant = {text: _meant(text, known) for text in told.dropna().unique()}
    strange = told.isin([text for text, (_, sound) in meant.items() if not sound])
    issues.note_fields(strange, "festivals", told, Flaw.UNKNOWN_VALUE)
    return told.map({text: wanted for text, (wanted, _) in meant.items()}).astype("str")


def _meant(text: str, known: Collection[str]) -> tuple[str, bool]:
    """What a text asks for, and whether all of it is understood."""
    words = [word.replace("_", "-") for word in _BETWEEN.split(text.lower()) if word]
    if words == [NO_FESTIVAL]:
        return NO_FESTIVAL, True
    wanted = [word for word in dict.fromkeys(words) if word in known]
    return ";".join(wanted) or NO_FESTIVAL, bool(words) and set(words) <= set(wanted)
