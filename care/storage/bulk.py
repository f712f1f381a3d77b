"""Whole frames in and out of the ledger by the fastest road each database offers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC
from itertools import islice
from operator import eq
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    LargeBinary,
    Select,
    SmallInteger,
    Table,
    and_,
    bindparam,
    func,
    text,
    type_coerce,
    types,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from care.storage.tables import Instant

CHUNK = 50_000
BATCH = 5_000
"""So many rows at a time are Python's tuples: more of them, and its collector walks them again and
again."""

MANY = 10_000
"""So many new rows make PostgreSQL's picture of a table wrong, and its plans with it."""

Existing = Literal["refuse", "skip", "replace"]

_Read = tuple[pa.DataType, Any]

_READ_AS: list[tuple[type[types.TypeEngine[Any]], _Read]] = [
    (Boolean, (pa.bool_(), pd.BooleanDtype())),
    (types.Integer, (pa.int64(), pd.Int64Dtype())),
    (Date, (pa.timestamp("s"), None)),
    (types.Float, (pa.float64(), pd.Float64Dtype())),
    (Instant, (pa.timestamp("us", "UTC"), None)),
]
"""Arrow's type of a column, and the pandas dtype where Arrow would choose another one."""


def insert_frame(
    connection: Connection, table: Table, frame: pd.DataFrame, *, existing: Existing = "refuse"
) -> None:
    """Write a frame's columns, none of them JSON, into a table, in chunks.

    A row whose key is there already is refused with an IntegrityError, skipped, or, by its primary
    key, replaced.
    """
    columns = [table.c[str(name)] for name in frame.columns]
    on_postgresql = connection.dialect.name == "postgresql"
    write = _copy if on_postgresql else _execute
    for start in range(0, len(frame), CHUNK):
        write(connection, table, columns, frame.iloc[start : start + CHUNK], existing)
    if on_postgresql and len(frame) >= MANY:
        _look_again(connection, table, len(frame))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries of plain Python values; whatever is missing becomes ``None``."""
    lists = [_plain(frame[name]) for name in frame.columns]
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def read_frame(connection: Connection, query: Select[Any]) -> pd.DataFrame:
    """Run a query into a frame with a dtype per column type, also when it finds no row.

    Rows come in batches and become columns at once, so that only one batch is ever Python objects.
    """
    described = list(query.selected_columns)
    parts: list[list[Any]] = [[] for _ in described]
    # Of no type, they come as the driver has them: what SQLAlchemy would do value by value is done
    # to whole columns.
    bare = query.with_only_columns(*(type_coerce(one, types.NullType()) for one in described))
    result = connection.execute(bare, execution_options={"yield_per": BATCH})
    for rows in result.partitions():
        for part, column, values in zip(parts, described, zip(*rows, strict=True), strict=True):
            part.append(_column(column, values))
    read = {
        column.name: _series(column, part) for column, part in zip(described, parts, strict=True)
    }
    return pd.DataFrame(read)


def rows_alike(
    connection: Connection, table: Table, frame: pd.DataFrame
) -> Iterator[tuple[FromClause, ColumnElement[bool]]]:
    """What to join a table with, and on what, to find the rows whose columns are as in a frame.

    ``frame``: columns of whole numbers and text, missing nowhere. The rows travel as one value, in
    chunks, so that nothing has to be written to ask for them; for no rows there is one empty chunk.
    """
    columns = [table.c[str(name)] for name in frame.columns]
    for start in range(0, max(len(frame), 1), CHUNK):
        chunk = frame.iloc[start : start + CHUNK]
        values = [_plain(chunk[name]) for name in frame.columns]
        asked: FromClause
        if connection.dialect.name == "postgresql":
            arrays = [
                bindparam(None, value, type_=ARRAY(column.type))
                for column, value in zip(columns, values, strict=True)
            ]
            names = [column.name for column in columns]
            asked = func.unnest(*arrays).table_valued(*names, name="asked").render_derived()
            cells: list[ColumnElement[Any]] = [asked.c[name] for name in names]
        else:
            rows = orjson.dumps(list(zip(*values, strict=True))).decode()
            asked = func.json_each(rows).table_valued("value", name="asked")
            cells = [
                func.json_extract(asked.c.value, f"$[{place}]") for place in range(len(columns))
            ]
        yield asked, and_(*map(eq, columns, cells))


def _read_as(column: Any) -> _Read | None:
    """How a column is read; nothing for what stays Python objects."""
    if isinstance(column.type, LargeBinary):
        return None
    found = (read for sql_type, read in _READ_AS if isinstance(column.type, sql_type))
    return next(found, (pa.large_string(), pd.StringDtype(na_value=np.nan)))


def _column(column: Any, values: tuple[Any, ...]) -> Any:
    """A batch of the driver's values as Arrow has them; moments and days are text in SQLite."""
    read = _read_as(column)
    if read is None:
        return values
    found = pa.array(values, read[0] if isinstance(column.type, types.String) else None)
    if isinstance(column.type, Instant) and pa.types.is_string(found.type):
        found = found.cast(pa.timestamp("us"))
    return found.cast(read[0])


def _series(column: Any, parts: list[Any]) -> pd.Series:
    read = _read_as(column)
    if read is None:
        return pd.Series([value for part in parts for value in part], dtype=object)
    arrow, dtype = read
    found = pa.chunked_array(parts, type=arrow)
    series = pd.Series(found.to_pandas() if dtype is None else dtype.__from_arrow__(found))
    required = isinstance(column.type, types.Integer) and not getattr(column, "nullable", True)
    return series.astype("int64") if required else series


