"""Whole frames in and out of the ledger by the fastest road each database offers."""

from collections.abc import Iterable, Iterator, Sequence
from operator import eq
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd
from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    FromClause,
    LargeBinary,
    Select,
    SmallInteger,
    Table,
    and_,
    bindparam,
    func,
    types,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

CHUNK = 50_000
MANY = 10_000
"""So many new rows make PostgreSQL's picture of a table wrong, and its plans with it."""

Existing = Literal["refuse", "skip", "replace"]

_READ_AS: list[tuple[type[types.TypeEngine[Any]], str]] = [
    (Boolean, "boolean"),
    (types.Integer, "Int64"),
    (Date, "datetime64[s]"),
    (types.Float, "Float64"),
]


def insert_frame(
    connection: Connection, table: Table, frame: pd.DataFrame, *, existing: Existing = "refuse"
) -> None:
    """Write a frame's columns into a table, in chunks.

    A row whose key is there already is refused with an IntegrityError, skipped, or, by its primary
    key, replaced.
    """
    columns = [table.c[str(name)] for name in frame.columns]
    on_postgresql = connection.dialect.name == "postgresql"
    write = _copy if on_postgresql else _execute
    for start in range(0, len(frame), CHUNK):
        write(connection, table, columns, frame.iloc[start : start + CHUNK], existing)
    if on_postgresql and len(frame) >= MANY:
        # Its own daemon looks only after the commit, and minutes later: until then it would take
        # the table for empty and join a million rows one by one.
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries of plain Python values; whatever is missing becomes ``None``."""
    lists = [_plain(frame[name]) for name in frame.columns]
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def read_frame(connection: Connection, query: Select[Any]) -> pd.DataFrame:
    """Run a query into a frame with a dtype per column type, also when it finds no row.

    Rows come in chunks and become columns at once, so that only one chunk is ever Python objects.
    """
    described = list(query.selected_columns)
    parts: list[list[pd.Series]] = [[] for _ in described]
    result = connection.execute(query, execution_options={"yield_per": CHUNK})
    for rows in result.partitions():
        for part, column, values in zip(parts, described, zip(*rows, strict=True), strict=True):
            part.append(pd.Series(values, dtype=_dtype(column)))
    return pd.DataFrame(
        {
            column.name: pd.concat(part, ignore_index=True)
            if part
            else pd.Series([], dtype=_dtype(column))
            for column, part in zip(described, parts, strict=True)
        }
    )


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


def _dtype(column: Any) -> Any:
    kind = column.type
    for sql_type, dtype in _READ_AS:
        if isinstance(kind, sql_type):
            required = dtype == "Int64" and getattr(column, "nullable", True) is False
            return "int64" if required else dtype
    if isinstance(kind, types.TypeDecorator) and isinstance(kind.impl, DateTime):
        return "datetime64[us, UTC]"
    return "object" if isinstance(kind, (LargeBinary, JSON)) else "str"


def _plain(series: pd.Series) -> list[Any]:
    """Python values; dates for days, aware datetimes for instants, ``None`` for what is missing."""
    values: list[Any]
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        moments = series.dt.tz_convert("UTC").astype(object)
        values = moments.where(series.notna(), None).tolist()
    elif series.dtype.kind == "M":
        values = series.to_numpy("datetime64[D]").astype(object).tolist()
    elif series.dtype == object:
        values = [None if _missing(value) else _python(value) for value in series]
    elif series.dtype.kind == "f":
        values = series.astype(object).where(series.notna(), None).tolist()
    else:
        values = series.array.to_numpy(object, na_value=None).tolist()
    return values


def _python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value


def _rows(
    connection: Connection, columns: Sequence[Column[Any]], frame: pd.DataFrame
) -> Iterable[tuple[Any, ...]]:
    """Rows as the driver wants them; the drivers see no SQLAlchemy type on these roads."""
    return zip(
        *(_for_driver(connection, column, frame[column.name]) for column in columns), strict=True
    )


def _for_driver(connection: Connection, column: Column[Any], series: pd.Series) -> list[Any]:
    if isinstance(column.type, JSON):
        return [None if v is None else orjson.dumps(v).decode() for v in _plain(series)]
    if isinstance(column.type, Date) and connection.dialect.name == "sqlite":
        return _iso_days(series)
    plain = _plain(series)
    processor = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return plain if processor is None else [processor(value) for value in plain]


def _iso_days(series: pd.Series) -> list[str | None]:
    # A column holds few days many times over, and writing one out is what takes time.
    days = pd.to_datetime(series).to_numpy("datetime64[D]")
    place, different = pd.factorize(days.astype("int64"))
    different = different.astype("datetime64[D]")
    texts = np.datetime_as_string(different).astype(object)
    texts[np.isnat(different)] = None
    written: list[str | None] = texts[place].tolist()
    return written


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
    connection.exec_driver_sql(str(compiled), list(_rows(connection, in_order, frame)))


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
    if isinstance(kind, types.TypeDecorator):
        return "timestamptz"
    named = {Boolean: "bool", Date: "date", LargeBinary: "bytea", JSON: "json"}
    return next((name for t, name in named.items() if isinstance(kind, t)), "text")
