"""Keys of the shop's rows: there, usable, and each one once."""

import pandas as pd

from care.domain.setaside import Flaw
from care.intake.taken import Issues
from care.intake.text import is_odd

LONGEST_KEY = 200


def screen_keys(rows: pd.DataFrame, name: str, issues: Issues) -> pd.DataFrame:
    """Keep rows whose key can be used, and of several with one key the last, as of corrections.

    Rows keep their index; the others are noted.
    """
    keys = rows[name]
    missing = keys.isna()
    bad = is_odd(keys) | (keys.str.len() > LONGEST_KEY)
    usable = ~missing & ~bad
    again = usable & keys.where(usable).duplicated(keep="last")
    issues.note_rows(missing, name, keys, Flaw.MISSING_KEY)
    issues.note_rows(bad, name, keys, Flaw.BAD_KEY)
    issues.note_rows(again, name, keys, Flaw.DUPLICATE_KEY)
    return rows[usable & ~again]


def keys_of(known: pd.DataFrame, noun: str) -> pd.Series:
    """The house's keys of a noun (``customer``, ``product``) by the shop's own."""
    keys: pd.Series = known.set_index(f"{noun}_id")[f"{noun}_key"]
    return keys
