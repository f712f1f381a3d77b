"""The order feed by day, counted in DuckDB: what its soundness and its drift are read from."""

from datetime import date, timedelta

import ibis
import pandas as pd

from care.domain.feed import FEED
from care.storage.history import bought_since, lines_by_day

NEW_FOR = timedelta(days=28)
"""A product counts as new for so long after its first sale."""


def read_feed(history: ibis.Table, *, since: date) -> pd.DataFrame:
    """Count the history by local day: columns of ``FEED``, one row a day with orders.

    Days before ``since`` are there with their lines alone, the rest of them 0.
    """
    every_day = lines_by_day(history)
    lately = bought_since(history, since)
    counted = lately.group_by("day").agg(
        orders=_each_once(lately).nunique(),
        customers=lately.customer_key.nunique(),
        items=lately.product_key.nunique(),
    )
    most = [
        _most(lately, "product_key", "product_lines"),
        _most(lately, "customer_key", "customer_lines"),
    ]
    firsts = history.group_by("product_key").agg(first=history.day.min())
    fresh = firsts.filter(firsts.first >= ibis.literal(since - NEW_FOR))
    sold = lately.inner_join(fresh, "product_key")
    new = sold.filter(sold.day < sold.first + ibis.interval(days=NEW_FOR.days))
    counted = counted.left_join(new.group_by("day").agg(new_lines=new.count()), "day").drop(
        "day_right"
    )
    for table in most:
        counted = counted.left_join(table, "day").drop("day_right")
    frame = counted.to_pyarrow().to_pandas()
    frame["day"] = frame["day"].astype("datetime64[s]")
    found = every_day.merge(frame, on="day", how="left")
    numbers = [name for name in FEED.dtypes if name != "day"]
    found[numbers] = found[numbers].fillna(0).astype("int64")
    return FEED.check(found[list(FEED.dtypes)])


def _each_once(lines: ibis.Table) -> ibis.Value:
    """An order of a customer: of two customers it is two."""
    return lines.customer_key.cast("string") + ":" + lines.order_id


def _most(lines: ibis.Table, by: str, name: str) -> ibis.Table:
    each = lines.group_by("day", by).agg(lines=lines.count())
    return each.group_by("day").agg(**{name: each.lines.max()})
