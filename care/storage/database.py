"""The ledger's database: how a connection is opened, and when a transaction really begins."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_SECONDS = 60
CACHE_MIB = 256
"""At most so much memory holds pages of a SQLite file. In SQLite's own 2 MiB keys that come in no
order push each other out, and the same pages are written to the log many times over."""


class UnableToOpenLedger(Exception):
    """The ledger's database cannot be opened, or its schema is not the one this version needs."""


def open_engine(url: str | URL) -> Engine:
    """Open an engine that keeps no idle connections, so that forked workers share none.

    SQLite: WAL, foreign keys, and every transaction takes the write lock as it begins; otherwise
    two writers that both read first lose updates or fail as locked.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            _make_for_owner_only(Path(parsed.database))
        engine = create_engine(parsed, poolclass=NullPool)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        kind = str(url).partition(":")[0]  # the rest may hold a password
        raise UnableToOpenLedger(
            f"{kind}:…: {error}. Use sqlite:///FILE, or postgresql+psycopg://… with the extra "
            "'postgresql' installed."
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediately)
    return engine


def _make_for_owner_only(path: Path) -> None:
    """The file holds names and addresses, so nobody else on the machine may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if str(path) != ":memory:":
        path.touch(mode=0o600)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}")
    _keep_a_wal(connection)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA cache_size=-{CACHE_MIB * 1024}")


def _keep_a_wal(connection: sqlite3.Connection) -> None:
    """Of several that open a new file at once one changes its mode; the others wait for it.

    SQLite doesn't wait by itself: whoever turns a lock for reading into one for writing is refused
    at once, as two that did so would wait for each other.
    """
    latest = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > latest:
                raise
            time.sleep(0.01)


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql(
        connection.get_execution_options().get("care_begin", "BEGIN IMMEDIATE")
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one consistent state and takes no write lock."""
    options: dict[str, Any] = {"care_begin": "BEGIN DEFERRED"}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def lock_table(connection: Connection, table: Table) -> None:
    """Keep others from writing a table until the transaction ends, so that keys are given once.

    SQLite has locked everything already as the transaction began.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: all of it is kept, or nothing."""
    with engine.begin() as connection:
        yield connection
