"""Text that a spreadsheet will not compute, and CSV files for people made of it."""

import os
from pathlib import Path

import pandas as pd

FORMULA = r"[=+\-@\t\r]"
"""How a cell begins that a spreadsheet would compute."""
_MADE_INERT = r"'(?=[=+\-@\t\r])"


def inert(texts: pd.Series) -> pd.Series:
    """Texts with an apostrophe before what a spreadsheet would take for a formula."""
    return texts.mask(texts.str.match(FORMULA).fillna(False).astype(bool), "'" + texts)


def plain(texts: pd.Series) -> pd.Series:
    """Texts as they were before they were made inert."""
    return texts.str.replace(rf"^{_MADE_INERT}", "", regex=True)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame for people, readable by this user alone; its texts inert.

    UTF-8 with a mark, without which Excel guesses another encoding.
    """
    told = {str(name): inert(frame[name]) for name in frame if frame[name].dtype == "str"}
    data = frame.assign(**told).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
    write_private(data, path)


def write_private(data: bytes, path: Path) -> None:
    """Write a file that this user alone may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
