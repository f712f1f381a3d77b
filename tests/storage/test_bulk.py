"""Whole frames go in and out of the ledger as they are; on SQLite and PostgreSQL."""

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from care.storage.bulk import MANY, insert_frame, read_frame, records
from care.storage.database import writing
from care.storage.tables import (
    product_types,
)


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


def test_postgresql_knows_at_once_how_much_was_written(engine):
    many = pd.DataFrame({"type_key": np.arange(MANY)}).assign(
        product_type=lambda frame: frame["type_key"].astype("str")
    )
    with writing(engine) as connection:
        insert_frame(connection, product_types, many)
        if engine.dialect.name != "postgresql":
            return  # SQLite plans without counting
        counted = "SELECT reltuples FROM pg_class WHERE oid = 'product_types'::regclass"
        assert connection.exec_driver_sql(counted).scalar_one() == MANY
