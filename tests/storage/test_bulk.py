"""Whole frames go in and out of the ledger as they are; on SQLite and PostgreSQL."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from care.storage.bulk import MANY, insert_frame, read_frame, records
from care.storage.database import writing
from care.storage.tables import customers, identities, product_types, suppressions


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([1, None], dtype="Int16"),
        pd.Series(["a", None], dtype="str"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series([1.5, np.nan]),
        pd.Series([pd.Timestamp("2017-11-14"), pd.NaT]),
        pd.Series([pd.Timestamp("2017-11-14", tz="UTC"), pd.NaT]),
        pd.Series([b"x", None]),
        pd.Series([np.int64(1), np.nan], dtype="object"),
    ],
    ids=lambda series: str(series.dtype),
)
def test_plain_rows_hold_python_values_and_none(series):
    there, missing = (row["value"] for row in records(series.to_frame("value")))
    assert missing is None
    assert not isinstance(there, np.generic)


def test_a_frame_survives_the_way_there_and_back(engine):
    frame = pd.DataFrame(
        {
            "type_key": np.arange(3),
            "product_type": pd.Series(["a", "b\n'\"", "茶 🍵 \u202e"], dtype="str"),
        }
    )
    with writing(engine) as connection:
        insert_frame(connection, product_types, frame)
        back = read_frame(connection, select(product_types).order_by(product_types.c.type_key))
    pd.testing.assert_frame_equal(back, frame)


def a_moment(*parts: int) -> pd.Series:
    return pd.Series([datetime(*parts, tzinfo=UTC), None], dtype="datetime64[us, UTC]")


@pytest.mark.parametrize(
    ("table", "frame"),
    [
        (
            suppressions,
            pd.DataFrame(
                {
                    "suppression_id": [1, 2],
                    "customer_key": pd.Series([1, None], dtype="Int64"),
                    "channel": pd.Series(["", None], dtype="str"),
                    "reason": 'it\'s "so",\n\\. and so',
                    "since": [datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)] * 2,
                    "until": a_moment(2017, 11, 14, 6),
                    "note": pd.Series([b"\x00\xff", None], dtype="object"),
                }
            ),
        ),
        (
            identities,
            pd.DataFrame(
                {
                    "customer_key": [1, 2],
                    "customer_id": ["a", "b"],
                    "data_key": [b"k", b"l"],
                    "birth_day": pd.Series([29, None], dtype="Int16"),
                    "birth_leap": pd.Series([True, None], dtype="boolean"),
                    "wedding_on": pd.Series([np.datetime64("1583-01-01"), None], dtype="M8[s]"),
                    "locale": "en",
                    "timezone": "UTC",
                }
            ),
        ),
    ],
    ids=lambda told: getattr(told, "name", ""),
)
def test_frames_and_single_rows_mean_the_same_values(engine, table, frame):
    with writing(engine) as connection:
        known = pd.DataFrame({"customer_key": [1, 2], "customer_ref": ["x", "y"]})
        insert_frame(connection, customers, known.assign(first_night=date(2017, 11, 14)))
        insert_frame(connection, table, frame)
        columns = [table.c[name] for name in frame.columns]
        one_by_one = connection.execute(select(*columns).order_by(*table.primary_key)).all()
        at_once = read_frame(connection, select(*columns).order_by(*table.primary_key))
    told = [tuple(row.values()) for row in records(frame)]
    assert [tuple(row) for row in one_by_one] == told
    assert [tuple(row.values()) for row in records(at_once)] == told


def test_a_moment_without_a_zone_is_refused(engine):
    frame = pd.DataFrame(
        {
            "reason": ["asked"],
            "since": pd.Series([datetime.fromisoformat("2017-11-14")], dtype=object),
        }
    )
    with (
        pytest.raises((ValueError, StatementError), match="no time zone"),
        writing(engine) as connection,
    ):
        insert_frame(connection, suppressions, frame)


def test_rows_that_exist_are_skipped_or_replaced_as_asked(engine):
    one = pd.DataFrame({"type_key": [1], "product_type": ["tea"]})
    both = pd.DataFrame({"type_key": [1, 2], "product_type": ["coffee", "milk"]})
    with writing(engine) as connection:
        insert_frame(connection, product_types, one)
        insert_frame(connection, product_types, both, existing="skip")
        named = select(product_types.c.product_type).order_by(product_types.c.type_key)
        assert connection.scalars(named).all() == ["tea", "milk"]
        insert_frame(connection, product_types, both, existing="replace")
        assert connection.scalars(named).all() == ["coffee", "milk"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_knows_at_once_how_much_was_written(engine):
    many = pd.DataFrame({"type_key": np.arange(MANY)}).assign(
        product_type=lambda frame: frame["type_key"].astype("str")
    )
    with writing(engine) as connection:
        insert_frame(connection, product_types, many)
        assert known_of(connection) == MANY


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_looks_again_only_when_a_tenth_is_new(engine):
    many = pd.DataFrame({"type_key": np.arange(25 * MANY)}).assign(
        product_type=lambda frame: frame["type_key"].astype("str")
    )
    with writing(engine) as connection:
        insert_frame(connection, product_types, many[: 20 * MANY])
        insert_frame(connection, product_types, many[20 * MANY : 21 * MANY])
        assert known_of(connection) == 20 * MANY
        insert_frame(connection, product_types, many[21 * MANY :])
        assert known_of(connection) > 20 * MANY


def known_of(connection):
    counted = "SELECT reltuples FROM pg_class WHERE oid = 'product_types'::regclass"
    return connection.exec_driver_sql(counted).scalar_one()
