"""Who bought what lately, aggregated in DuckDB: only pairs that are asked for leave it."""

from datetime import date

import ibis
import pandas as pd
import pyarrow as pa

from care.domain.event import BOUGHT


def bought_lately(history: ibis.Table, asked: pd.DataFrame, *, since: date) -> pd.DataFrame:
    """Last purchase day of the pairs asked for (``customer_key, type_key``), from a day on.

    Returns the columns of ``BOUGHT``, by customer and type; pairs not bought since are not there.
    """
    if asked.empty:
        return BOUGHT.empty()
    pairs = asked[["customer_key", "type_key"]].drop_duplicates()
    wanted = ibis.memtable(pa.Table.from_pandas(pairs, preserve_index=False))
    lately = history.filter(history.day >= ibis.literal(since))
    lines = lately.semi_join(wanted, ["customer_key", "type_key"])
    found = lines.group_by("customer_key", "type_key").agg(bought_on=lines.day.max())
    frame: pd.DataFrame = found.order_by("customer_key", "type_key").to_pyarrow().to_pandas()
    return BOUGHT.check(frame.astype(dict(BOUGHT.dtypes)))
