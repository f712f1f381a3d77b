"""Who bought what, of the customers that are asked for alone, aggregated in DuckDB."""

from datetime import date, timedelta

import ibis
import pandas as pd
import pyarrow as pa

from care.domain.setaside import Columns
from care.storage.history import bought_since, fetch

JUST_BOUGHT = Columns(
    "just_bought",
    {"customer_key": "int64", "product_key": "int64", "bought_on": "datetime64[s]"},
)
"""One row per customer and product that her household bought lately, with the last day."""

TYPES_BOUGHT = Columns(
    "types_bought", {"customer_key": "int64", "type_key": "int64", "bought_on": "datetime64[s]"}
)
"""One row per customer and type that her household bought lately, with the last day."""

DAYS_OF_HOMES = Columns(
    "days_of_homes",
    {"home_key": "int64", "type_key": "int64", "day": "datetime64[s]"},
)
"""One row per home, type and day on which anybody who lives there bought of it."""

WEEKLY = Columns("weekly", {"type_key": "int64", "weeks_ago": "int64", "purchases": "int64"})
"""One row per type and week, 0 being the last seven days."""

SEGMENT_COUNTS = Columns(
    "segment_counts",
    {"segment": "int64", "item": "int64", "weight": "int64", "buyers": "int64"},
)


def just_bought(history: ibis.Table, members: pd.DataFrame, *, since: date) -> pd.DataFrame:
    """What customers' households bought from a day on; columns of ``JUST_BOUGHT``.

    ``members``: ``customer_key`` (who is asked about), ``member_key`` (whose purchases count).
    """
    found = _bought_by(history, members, "product_key", since=since)
    return fetch(found.order_by("customer_key", "product_key"), JUST_BOUGHT)


def _bought_by(history: ibis.Table, members: pd.DataFrame, what: str, *, since: date) -> ibis.Table:
    asked = ibis.memtable(
        pa.table(
            {
                "asked": pa.array(members["customer_key"], pa.int64()),
                "member": pa.array(members["member_key"], pa.int64()),
            }
        )
    )
    lately = bought_since(history, since)
    lines = lately.inner_join(asked, lately.customer_key == asked.member)
    return lines.group_by(customer_key=lines.asked, **{what: lines[what]}).agg(
        bought_on=lines.day.max()
    )


def types_bought(history: ibis.Table, members: pd.DataFrame, *, since: date) -> pd.DataFrame:
    """Of which types customers' households bought from a day on; columns of ``TYPES_BOUGHT``.

    ``members``: as of ``just_bought``.
    """
    found = _bought_by(history, members, "type_key", since=since)
    return fetch(found.order_by("customer_key", "type_key"), TYPES_BOUGHT)


def days_of_homes(history: ibis.Table, homes: pd.DataFrame) -> pd.DataFrame:
    """On which days the members of each home bought which type; columns of ``DAYS_OF_HOMES``.

    ``homes``: ``customer_key, home_key``. Each row is there once, however many bought.
    """
    if homes.empty:
        return DAYS_OF_HOMES.empty()
    members = ibis.memtable(
        pa.table(
            {
                "member": pa.array(homes["customer_key"], pa.int64()),
                "home_key": pa.array(homes["home_key"], pa.int64()),
            }
        )
    )
    lines = history.inner_join(members, history.customer_key == members.member)
    days = lines.select("home_key", "type_key", "day").distinct()
    return fetch(days.order_by("home_key", "type_key", "day"), DAYS_OF_HOMES)


def sales_by_week(history: ibis.Table, *, night: date, weeks: int) -> pd.DataFrame:
    """On how many customers' days each type was bought, week by week; columns of ``WEEKLY``."""
    lately = bought_since(history, night - timedelta(weeks=weeks))
    days = lately.select("customer_key", "type_key", "day").distinct()
    age = ibis.literal(night - timedelta(days=1)).delta(days.day, unit="day")
    found = days.group_by("type_key", weeks_ago=(age // 7).cast("int64")).agg(
        purchases=days.count()
    )
    return fetch(found.order_by("type_key", "weeks_ago"), WEEKLY)


def bought_of_each(history: ibis.Table) -> pd.Series:
    """Order lines of each product, by key."""
    found = history.group_by("product_key").agg(lines=history.count()).order_by("product_key")
    counted = found.to_pyarrow().to_pandas()
    lines: pd.Series = counted.set_index("product_key")["lines"].astype("int64")
    return lines


def of_customers(history: ibis.Table, customers: pd.Series) -> ibis.Table:
    """The lines of some customers (keys) alone."""
    keys = pa.table({"customer_key": pa.array(customers.unique(), pa.int64())})
    return history.semi_join(ibis.memtable(keys), "customer_key")


def who_ever_bought(history: ibis.Table, customers: pd.Series) -> pd.Series:
    """The keys among these of customers who ever bought anything."""
    lines = of_customers(history, customers).select("customer_key").distinct()
    keys: pd.Series = lines.to_pyarrow().to_pandas()["customer_key"]
    return keys


def count_segments(
    history: ibis.Table,
    members: pd.DataFrame,
    *,
    night: date,
    days: int,
    half_life_days: float,
    unit: int,
    everybody: int,
) -> pd.DataFrame:
    """Orders and buyers of each item in each segment; columns of ``SEGMENT_COUNTS``.

    ``members``: ``customer_key, segment``; a customer may be in several. An order of the last
    ``days`` counts ``unit`` the day before the night and half of it after ``half_life_days``, in
    whole numbers, whose sum is the same in any order. ``everybody``: the segment of all customers.
    """
    of = ibis.memtable(
        pa.table(
            {
                "member": pa.array(members["customer_key"], pa.int64()),
                "segment": pa.array(members["segment"], pa.int64()),
            }
        )
    )
    recent = bought_since(history, night - timedelta(days=days))
    lines = recent.group_by("customer_key", "order_id", item=recent.product_key).agg(
        day=recent.day.max()
    )
    age = (ibis.literal(night).delta(lines.day, unit="day") - 1).cast("float64")
    weighed = lines.mutate(
        weight=(ibis.literal(2.0) ** (-age / half_life_days) * unit).round().cast("int64")
    ).select("customer_key", "item", "weight")
    inside = weighed.inner_join(of, weighed.customer_key == of.member).select(
        "customer_key", "item", "weight", "segment"
    )
    all_of_them = weighed.mutate(segment=ibis.literal(everybody, "int64"))
    both = inside.union(all_of_them.select("customer_key", "item", "weight", "segment"))
    found = both.group_by("segment", "item").agg(
        weight=both.weight.sum().cast("int64"), buyers=both.customer_key.nunique()
    )
    return fetch(found.order_by("segment", "item"), SEGMENT_COUNTS)