def _plain(series: pd.Series) -> list[Any]:
    """Python values; dates for days, aware datetimes for instants, ``None`` for what is missing."""
    values: list[Any]
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        values = _each_once(series, "us", _moments)
    elif series.dtype.kind == "M":
        values = series.to_numpy("datetime64[D]").astype(object).tolist()
    elif series.dtype == object:
        there = series.mask(series.isna(), None).tolist()
        values = [one.item() if isinstance(one, np.generic) else one for one in there]
    elif series.dtype.kind == "f":
        values = series.astype(object).where(series.notna(), None).tolist()
    else:
        values = series.array.to_numpy(object, na_value=None).tolist()
    return values


def _each_once(
    series: pd.Series, unit: Literal["D", "us"], write: Callable[[np.ndarray], np.ndarray]
) -> list[Any]:
    """Days or moments as ``write`` has them, ``None`` for none.

    A column holds few of them many times over, and writing one out is what takes time.
    """
    told = pd.to_datetime(series)
    if isinstance(told.dtype, pd.DatetimeTZDtype):
        told = told.dt.tz_convert(None)
    place, different = pd.factorize(told.to_numpy(f"datetime64[{unit}]").astype("int64"))
    different = different.astype(f"datetime64[{unit}]")
    written = write(different)
    written[np.isnat(different)] = None
    values: list[Any] = written[place].tolist()
    return values


def _moments(different: np.ndarray) -> np.ndarray:
    aware = np.empty(len(different), dtype=object)
    aware[:] = [one and one.replace(tzinfo=UTC) for one in different.astype(object).tolist()]
    return aware


def _texts(different: np.ndarray) -> np.ndarray:
    """As SQLAlchemy writes days and moments into SQLite, so that they compare with its own."""
    texts = np.datetime_as_string(different)
    return np.char.replace(texts, "T", " ").astype(object)


def _rows(
    connection: Connection, columns: Sequence[Column[Any]], frame: pd.DataFrame
) -> Iterable[tuple[Any, ...]]:
    """Rows as the driver wants them; the drivers see no SQLAlchemy type on these roads."""
    return zip(
        *(_for_driver(connection, column, frame[column.name]) for column in columns), strict=True
    )


def _for_driver(connection: Connection, column: Column[Any], series: pd.Series) -> list[Any]:
    on_sqlite = connection.dialect.name == "sqlite"
    if isinstance(column.type, Date) and on_sqlite:
        return _each_once(series, "D", _texts)
    if isinstance(column.type, Instant):
        if not isinstance(series.dtype, pd.DatetimeTZDtype):
            # A few of mixed kinds, of which the type refuses what has no zone.
            processor = column.type.dialect_impl(connection.dialect).bind_processor(
                connection.dialect
            )
            return [processor(value) if processor else value for value in _plain(series)]
        if on_sqlite:
            return _each_once(series, "us", _texts)
    return _plain(series)


def _execute(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    frame: pd.DataFrame,
    existing: Existing,
) -> None:
    names = [column.name for column in columns]
    statement = sqlite.insert(table)
    if existing == "skip":
        statement = statement.on_conflict_do_nothing()
    elif existing == "replace":
        statement = statement.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={name: statement.excluded[name] for name in _replaced(table, names)},
        )
    compiled = statement.compile(dialect=connection.dialect, column_keys=names)
    in_order = [table.c[name] for name in compiled.positiontup or ()]
    rows = iter(_rows(connection, in_order, frame))
    while batch := list(islice(rows, BATCH)):
        connection.exec_driver_sql(str(compiled), batch)


def _look_again(connection: Connection, table: Table, written: int) -> None:
    """Let PostgreSQL look at a table again if what was written is a tenth of what it knows of.

    Its own daemon looks only after the commit, and minutes later: until then it would take the
    table for empty and join a million rows one by one. Of less than a tenth it waits for the daemon
    as well, as millions of codes come in chunks.
    """
    known = connection.scalar(
        text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)"), {"name": table.name}
    )
    if written * 10 >= (known or 0):
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def _replaced(table: Table, names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in table.primary_key.columns]


def _copy(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    frame: pd.DataFrame,
    existing: Existing,
) -> None:
    """Binary COPY; by way of a temporary table where existing rows are not refused."""
    names = ", ".join(f'"{column.name}"' for column in columns)
    target = table.name
    if existing != "refuse":
        target = f"incoming_{table.name}"
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {target} "
            f"(LIKE {table.name} INCLUDING DEFAULTS) ON COMMIT DROP"
        )
        connection.exec_driver_sql(f"TRUNCATE {target}")
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {target} ({names}) FROM STDIN (FORMAT BINARY)"
    dbapi: Any = connection.dialect.dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_postgresql_type(column) for column in columns])
            for row in _rows(connection, columns, frame):
                copy.write_row(row)
    except dbapi.Error as error:  # this road passes SQLAlchemy by, so it is translated here
        raise DBAPIError.instance(
            statement, None, error, dbapi.Error, hide_parameters=True, dialect=connection.dialect
        ) from error
    if existing == "refuse":
        return
    conflict = "DO NOTHING"
    if existing == "replace":
        keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
        changes = (
            f'"{name}" = excluded."{name}"' for name in _replaced(table, [c.name for c in columns])
        )
        conflict = f"({keys}) DO UPDATE SET {', '.join(changes)}"
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) "  # noqa: S608  # names of our own tables
        f"SELECT {names} FROM {target} ON CONFLICT {conflict}"
    )


def _postgresql_type(column: Column[Any]) -> str:
    kind = column.type
    if isinstance(kind, SmallInteger):
        return "int2"
    if isinstance(kind, types.BigInteger):
        return "int8"
    if isinstance(kind, types.Integer):
        return "int4"
    named = {
        Instant: "timestamptz",
        Boolean: "bool",
        Date: "date",
        LargeBinary: "bytea",
    }
    return next((name for t, name in named.items() if isinstance(kind, t)), "text")
