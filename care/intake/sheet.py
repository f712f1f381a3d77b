"""A CSV file that people made, read row by row; what is wrong with a row is told."""

import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from care.domain.setaside import REMEDIES, SET_ASIDE, Flaw
from care.intake.csvfile import UnableToReadCsv, detect_dialect, transcribe
from care.intake.inert import plain
from care.intake.taken import discreet, masked
from care.intake.text import tidy

_OFFSET = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$"


class UnableToReadSheet(Exception):
    """A file as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: ``read = kept + rows of set_aside`` (columns ``SET_ASIDE``)."""

    read: int
    kept: int
    set_aside: pd.DataFrame


@dataclass(slots=True)
class Sheet:
    """Its rows as text, missing where a cell is empty, and what is set aside of them.

    ``rows``: the columns asked for and ``row``, its number from 1 below the header.
    """

    name: str
    file: str
    rows: pd.DataFrame
    read: int
    _faults: list[pd.DataFrame] = field(default_factory=list)

    def refuse(
        self, bad: pd.Series, column: str, flaw: Flaw, *, remedy: str = "", personal: bool = False
    ) -> None:
        """Set rows aside, with what their column says; they are gone from ``rows`` then."""
        places = self.rows[bad]
        if places.empty:
            return
        said = places[column].astype("str")
        self._note(
            row=places["row"],
            field=column,
            value=masked(said) if personal else discreet(said),
            flaw=flaw,
            remedy=remedy,
        )
        self.rows = self.rows[~bad]

    def set_aside(self) -> pd.DataFrame:
        """All that was set aside, in the order of the file; columns ``SET_ASIDE``."""
        found = pd.concat([SET_ASIDE.empty(), *self._faults], ignore_index=True)
        return SET_ASIDE.check(
            found.astype(dict(SET_ASIDE.dtypes)).sort_values("row", ignore_index=True)
        )

    def imported(self) -> Imported:
        """What became of it, when its rows were taken."""
        return Imported(self.read, len(self.rows), self.set_aside())

    def _note(
        self, *, row: pd.Series, field: str, value: pd.Series | str, flaw: Flaw, remedy: str = ""
    ) -> None:
        told = pd.DataFrame({"row": row, "value": value})
        self._faults.append(
            told.assign(
                source=self.name,
                file=self.file,
                key="",
                field=field,
                value=told["value"].fillna(""),
                reason=str(flaw),
                scope="row",
                remedy=remedy or REMEDIES[flaw],
            )[list(SET_ASIDE.dtypes)]
        )


def read_sheet(
    path: Path,
    name: str,
    *,
    required: Collection[str],
    optional: Collection[str],
    one_of: Collection[str] = (),
) -> Sheet:
    """Read a file with a header; of ``optional`` columns that it lacks every cell is missing.

    ``one_of``: optional columns of which there must be one. An apostrophe that made a cell inert
    for a spreadsheet is taken off again.

    Raises:
        UnableToReadSheet: there is no such file, it is no CSV, or a column is missing.
    """
    if not path.is_file():
        raise UnableToReadSheet(f"{path}: there is no such file")
    try:
        dialect = detect_dialect(path)
    except UnableToReadCsv as error:
        raise UnableToReadSheet(str(error)) from None
    header = [column.casefold() for column in dialect.header]
    if lacking := [column for column in required if column not in header]:
        raise UnableToReadSheet(
            f"{path.name} has no column {', '.join(lacking)}. It needs {', '.join(required)}, and "
            f"may have {', '.join(optional)}."
        )
    if one_of and not set(one_of) & set(header):
        raise UnableToReadSheet(
            f"{path.name} has none of the columns {', '.join(one_of)}. Its first line must name "
            f"one of them, and may name {', '.join(one for one in optional if one not in one_of)}."
        )
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "rows.csv"
        torn = transcribe(path, dialect, into)
        found = pd.read_csv(
            into, sep=dialect.delimiter, header=None, names=["row", *header], dtype="str",
            keep_default_na=False, na_values=[""],
        )  # fmt: skip
    wanted = [*required, *optional]
    rows = found.reindex(columns=["row", *wanted]).astype(dict.fromkeys(wanted, "str"))
    rows[wanted] = rows[wanted].apply(lambda column: tidy(plain(column)))
    sheet = Sheet(name, path.name, rows.astype({"row": "int64"}), read=len(rows) + len(torn.rows))
    sheet._note(row=pd.Series(torn.rows, dtype="int64"), field="row", value="", flaw=Flaw.TORN_ROW)
    return sheet


def moments(texts: pd.Series, zone: ZoneInfo) -> pd.Series:
    """Texts as instants; without an offset on the shop's own clock. Missing where it is none."""
    offset = texts.str.contains(_OFFSET, regex=True).fillna(False).astype(bool)
    fixed = pd.to_datetime(texts.where(offset), format="ISO8601", errors="coerce", utc=True)
    local = pd.to_datetime(texts.mask(offset), format="ISO8601", errors="coerce")
    local = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
    return fixed.fillna(local.dt.tz_convert("UTC")).astype("datetime64[us, UTC]")
