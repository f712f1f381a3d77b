"""Rows that a database answers take the same road as those of a file, and so do its mistakes."""

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine

from care.intake import database
from care.intake.customers import read_customers
from care.intake.sources import UnableToReadSources
from care.intake.taken import Taken
from tests.intake.builders import (
    NIGHT,
    a_shop_of_customers,
    issues_of,
    kept_lines,
    orders_of,
    some_orders,
)

SHANGHAI = "Asia/Shanghai"


def a_sqlite_file(folder: Path, *statements: str | tuple[str, Sequence[Any]]) -> Path:
    path = folder / "shop.db"
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(*([statement] if isinstance(statement, str) else statement))
    connection.close()
    return path


@pytest.fixture
def customers_db(tmp_path: Path) -> Path:
    """A folder with a SQLite file of three customers, one of them with text that is none."""
    insert = "INSERT INTO customers VALUES (?, ?, ?, CAST(? AS TEXT))"
    a_sqlite_file(
        tmp_path,
        "CREATE TABLE customers (customer_id, name, birthday, email)",
        (insert, (7, "王芳", "1987-03-05", "w@example.com")),
        (insert, (8.0, "Ann", None, b"\xff\xfe")),
        (insert, (None, "Bea", "--02-29", "nonsense")),
    )
    return tmp_path


