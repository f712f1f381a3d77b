"""Where the rows of a table come from: files, or what a database answers."""

from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Literal

Format = Literal["parquet", "csv"]
Encoding = Literal["utf-8", "gb18030"]
Delimiter = Literal[",", ";", "\t", "|"]

_CSV_ENDINGS = (".csv", ".tsv", ".txt")
_PARQUET_ENDINGS = (".parquet", ".pq")
_PARQUET_BEGINS = b"PAR1"


@dataclass(frozen=True, slots=True)
class ParquetFiles:
    """One Parquet file or several of one table, named by a path or a glob."""

    pattern: str


@dataclass(frozen=True, slots=True)
class CsvFiles:
    """One CSV file or several of one table; what is not said of them is found out for each."""

    pattern: str
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a database answers to a query, or holds in a table (``name`` or ``schema.name``).

    ``said_in``: the key of ``shop.toml`` that led to the URL. ``folder``: what the path of a SQLite
    file is relative to.
    """

    url: str = field(repr=False)  # it may hold a password
    said_in: str
    folder: Path
    table: str | None = None
    query: str | None = None

    @property
    def place(self) -> str:
        """Where the rows are, in a word."""
        return self.table or "query"


Source = ParquetFiles | CsvFiles | Answer


def files_of(pattern: str) -> list[str]:
    """List the files there are now, in the order of their names."""
    return sorted(glob(pattern, recursive=True))


def format_of(pattern: str) -> Format:
    """Tell a format by how the name ends or, where that says nothing, by how a file begins."""
    ending = Path(pattern).suffix.lower()
    if ending in _CSV_ENDINGS:
        return "csv"
    if ending in _PARQUET_ENDINGS:
        return "parquet"
    for name in files_of(pattern)[:1]:
        with Path(name).open("rb") as file:
            return "parquet" if file.read(len(_PARQUET_BEGINS)) == _PARQUET_BEGINS else "csv"
    return "parquet"
