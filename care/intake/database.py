"""A database's answer to a query, brought into a Parquet file chunk by chunk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyarrow import parquet
from sqlalchemy import Connection, CursorResult, Engine, create_engine, inspect, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from care.intake.csvfile import UNDECODABLE, Torn
from care.intake.parquet import ROW
from care.intake.source import Answer

CHUNK = 20_000  # rows that are in memory at once


class UnableToAsk(Exception):
    """The database cannot be asked; ``key`` of ``shop.toml`` is where to look."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key


def fetch(answer: Answer, into: Path, *, timezone: str) -> Torn:
    """Write what the database answers to ``into``, all columns as text, numbered from 1.

    Dates are written as 2017-03-05, moments as 2017-03-05 18:30:00, and those that know their
    offset from UTC in the time zone given, with its offset. Rows with text that is none are not
    written but returned.

    Raises:
        UnableToAsk: a bad URL, a driver or table that is not there, or the database's own refusal.
    """
    engine = _engine(answer)
    torn = Torn()
    with _connected(engine, answer, timezone) as connection:
        statement = _statement(engine, connection, answer)
        # A cursor at the server, and no hunt for parameters: a % in the query is a %.
        connection.execution_options(stream_results=True, no_parameters=True)
        result = connection.exec_driver_sql(statement)
        names = _names(result, answer)
        schema = pa.schema([(ROW, pa.int64()), *((name, pa.string()) for name in names)])
        number = 0
        with parquet.ParquetWriter(into, schema) as writer:
            for rows in result.partitions(CHUNK):
                numbers = range(number + 1, number + len(rows) + 1)
                columns = [_texts(column, timezone) for column in zip(*rows, strict=True)]
                writer.write_table(_table(schema, numbers, columns, torn))
                number += len(rows)
    return torn


def _engine(answer: Answer) -> Engine:
    try:
        url = make_url(answer.url)
    except ArgumentError:
        raise UnableToAsk(
            answer.said_in,
            "this is no SQLAlchemy URL. Write it as postgresql+psycopg://user:password@host/name.",
        ) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        url = _sqlite(url, answer)
    try:
        return create_engine(url, poolclass=NullPool)
    except NoSuchModuleError:
        raise UnableToAsk(
            answer.said_in,
            f"{_shown(url)}: SQLAlchemy knows no {url.drivername}. Correct it, or install the "
            "package that brings it.",
        ) from None
    except ModuleNotFoundError as error:
        raise UnableToAsk(
            answer.said_in,
            f"{_shown(url)}: the driver {error.name} is not installed. Install it beside nightcare"
            + (" with the extra 'postgresql'." if error.name == "psycopg" else "."),
        ) from None


def _sqlite(url: URL, answer: Answer) -> URL:
    """Open a file that is there, to read it only; SQLite would make one that is not."""
    path = answer.folder / (url.database or "")
    if not path.is_file():
        raise UnableToAsk(
            answer.said_in, f"{_shown(url)}: there is no file {path}. Correct the path."
        )
    database = f"file:{quote(str(path.absolute()))}"
    return url.set(database=database, query={"mode": "ro", "uri": "true"})


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


@contextmanager
def _connected(engine: Engine, answer: Answer, timezone: str) -> Iterator[Connection]:
    """Open a transaction that only reads, where there is such a thing."""
    asked = "table" if answer.table else "query"
    try:
        connection = engine.connect()
    except (SQLAlchemyError, TypeError) as error:
        raise UnableToAsk(
            answer.said_in,
            f"{_shown(engine.url)}: {_reason(error)}. Start the database, or correct the URL.",
        ) from None
    with connection:
        connection.execution_options(postgresql_readonly=True)
        try:
            _PREPARE.get(engine.dialect.driver, _as_it_is)(connection, timezone)
            yield connection
        except DataError as error:  # its words may quote somebody's data
            raise UnableToAsk(
                asked,
                f"a value cannot be read ({type(error.orig).__name__}). Cast its column to text in "
                "a query.",
            ) from None
        except DBAPIError as error:
            raise UnableToAsk(
                asked, f"the database refuses: {_reason(error)}. Correct the {asked}."
            ) from None


