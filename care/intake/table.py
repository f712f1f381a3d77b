"""A table of the shop's, opened: the shop's columns under their canonical names."""

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args
from uuid import uuid4

import ibis
import ibis.expr.datatypes as dt
import pandas as pd

from care.intake.csvfile import is_data
from care.intake.delivery import deliver
from care.intake.localday import local_day
from care.intake.parquet import FILE, ROW
from care.intake.source import Delimiter
from care.intake.sources import Sources, Table

T = TypeVar("T", bound=Table[Any])

logger = logging.getLogger(__name__)

PLACE = ("file", "row")
"""Where a row stands: which of the table's files, from 0, and its number in it, from 1."""

# What exports write where there is nothing. In these spellings only: Null is a family name.
_BLANKS = ("", "NaN", "nan", "NULL", "null", "None", "<NA>", "N/A", "n/a", r"\N")


@dataclass(frozen=True, slots=True)
class OpenTable(Generic[T]):
    """``rows`` has ``PLACE`` and those canonical columns that the shop has, in the shop's types.

    ``files``: their names as seen from ``shop.toml``. ``torn``: the rows that could not be told
    into columns, with ``PLACE``, ``flaw`` and ``value``.
    """

    table: T
    files: tuple[str, ...]
    rows: ibis.Table
    torn: pd.DataFrame

    @property
    def torn_by_flaw(self) -> dict[str, int]:
        """How many rows could not be told into columns, by flaw."""
        counts = self.torn["flaw"].value_counts()
        return {str(flaw): int(rows) for flaw, rows in counts.items()}

    def key(self, name: str) -> ibis.Value:
        """Read a key as text without blanks around it; missing where there is none.

        The 7.0 that a whole-number column becomes when a row of it is empty is the key 7.
        """
        return text_of(self.rows[name], "UTC")

    def text(self, name: str) -> ibis.Value:
        """Read a column as text: the shop's words translated, its default where it says nothing.

        Days are written as 2017-03-05, and timestamps as their day in the table's time zone.
        """
        default = self.table.default(name)
        if name not in self.rows.columns:
            return ibis.literal(default, dt.string)
        text = text_of(self.rows[name], self.table.timezone)
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
    """Open a table of the shop's.

    Raises:
        UnableToReadSources: it is not there, cannot be read, or lacks a required column.
    """
    delivery = deliver(
        connection,
        sources.source(table),
        partial(sources.unable, table),
        folder=sources.path.parent,
        columns=[table.shop_column(name) for name in table.COLUMNS],
        timezone=table.timezone,
    )
    rows = delivery.rows
    columns, lacking = {}, []
    for name in table.COLUMNS:
        said = table.shop_column(name)
        if said in rows.columns:
            columns[name] = rows[said]
        elif name in table.KEYS or (name in table.REQUIRED and table.default(name) is None):
            lacks = f"there is no column {said!r} in {table.place}, and {name} is required; "
            there = sorted(set(rows.columns) - {FILE, ROW})
            raise sources.unable(table, f"columns.{name}", lacks + _choice(there))
        elif name in table.columns:
            lacking.append(said)
    if lacking:
        logger.warning("%s: no column %s; taken as empty", table.place, ", ".join(lacking))
    places = dict(zip(PLACE, (rows[FILE], rows[ROW]), strict=True))
    torn = delivery.torn.rename(columns=dict(zip((FILE, ROW), PLACE, strict=True)))
    return OpenTable(table, delivery.names, rows.select(**places, **columns), torn)


def optional_key(opened: OpenTable[Any], name: str) -> ibis.Value:
    """Read a key that a table need not have, as text; missing everywhere where it has not."""
    return opened.key(name) if name in opened.rows.columns else ibis.null(dt.string)


def _choice(columns: Sequence[str]) -> str:
    """Tell what to name instead, unless the names are somebody's data."""
    if is_data(columns):
        return "its first row is no header. Put the columns' names there."
    if len(columns) == 1 and any(mark in columns[0] for mark in get_args(Delimiter)):
        return f"its only column is {columns[0]!r}: correct the delimiter."
    return f"name one of {', '.join(columns)}."


def text_of(column: ibis.Value, timezone: str) -> ibis.Value:
    """Write a column of any type as text, missing where it says nothing."""
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
