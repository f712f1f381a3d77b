"""Whole frames in and out of the ledger by the fastest road each database offers."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any

import numpy as np
import orjson
import pandas as pd
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    Select,
    SmallInteger,
    Table,
    types,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

CHUNK = 50_000

_READ_AS: list[tuple[type[types.TypeEngine[Any]], str]] = [
    (Boolean, "boolean"),
    (types.Integer, "Int64"),
    (Date, "datetime64[s]"),
    (types.Float, "Float64"),
]


def insert_frame(
    connection: Connection, table: Table, frame: pd.DataFrame, *, skip_existing: bool = False
) -> None:
    """Write a frame's columns into a table, in chunks.

    Columns of the frame that the table lacks are refused. ``skip_existing`` leaves rows alone that
    a unique key already holds; without it, such a row is an error.
    """
    columns = [table.c[str(name)] for name in frame.columns]
    for start in range(0, len(frame), CHUNK):
        rows = _rows(connection, columns, frame.iloc[start : start + CHUNK])
        if connection.dialect.name == "postgresql":
            _copy(connection, table, columns, rows, skip_existing)
        else:
            _execute(connection, table, columns, rows, skip_existing)


def replace_rows(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    """Write rows, replacing those with the same primary key."""
    keys = [column.name for column in table.primary_key]
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=keys,
        set_={str(n): statement.excluded[str(n)] for n in frame.columns if n not in keys},
    )
    for start in range(0, len(frame), CHUNK):
        connection.execute(statement, records(frame.iloc[start : start + CHUNK]))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries of plain Python values; whatever is missing becomes ``None``."""
    lists = [_plain(frame[name]) for name in frame.columns]
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def read_frame(connection: Connection, query: Select[Any]) -> pd.DataFrame:
    """Run a query into a frame with a dtype per column type, also when it finds no row."""
    result = connection.execute(query)
    fetched = result.fetchall()
    by_column = list(zip(*fetched, strict=True)) if fetched else [()] * len(result.keys())
    described = query.selected_columns
    return pd.DataFrame(
        {
            column.name: pd.Series(list(values), dtype=_dtype(column))
            for column, values in zip(described, by_column, strict=True)
        }
    )


def _dtype(column: Any) -> str:
    kind = column.type
    for sql_type, dtype in _READ_AS:
        if isinstance(kind, sql_type):
            required = dtype == "Int64" and getattr(column, "nullable", True) is False
            return "int64" if required else dtype
    if isinstance(kind, types.TypeDecorator) and isinstance(kind.impl, DateTime):
        return "datetime64[us, UTC]"
    return "object" if isinstance(kind, (LargeBinary, JSON)) else "str"


def _plain(series: pd.Series) -> list[Any]:
    missing = series.isna().to_numpy()
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        plain = list(series.dt.tz_convert(UTC).dt.to_pydatetime())
    elif series.dtype.kind == "M":
        plain = list(series.dt.date)
    else:
        plain = series.astype(object).tolist()
    plain = [value.item() if isinstance(value, np.generic) else value for value in plain]
    for position in np.flatnonzero(missing):
        plain[position] = None
    return plain


def _rows(
    connection: Connection, columns: Sequence[Column[Any]], frame: pd.DataFrame
) -> Iterable[tuple[Any, ...]]:
    """Rows as the driver wants them; the drivers see no SQLAlchemy type on these roads."""
    return zip(
        *(_for_driver(connection, column, _plain(frame[str(column.name)])) for column in columns),
        strict=True,
    )


def _for_driver(connection: Connection, column: Column[Any], plain: list[Any]) -> list[Any]:
    if isinstance(column.type, JSON):
        return [None if v is None else orjson.dumps(v).decode() for v in plain]
    processor = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return plain if processor is None else [processor(value) for value in plain]


def _execute(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    rows: Iterable[tuple[Any, ...]],
    skip_existing: bool,
) -> None:
    statement = sqlite.insert(table)
    if skip_existing:
        statement = statement.on_conflict_do_nothing()
    compiled = statement.compile(
        dialect=connection.dialect, column_keys=[column.name for column in columns]
    )
    order = [str(name) for name in compiled.positiontup or ()]
    at = [[column.name for column in columns].index(name) for name in order]
    if at == list(range(len(at))):
        connection.exec_driver_sql(str(compiled), list(rows))
    else:
        connection.exec_driver_sql(
            str(compiled), [tuple(row[position] for position in at) for row in rows]
        )


def _copy(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    rows: Iterable[tuple[Any, ...]],
    skip_existing: bool,
) -> None:
    """Binary COPY; by way of a temporary table where existing rows must be skipped."""
    names = ", ".join(f'"{column.name}"' for column in columns)
    target = table.name
    if skip_existing:
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
            for row in rows:
                copy.write_row(row)
    except dbapi.Error as error:  # this road passes SQLAlchemy by, so it is translated here
        raise DBAPIError.instance(
            statement, None, error, dbapi.Error, hide_parameters=True, dialect=connection.dialect
        ) from error
    if skip_existing:
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) "  # noqa: S608  # names of our own tables
            f"SELECT {names} FROM {target} ON CONFLICT DO NOTHING"
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
