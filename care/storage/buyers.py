"""Who bought what lately, aggregated in DuckDB: only pairs that are asked for leave it."""

from datetime import date

import ibis
import pandas as pd
import pyarrow as pa

from care.domain.event import BOUGHT
from care.storage.history import bought_since, fetch


def bought_lately(history: ibis.Table, asked: pd.DataFrame, *, since: date) -> pd.DataFrame:
    """Last purchase day of the pairs asked for (``customer_key, type_key``), from a day on.

    Returns the columns of ``BOUGHT``, by customer and type; pairs not bought since are not there.
    """
    if asked.empty:
        return BOUGHT.empty()
    pairs = asked[["customer_key", "type_key"]].drop_duplicates()
    wanted = ibis.memtable(pa.Table.from_pandas(pairs, preserve_index=False))
    lines = bought_since(history, since).semi_join(wanted, ["customer_key", "type_key"])
    found = lines.group_by("customer_key", "type_key").agg(bought_on=lines.day.max())
    return fetch(found.order_by("customer_key", "type_key"), BOUGHT)
