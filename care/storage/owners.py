"""Who owns what, aggregated in DuckDB: only pairs that some rule may ask for leave it."""

from datetime import date, timedelta

import ibis
import pandas as pd
import pyarrow as pa

from care.domain.owned import OWNED, WARRANTY_HORIZON_DAYS, worth_owning
from care.storage.history import fetch


def read_owned(history: ibis.Table, products: pd.DataFrame, *, night: date) -> pd.DataFrame:
    """Last purchase day per customer and product, of the products that a rule may ask for.

    ``history``: the lines as of the night. ``products``: columns of ``CATALOGUE``. Returns the
    columns of ``OWNED``, by customer and product. Of a product that has only a warranty, pairs
    whose warranty is over, or ends further ahead than ``WARRANTY_HORIZON_DAYS``, are left where
    they are.
    """
    wanted = worth_owning(products)
    if wanted.empty:
        return OWNED.empty()
    named = ibis.memtable(
        pa.table(
            {
                "asked": pa.array(wanted["product_key"], pa.int64()),
                "sold_as": pa.array(wanted["type_key"], pa.int64()),
                "flagged_on": pa.array(wanted["flagged_on"].dt.date, pa.date32()),
                "warranty_days": pa.array(wanted["warranty_days"], pa.int64()),
                "warranty_alone": pa.array(wanted["warranty_alone"], pa.bool_()),
            }
        )
    )
    lines = history.inner_join(named, history.product_key == named.asked)
    pairs = lines.group_by("customer_key", "product_key", "sold_as").agg(
        bought_on=lines.day.max(),
        affected_on=lines.day.max(where=lines.day <= lines.flagged_on),
        warranty_days=lines.warranty_days.max(),
        warranty_alone=lines.warranty_alone.any(),
    )
    horizon = timedelta(days=WARRANTY_HORIZON_DAYS)
    ends = pairs.bought_on + pairs.warranty_days.as_interval("D")
    near = ends.cast("date").between(ibis.literal(night), ibis.literal(night + horizon))
    pairs = pairs.filter(~pairs.warranty_alone | near)
    found = pairs.mutate(type_key=pairs.sold_as).select(*OWNED.dtypes)
    return fetch(found.order_by("customer_key", "product_key"), OWNED)
