"""Sales that may lead to cases, and how long after a sale a case came, aggregated in DuckDB."""

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from care.domain.rise import AT_RISK
from care.storage.history import fetch


def days_after(history: ibis.Table, cases: pd.DataFrame) -> np.ndarray:
    """Whole days from her last purchase of the product to each case, of those that have one.

    ``cases``: ``customer_key, product_key, opened_on``.
    """
    asked = ibis.memtable(
        pa.table(
            {
                "case": pa.array(np.arange(len(cases)), pa.int64()),
                "who": pa.array(cases["customer_key"], pa.int64()),
                "what": pa.array(cases["product_key"], pa.int64()),
                "opened_on": pa.array(cases["opened_on"].dt.date, pa.date32()),
            }
        )
    )
    lines = history.inner_join(
        asked,
        [
            history.customer_key == asked.who,
            history.product_key == asked.what,
            history.day <= asked.opened_on,
        ],
    )
    last = lines.group_by("case", "opened_on").agg(day=lines.day.max()).order_by("case")
    found = last.to_pyarrow().to_pandas()
    opened, bought = (found[name].to_numpy("datetime64[D]") for name in ("opened_on", "day"))
    return np.asarray((opened - bought).astype("int64"))


def read_at_risk(history: ibis.Table, weights: pd.DataFrame) -> pd.DataFrame:
    """Sales per product, each order line with the weights of its day; columns of ``AT_RISK``.

    ``weights``: ``day, recent, past``. A product whose sales weigh nothing is left out.
    """
    weighed = ibis.memtable(
        pa.table(
            {
                "on_day": pa.array(weights["day"].dt.date, pa.date32()),
                "recent": pa.array(weights["recent"], pa.int64()),
                "past": pa.array(weights["past"], pa.int64()),
            }
        )
    )
    lines = history.inner_join(weighed, history.day == weighed.on_day)
    summed = lines.group_by("product_key").agg(
        recent=lines.recent.sum().cast("int64"), past=lines.past.sum().cast("int64")
    )
    summed = summed.filter((summed.recent > 0) | (summed.past > 0))
    return fetch(summed.order_by("product_key"), AT_RISK)
