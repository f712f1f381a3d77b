"""What the purchases of some months come to, added up in DuckDB for whom a letter is due."""

import ibis
import pandas as pd
import pyarrow as pa

from care.domain.look_back import LOOKED_BACK, Period
from care.storage.history import fetch


def read_looked_back(
    history: ibis.Table, products: pd.DataFrame, period: Period | None
) -> pd.DataFrame:
    """How often each customer came, and what she chose most often of what letters may name.

    ``history``: the lines as of the night. ``products``: columns of ``CATALOGUE``. Returns the
    columns of ``LOOKED_BACK``, by customer: only those of the period's places with visits enough.
    Most often is on most days; then what she bought last, then the lower key.
    """
    if period is None:
        return LOOKED_BACK.empty()
    place = history.customer_key % period.spread_days
    lines = history.filter(
        history.day >= ibis.literal(period.begins),
        history.day < ibis.literal(period.ends),
        place.isin(period.places),
    )
    came = lines.group_by("customer_key").agg(visits=lines.day.nunique())
    came = came.filter(came.visits >= period.min_visits)
    sayable = products.loc[products["sayable"], "product_key"]
    named = ibis.memtable(pa.table({"product_key": pa.array(sayable, pa.int64())}))
    chosen = lines.semi_join(came, "customer_key").semi_join(named, "product_key")
    counted = chosen.group_by("customer_key", "product_key").agg(
        times=chosen.day.nunique(), last=chosen.day.max()
    )
    ranked = counted.mutate(
        rank=ibis.row_number().over(
            group_by=counted.customer_key,
            order_by=[counted.times.desc(), counted.last.desc(), counted.product_key],
        )
    )
    first = ranked.filter(ranked["rank"] == 0)
    joined = came.left_join(first, "customer_key")
    return fetch(joined.select(*LOOKED_BACK.dtypes).order_by("customer_key"), LOOKED_BACK)
