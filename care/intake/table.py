"""A table of the shop's, opened: the shop's columns under their canonical names."""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from uuid import uuid4

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pandas as pd

from care.intake.localday import local_day
from care.intake.sources import ParquetFiles, Sources, Table

T = TypeVar("T", bound=Table[Any])

logger = logging.getLogger(__name__)

PLACE = ("file", "row")
"""Where a row stands: which of the table's files, from 0, and its number in it, from 1."""

_FILE, _ROW = "care_file", "file_row_number"  # as DuckDB is asked to add them

# What exports write where there is nothing. In these spellings only: Null is a family name.
_BLANKS = ("", "NaN", "nan", "NULL", "null", "None", "<NA>", "N/A", "n/a", r"\N")

_place_in = ibis.udf.scalar.builtin(
    lambda _names, _name: None,
    name="list_position",
    signature=((dt.Array(dt.string), dt.string), dt.int32),
)


@dataclass(frozen=True, slots=True)
class OpenTable(Generic[T]):
    """``rows`` has ``PLACE`` and those canonical columns that the shop has, in the shop's types.

    ``files``: their names as seen from ``shop.toml``.
    """

    table: T
    files: tuple[str, ...]
    rows: ibis.Table

    def key(self, name: str) -> ibis.Value:
        """Read a key as text without blanks around it; missing where there is none.

        The 7.0 that a whole-number column becomes when a row of it is empty is the key 7.
        """
        return _text(self.rows[name], "UTC")

    def text(self, name: str) -> ibis.Value:
        """Read a column as text: the shop's words translated, its default where it says nothing.

        Days are written as 2017-03-05, and timestamps as their day in the table's time zone.
        """
        default = self.table.default(name)
        if name not in self.rows.columns:
            return ibis.literal(default, dt.string)
        text = _text(self.rows[name], self.table.timezone)
        if words := self.table.words(name):
            text = text.cases(*words.items(), else_=text)
        return text if default is None else text.fill_null(default)

    def value(self, name: str) -> ibis.Value:
        """Take a column in the shop's own type, or as text where ``shop.toml`` has a say in it."""
        spoken = self.table.words(name) or self.table.default(name) is not None
        return self.text(name) if spoken or name not in self.rows.columns else self.rows[name]

    def read(self, **more: ibis.Value) -> pd.DataFrame:
        """``PLACE``, every canonical column as text, and whatever more is asked for, in file order.

        What is asked for under a canonical name comes instead of the text.
        """
        texts = {name: self.text(name) for name in self.table.COLUMNS if name not in more}
        frame: pd.DataFrame = self.rows.select(*PLACE, **texts, **more).to_pyarrow().to_pandas()
        return frame


def connect(memory: str = "2GB") -> ibis.BaseBackend:
    """Start a DuckDB, in memory up to a limit and beyond it in the temporary folder."""
    spill = Path(tempfile.gettempdir()) / f"nightcare-{uuid4().hex}"  # two must not share one
    connection = ibis.duckdb.connect(memory_limit=memory, temp_directory=str(spill))
    connection.raw_sql("SET TimeZone = 'UTC'")
    return connection


def open_table(connection: ibis.BaseBackend, sources: Sources, table: T) -> OpenTable[T]:
    """Open a table of the shop's; reads no rows yet.

    Raises:
        UnableToReadSources: no such file, not a Parquet file, or a required column is not there.
    """
    files, rows = _open(connection, sources, table)
    columns, lacking = {}, []
    for name in table.COLUMNS:
        said = table.shop_column(name)
        if said in rows.columns:
            columns[name] = rows[said]
        elif name in table.KEYS or (name in table.REQUIRED and table.default(name) is None):
            raise sources.unable(
                table,
                f"columns.{name}",
                f"there is no column {said!r} in {table.path}, and {name} is required; "
                f"name one of {', '.join(sorted(set(rows.columns) - {_FILE, _ROW}))}.",
            )
        elif name in table.columns:
            lacking.append(said)
    if lacking:
        logger.warning("%s: no column %s; taken as empty", table.path, ", ".join(lacking))
    folder = f"{sources.path.parent}/"
    return OpenTable(
        table,
        tuple(file.removeprefix(folder) for file in files),
        rows.select(**_places(files, rows), **columns),
    )


def _open(
    connection: ibis.BaseBackend, sources: Sources, table: Table[Any]
) -> tuple[list[str], ibis.Table]:
    match sources.source(table):
        case ParquetFiles() as parquet:
            files = parquet.files()
    if not files:
        raise sources.unable(
            table, "path", f"there is no file {parquet.pattern}. Correct the path or deliver it."
        )
    try:
        rows = connection.read_parquet(
            files,
            filename=_FILE,
            file_row_number=True,
            union_by_name=len(files) > 1,
            hive_partitioning=False,
            binary_as_string=True,
        )
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise sources.unable(
            table,
            "path",
            f"{parquet.pattern} is no Parquet: {reason}. Deliver it again.",
        ) from None
    return files, rows


def _places(files: list[str], rows: ibis.Table) -> dict[str, ibis.Value]:
    file = _place_in(files, rows[_FILE]) - 1 if len(files) > 1 else ibis.literal(0)
    return {"file": file.cast("int32"), "row": rows[_ROW] + 1}


def _text(column: ibis.Value, timezone: str) -> ibis.Value:
    kind = column.type()
    if kind.is_string():
        # A CASE, because DuckDB would make a join of IN (...)
        bare = column.strip()
        return bare.cases(*((blank, None) for blank in _BLANKS), else_=bare)
    if kind.is_floating():
        number = ibis.ifelse(column.isnan(), None, column)
        exact = ibis.ifelse(number.abs() < 2**53, number, None)  # what an integer can hold
        whole = exact == exact.floor()
        return ibis.ifelse(whole, exact.cast("int64").cast("string"), number.cast("string"))
    if kind.is_timestamp():
        return (column.date() if kind.timezone is None else local_day(column, timezone)).cast(
            "string"
        )
    return column.cast("string")