@pytest.fixture
def server(postgresql_url: str) -> Iterator[str]:
    """The URL of a PostgreSQL database, empty."""
    url = postgresql_url.replace("postgresql://", "postgresql+psycopg://", 1)
    run_at(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    yield url
    run_at(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


def run_at(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def customers_from(folder: Path, **keys: Any) -> Taken:
    return read_customers(a_shop_of_customers(folder, **keys), night=NIGHT)


@pytest.mark.parametrize("asked", [{"table": "customers"}, {"query": "SELECT * FROM customers;"}])
def test_a_table_or_a_query_is_read_with_rows_numbered_as_they_come(customers_db: Path, asked):
    taken = customers_from(customers_db, url="sqlite:///shop.db", **asked)
    assert taken.kept[["customer_id", "name"]].to_numpy().tolist() == [["7", "王芳"]]
    rows = taken.set_aside[["file", "row", "reason"]].to_numpy().tolist()
    place = asked.get("table", "query")
    assert rows == [[place, 2, "undecodable"], [place, 3, "missing_key"]]
    assert taken.read == 3


def test_the_url_may_stand_in_the_environment(customers_db: Path, monkeypatch: pytest.MonkeyPatch):
    keys = {"url_env": "SHOP_DATABASE_URL", "table": "customers"}
    with pytest.raises(UnableToReadSources) as refused:
        customers_from(customers_db, **keys)
    assert "shop.toml:2: customers.url_env: the environment has no variable SHOP_DATABASE_URL" in (
        str(refused.value)
    )
    monkeypatch.setenv("SHOP_DATABASE_URL", "sqlite:///shop.db")
    assert len(customers_from(customers_db, **keys).kept) == 1


def test_chunks_are_joined_into_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "CHUNK", 3)
    a_sqlite_file(
        tmp_path,
        "CREATE TABLE customers AS "
        + " UNION ALL ".join(
            f"SELECT {n} AS customer_id, 'x' AS region, {'NULL' if n < 5 else repr('Ann')} AS name"
            for n in range(10)
        ),
    )
    taken = customers_from(tmp_path, url="sqlite:///shop.db", table="customers")
    assert taken.kept["customer_id"].tolist() == [str(n) for n in range(10)]
    assert taken.kept["name"].tolist() == [""] * 5 + ["Ann"] * 5


VALUES = [
    (7, "7"),
    (True, "true"),
    (7.0, "7"),
    (1.115, "1.115"),
    (1e300, "1e+300"),
    (float("nan"), "nan"),
    (Decimal("1E+2"), "100"),
    (Decimal("12.30"), "12.30"),
    ("王芳", "王芳"),
    ("", ""),
    (None, None),
    (dt.date(1987, 3, 5), "1987-03-05"),
    (dt.datetime(2017, 3, 5, 18, 30), "2017-03-05 18:30:00"),  # noqa: DTZ001
    (dt.datetime(2017, 3, 5, 18, 30, tzinfo=dt.UTC), "2017-03-06 02:30:00+08:00"),
    (dt.datetime(2017, 3, 5, tzinfo=ZoneInfo("America/New_York")), "2017-03-05 13:00:00+08:00"),
    (dt.time(18, 30), "18:30:00"),
    (b"abc", "abc"),
    (memoryview("é".encode()), "é"),
    ({"a": 1}, "{'a': 1}"),
]


@pytest.mark.parametrize(
    ("value", "written"), VALUES, ids=[type(value).__name__ for value, _ in VALUES]
)
def test_a_value_is_written_as_a_person_would(value, written):
    assert database._texts([value, None], SHANGHAI) == [written, None]
    assert database._texts([value, "text"], SHANGHAI) == [written, "text"]


def test_postgresql_is_read_with_what_only_it_knows(server: str, tmp_path: Path):
    run_at(
        server,
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.customers (customer_id bigint, name text, birthday date,"
        " joined_on timestamptz, email_consent boolean)",
        "INSERT INTO sales.customers VALUES"
        " (1, 'Ann', '1987-03-05', '2015-05-31 18:00+00', true),"
        " (2, 'Bea', '-infinity', 'infinity', false),"
        " (3, 'Cy', '0044-03-15 BC', '1900-01-01 00:00+08', NULL)",
    )
    keys = {"url": server, "table": "sales.customers", "timezone": SHANGHAI}
    taken = customers_from(tmp_path, **keys)
    assert taken.kept["email_consent"].tolist() == [True, False, False]
    assert taken.kept["birth_day"].tolist()[0] == 5
    assert taken.kept["joined_on"].astype("str").tolist()[0] == "2015-06-01"
    assert issues_of(taken) == [
        ("birthday", "bad_date", "field"),
        ("joined_on", "bad_date", "field"),
        ("birthday", "bad_date", "field"),
        ("joined_on", "sentinel_date", "field"),
    ]
    run_at(server, "DROP SCHEMA sales CASCADE")


def test_orders_are_the_same_from_postgresql_as_from_parquet(server: str, tmp_path: Path):
    orders = some_orders(
        quantity=[1.0, 0.5, -1.0, 2.0],
        amount=[1.115, 9.99, 1.0, float("nan")],
        ordered_at=[dt.datetime(2017, 11, 5, 12, n) for n in range(4)],  # noqa: DTZ001
    )
    from_files = orders_of(tmp_path, orders)
    run_at(
        server,
        "CREATE TABLE orders (order_id text, customer_id text, product_id text,"
        " quantity float8, amount float8, ordered_at timestamp)",
        *(
            f"INSERT INTO orders VALUES ('{o}', '{c}', '{p}', {q}, '{a}', '{t}')"
            for o, c, p, q, a, t in zip(*orders.values(), strict=True)
        ),
    )
    columns = "'100%' AS share, to_char(ordered_at, 'HH24:MI:SS') AS clock, o.*"  # no parameters
    said = {
        "orders": {
            "path": None,
            "url": server.replace("postgresql+psycopg://", "postgresql://"),
            "query": f"WITH o AS (SELECT * FROM orders) SELECT {columns} FROM o ORDER BY order_id;",
        }
    }
    from_database = orders_of(tmp_path, orders, say=said)
    assert kept_lines(from_database).equals(kept_lines(from_files))
    assert from_database.rows_set_aside == from_files.rows_set_aside
    assert from_database.set_aside["row"].tolist() == from_files.set_aside["row"].tolist()


def test_a_query_can_write_nothing(server: str, tmp_path: Path):
    run_at(server, "CREATE SEQUENCE numbers")
    with pytest.raises(UnableToReadSources, match="read-only transaction"):
        customers_from(tmp_path, url=server, query="SELECT setval('numbers', 7) AS customer_id")


SQLITE = "sqlite:///shop.db"


@pytest.mark.parametrize(
    ("keys", "place", "problem", "remedy"),
    [
        ({"url": "nonsense", "table": "t"}, "url", "no SQLAlchemy URL", "postgresql+psycopg://"),
        ({"url": "nosql://host/x", "table": "t"}, "url", "knows no nosql", "install the package"),
        (
            {"url": "mysql+pymysql://ann:secret@host/x", "table": "t"},
            "url",
            "the driver pymysql is not installed",
            "Install it beside nightcare",
        ),
        (
            {"url": "postgresql://ann:secret@127.0.0.1:1/x", "table": "t"},
            "url",
            "onnection",
            "Start the database, or correct the URL",
        ),
        (
            {"url": "postgresql+psycopg://ann:secret@host/x?nonsense=1", "table": "t"},
            "url",
            "nonsense",
            "correct the URL",
        ),
        ({"url": "sqlite:///no.db", "table": "t"}, "url", "there is no file", "Correct the path"),
        ({"url": "sqlite://", "table": "t"}, "url", "there is no file", "Correct the path"),
        (
            {"url": SQLITE, "table": "clients"},
            "table",
            "there is no table 'clients'",
            "name one of customers",
        ),
        (
            {"url": SQLITE, "query": "SELECT shoe FROM customers"},
            "query",
            "no such column: shoe",
            "Correct the query",
        ),
        ({"url": SQLITE, "query": "SELEKT"}, "query", "syntax error", "Correct the query"),
        (
            {"url": SQLITE, "query": "SELECT 1 AS a, 2 AS a"},
            "query",
            "two columns called 'a'",
            "with AS",
        ),
        (
            {"url": SQLITE, "query": "CREATE TABLE t (a)"},
            "query",
            "readonly database",
            "Correct the query",
        ),
        ({"url": SQLITE, "query": "PRAGMA no_such"}, "query", "no rows", "begins with SELECT"),
        (
            {"url": SQLITE, "query": "SELECT name FROM customers"},
            "columns.customer_id",
            "there is no column 'customer_id' in query",
            "name one of name",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_remedy(
    customers_db: Path, keys: dict[str, str], place: str, problem: str, remedy: str
):
    with pytest.raises(UnableToReadSources) as refused:
        customers_from(customers_db, **keys)
    message = str(refused.value)
    assert f"{customers_db / 'shop.toml'}:" in message
    assert f"customers.{place}: " in message
    assert problem in message
    assert remedy in message
    assert "secret" not in message


def test_a_database_that_breaks_off_quotes_no_data(server: str, tmp_path: Path):
    run_at(server, "CREATE TABLE customers AS SELECT 'Ann Lee' AS customer_id")
    with pytest.raises(UnableToReadSources) as refused:
        customers_from(
            tmp_path,
            url=server,
            query="SELECT CAST(customer_id AS int) AS customer_id FROM customers",
        )
    assert "Cast its column to text" in str(refused.value)
    assert "Ann" not in str(refused.value)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({}, "in one of path, url and url_env"),
        ({"path": "x.csv", "url": "sqlite:///x"}, "in one of path, url and url_env"),
        ({"url": "sqlite:///x"}, "in one of table and query"),
        ({"url": "sqlite:///x", "table": "t", "query": "q"}, "in one of table and query"),
        ({"path": "x.csv", "table": "t"}, "table means nothing here"),
        ({"url": "sqlite:///x", "table": "t", "encoding": "utf-8"}, "encoding means nothing here"),
        ({"path": "x", "format": "parquet", "delimiter": ";"}, "delimiter means nothing here"),
        ({"path": "x", "encoding": "latin-1"}, "'utf-8' or 'gb18030'"),
        ({"path": "x", "format": "xlsx"}, "'parquet' or 'csv'"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(tmp_path: Path, keys, problem):
    with pytest.raises(UnableToReadSources, match=problem):
        a_shop_of_customers(tmp_path, **({"path": None} | keys))
