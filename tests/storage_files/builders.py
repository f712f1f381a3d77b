"""Histories small enough to write down line by line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from care.storage.history import SCHEMA, MonthFile, update_history
from care.storage.store import Store

DAY = datetime.fromisoformat


class Line(NamedTuple):
    """An order line; what a test does not speak of is always the same."""

    order: str
    day: str
    product: int = 10
    amount: int = 100
    customer: int = 1


def relation(lines: Sequence[Line]) -> ibis.Table:
    """Make an Ibis table of lines as the intake hands one over."""
    rows = [
        {
            "customer_key": line.customer,
            "product_key": line.product,
            "type_key": line.product + 1000,
            "order_id": line.order,
            "ordered_at": DAY(line.day).replace(hour=12, tzinfo=UTC),
            "day": DAY(line.day).date(),
            "quantity": 1.0,
            "amount_minor": line.amount,
        }
        for line in lines
    ]
    table = pa.Table.from_pylist(rows, schema=SCHEMA.to_pyarrow())
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    return connection.create_table("lines", ibis.memtable(table), temp=True)


def totals(lines: Sequence[Line]) -> pd.DataFrame:
    """Count lines by day, with a digest that does not depend on their order."""
    frame = pd.DataFrame(lines, columns=list(Line._fields))
    digest = pd.util.hash_pandas_object(frame, index=False).rename("digest")
    days = digest.groupby(pd.to_datetime(frame["day"]).astype("datetime64[s]"))
    return (
        days.agg([np.size, np.bitwise_xor.reduce])
        .reset_index()
        .set_axis(["day", "lines", "digest"], axis=1)
    )


def updated(
    store: Store, lines: Sequence[Line], previous: Sequence[MonthFile] = ()
) -> list[MonthFile]:
    """Put lines into a history."""
    return update_history(store, relation(lines), by_day=totals(lines), previous=previous)
