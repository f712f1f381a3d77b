"""A file of a shop's, seen from outside: its columns, what is in them and how much is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt

from care.intake.csvfile import UnableToReadCsv, detect_dialect, is_data
from care.intake.delivery import deliver
from care.intake.parquet import FILE, ROW
from care.intake.source import CsvFiles, Delimiter, Encoding, Format, ParquetFiles, format_of
from care.intake.sources import UnableToReadSources
from care.intake.table import text_of

MOSTLY = 0.9
"""Share of a column's filled cells that tell its kind; the others are what a check will list."""

FEW = 20
"""So many words of a column are told, the most frequent ones, if they are no longer than that."""

_MANY = 200  # different words: more are no enumeration with mistakes in it

_SHAPES: Mapping[str, str] = {
    "e-mail": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "Chinese mobile": r"^(\+?86)?1[3-9][0-9]{9}$",
    "American phone": r"^\(?[2-9][0-9]{2}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}$",
    "phone": r"^\+[0-9][0-9 ()-]{7,18}$",
    "whole number": r"^[+-]?[0-9]{1,18}$",
    "number": r"^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$",
    "day": r"^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}$|^--[0-9]{2}-[0-9]{2}$",
    "moment": r"^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[T ][0-9]{1,2}:[0-9]{2}",
    "yes or no": r"^(?i:true|false|yes|no|y|n|t|f|是|否)$",
}
"""Kind → how its texts look; the first that fits most of a column is the column's."""

_HAN = r"[\x{3400}-\x{9fff}]"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the kind of what it mostly holds, and how many cells are empty or different."""

    name: str
    kind: str
    empty: int
    distinct: int
    han: bool  # most of its texts hold Chinese characters
    words: tuple[str, ...] = ()  # of an enumeration; never to be shown as they are


@dataclass(frozen=True, slots=True)
class Profile:
    """One file. ``rows`` counts those that could be told into columns, ``torn`` the others."""

    path: Path
    format: Format
    encoding: Encoding | None
    delimiter: Delimiter | None
    rows: int
    torn: int
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Find a column by its name."""
        return next(column for column in self.columns if column.name == name)


def profile(connection: ibis.BaseBackend, path: Path) -> Profile:
    """Look through a Parquet or CSV file; nothing is said of it but what it shows.

    Raises:
        UnableToReadSources: it is not there, is neither, or has no header.
    """
    path = path.absolute()

    def unable(_key: str, problem: str) -> UnableToReadSources:
        return UnableToReadSources(f"{path}: {problem}")

    pattern = escape(str(path))
    kind, dialect = format_of(pattern), None
    source: CsvFiles | ParquetFiles = ParquetFiles(pattern)
    if kind == "csv" and path.is_file():
        try:
            dialect = detect_dialect(path)
        except UnableToReadCsv as error:
            raise unable("path", str(error)) from None
        source = CsvFiles(pattern, dialect.encoding, dialect.delimiter)
    delivery = deliver(connection, source, unable, folder=path.parent)
    rows = delivery.rows.drop(FILE, ROW)
    if is_data(rows.columns):
        raise unable("path", "its first row is no header. Put the columns' names there.")
    count = int(rows.count().to_pyarrow().as_py())
    return Profile(
        path=path,
        format=kind,
        encoding=dialect.encoding if dialect else None,
        delimiter=dialect.delimiter if dialect else None,
        rows=count,
        torn=len(delivery.torn),
        columns=tuple(_column(rows, name, count) for name in rows.columns),
    )


def _column(rows: ibis.Table, name: str, count: int) -> Column:
    text = text_of(rows[name], "UTC")
    one = rows.select(text=text).filter(lambda t: t.text.notnull())
    found = one.aggregate(
        filled=one.count(),
        distinct=one.text.nunique(),
        han=one.text.re_search(_HAN).sum(),
        **{kind: one.text.re_search(shape).sum() for kind, shape in _SHAPES.items()},
    )
    seen = found.to_pyarrow().to_pylist()[0]
    filled, distinct = seen["filled"], seen["distinct"]
    return Column(
        name=name,
        kind=_kind(rows[name].type(), {kind: seen[kind] or 0 for kind in _SHAPES}, filled),
        empty=count - filled,
        distinct=distinct,
        han=filled > 0 and (seen["han"] or 0) > filled / 2,
        words=_words(one) if distinct <= _MANY else (),
    )


def _words(texts: ibis.Table) -> tuple[str, ...]:
    short = texts.filter(texts.text.length() <= FEW)
    counted = short.group_by("text").agg(count=short.count())
    often = counted.order_by(ibis.desc("count"), "text").limit(FEW)
    return tuple(often.to_pyarrow().column("text").to_pylist())


def _kind(declared: dt.DataType, fitting: Mapping[str, int], filled: int) -> str:
    if not filled:
        return "empty"
    if declared.is_timestamp():
        return "moment"
    fits = [kind for kind in _SHAPES if fitting[kind] >= MOSTLY * filled]
    return fits[0] if fits else "text"
