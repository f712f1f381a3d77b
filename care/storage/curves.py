"""Sales curves of all products and interests in new ones, each in one pass over the history."""

from datetime import date, timedelta

import ibis
import pandas as pd
import pyarrow as pa

from care.domain.curve import CURVES, WEEKS
from care.domain.interest import (
    INTERESTS,
    KEPT,
    LOOKS_BACK_DAYS,
    alike,
    keenness,
    new_products,
)
from care.storage.history import bought_since, fetch


def read_curves(history: ibis.Table, *, night: date) -> pd.DataFrame:
    """Each product's first and last sale and the shape of its last weeks; columns of ``CURVES``."""
    days_ago = ibis.literal(night).delta(history.day, unit="day") - 1
    week = (days_ago // 7).cast("int64")
    recent = week < WEEKS
    found = history.group_by("product_key").agg(
        first_day=history.day.min(),
        last_day=history.day.max(),
        lines=history.count(),
        recent=recent.sum(),
        weeks_ago=ibis.coalesce(week.sum(where=recent), 0),
        squares=ibis.coalesce((week * week).sum(where=recent), 0),
    )
    return fetch(found.order_by("product_key"), CURVES)


def read_interests(
    history: ibis.Table, products: pd.DataFrame, pinned: pd.DataFrame, *, night: date
) -> pd.DataFrame:
    """Who bought of the types and categories of new products lately; columns of ``INTERESTS``.

    ``products``: columns of ``CATALOGUE``. ``pinned``: ``product_key, type_key, category``. Who
    bought the new product itself is left out.
    """
    new = new_products(products, night=night)
    if new.empty:
        return INTERESTS.empty()
    pairs = alike(new, pinned)
    named = ibis.memtable(
        pa.table(
            {
                "sold_key": pa.array(pairs["product_key"], pa.int64()),
                "new_key": pa.array(pairs["new_key"], pa.int64()),
                "same_type": pa.array(pairs["same_type"], pa.bool_()),
            }
        )
    )
    lately = bought_since(history, night - timedelta(days=LOOKS_BACK_DAYS))
    lines = lately.inner_join(named, lately.product_key == named.sold_key)
    days = lines.group_by("customer_key", "new_key", "day").agg(
        of_type=lines.same_type.any(), has_it=(lines.sold_key == lines.new_key).any()
    )
    each = days.group_by("customer_key", "new_key").agg(
        type_days=days.of_type.sum(), category_days=days.count(), has_it=days.has_it.any()
    )
    wanting = each.filter(~each.has_it)
    points = keenness(wanting.type_days, wanting.category_days)
    place = ibis.row_number().over(
        group_by=wanting.new_key, order_by=[points.desc(), wanting.customer_key]
    )
    kept = wanting.mutate(place=place).filter(lambda row: row.place < KEPT)
    found = kept.mutate(product_key=kept.new_key).select(*INTERESTS.dtypes)
    return fetch(found.order_by("product_key", "customer_key"), INTERESTS)