def _reason(error: Exception) -> str:
    said = error.orig if isinstance(error, DBAPIError) else error
    return (str(said).strip().splitlines() or [type(said).__name__])[0].rstrip(".")


def _as_it_is(_connection: Connection, _timezone: str) -> None: ...


def _prepare_psycopg(connection: Connection, timezone: str) -> None:
    """Take days and moments as PostgreSQL writes them: it knows some that Python does not."""
    from psycopg.types.string import TextLoader

    connection.exec_driver_sql("SET DateStyle = 'ISO'")
    connection.exec_driver_sql(f"SET TIME ZONE '{timezone}'")  # checked: an IANA name
    driver: Any = connection.connection.driver_connection
    for kind in ("date", "timestamp", "timestamptz"):
        driver.adapters.register_loader(kind, TextLoader)


def _prepare_sqlite(connection: Connection, _timezone: str) -> None:
    """Let text that is no UTF-8 through, so that it costs its own row alone."""
    driver: Any = connection.connection.driver_connection
    driver.text_factory = _decoded


_PREPARE: Mapping[str, Callable[[Connection, str], None]] = {
    "psycopg": _prepare_psycopg,
    "pysqlite": _prepare_sqlite,
}
"""By driver."""


def _statement(engine: Engine, connection: Connection, answer: Answer) -> str:
    if answer.query is not None:
        return answer.query.strip().rstrip(";")
    schema, _, name = str(answer.table).rpartition(".")
    found, within = inspect(connection), schema or None
    if not found.has_table(name, schema=within):
        there = sorted([*found.get_table_names(within), *found.get_view_names(within)])
        raise UnableToAsk(
            "table", f"there is no table {answer.table!r}; name one of {', '.join(there)}."
        )
    whole = select(text("*")).select_from(sql_table(name, schema=within))
    return str(whole.compile(engine))


def _names(result: CursorResult[Any], answer: Answer) -> list[str]:
    asked = "table" if answer.table else "query"
    if not result.returns_rows:
        raise UnableToAsk(asked, "it answers no rows. Write one that begins with SELECT.")
    names = list(result.keys())
    if again := [name for name in names if names.count(name) > 1]:
        raise UnableToAsk(
            asked, f"it answers two columns called {again[0]!r}. Rename one of them with AS."
        )
    return names


def _texts(values: Sequence[Any], timezone: str) -> list[str | None]:
    """Write the values of a column, which mostly are of one type."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return list(values)
    zone = ZoneInfo(timezone)
    if len(kinds) > 1 or kinds == {datetime}:
        return [_written(value, zone) for value in values]
    write = _WRITE.get(kinds.pop(), str)
    return [None if value is None else write(value) for value in values]


def _written(value: Any, zone: ZoneInfo) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(zone)
    write = next((write for kind, write in _WRITE.items() if isinstance(value, kind)), str)
    return write(value)


def _decoded(value: bytes | bytearray | memoryview) -> str:
    return bytes(value).decode("utf-8", "surrogateescape")


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


_WRITE: Mapping[type, Callable[[Any], str]] = {
    bool: lambda value: str(value).lower(),
    int: str,
    float: _number,
    Decimal: lambda value: format(value, "f"),
    datetime: lambda value: value.isoformat(" "),
    date: date.isoformat,
    time: time.isoformat,
    bytes: _decoded,
    bytearray: _decoded,
    memoryview: _decoded,
}
"""How values of a type are written; a type before those it derives from."""


def _table(
    schema: pa.Schema, numbers: range, columns: list[list[str | None]], torn: Torn
) -> pa.Table:
    """Make a table of a chunk; its torn rows are noted and left out."""
    try:
        return pa.table([list(numbers), *columns], schema=schema)
    except UnicodeEncodeError:
        bad = {row for column in columns for row, value in enumerate(column) if not _is_text(value)}
        for row in sorted(bad):
            torn.note(numbers[row], UNDECODABLE)
        sound = [row for row in range(len(numbers)) if row not in bad]
        kept = [[column[row] for row in sound] for column in (numbers, *columns)]
        return pa.table(kept, schema=schema)


def _is_text(value: str | None) -> bool:
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        return False
    return True
