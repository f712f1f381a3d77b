"""The order history: one immutable, content-named Parquet file per local month of orders.

A line is known by its order and product. Files hold the house's own keys, so that erasing a person
elsewhere leaves nothing of her here.
"""

import logging
import tempfile
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from pydantic import BaseModel, ConfigDict

from care.domain.order import ORDERS
from care.domain.setaside import Columns
from care.storage.store import Store, facts_of_file

logger = logging.getLogger(__name__)

_GROUP_LINES = 40_960
"""Lines of a group in a file: whoever looks for one customer reads one group of each month."""
_MEMORY = "2GB"  # beyond it DuckDB goes to disk

_order_hash = ibis.udf.scalar.builtin(
    lambda _customer_key, _order_id: None, name="hash", signature=((dt.int64, dt.string), dt.uint64)
)

LINE = ("order_id", "product_key")
ORDERED = ("customer_key", "ordered_at", "order_id", "product_key")
"""The order of the lines in a file; it makes equal lines equal bytes."""

SCHEMA = ibis.schema(
    {
        "customer_key": "int64",
        "product_key": "int64",
        "type_key": "int64",
        "order_id": "string",
        "ordered_at": dt.Timestamp(timezone="UTC", scale=6),
        "day": "date",
        "quantity": "float64",
        "amount_minor": "int64",
    }
)


class PinnedFile(BaseModel):
    """A file of the store as a night read it; ``path`` is relative to the store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str
    bytes: int
    rows: int


class MonthFile(PinnedFile):
    """One month of the history. ``source`` tells the lines the shop last delivered for it."""

    month: str
    source: str


def update_history(
    store: Store,
    lines: ibis.Table,
    *,
    by_day: pd.DataFrame,
    void: ibis.Table | None = None,
    previous: Sequence[MonthFile] = (),
) -> list[MonthFile]:
    """Put tonight's lines into the history: previous months ∪ lines, and of one line tonight's.

    ``lines``: Ibis table on DuckDB, columns of ``ORDERS``. ``void``: lines that are no purchases,
    ``order_id, product_key, day``; one that was a purchase on an earlier night leaves the history.
    ``by_day``: ``day, lines, digest`` of both, which are read several times. A month for which the
    shop delivers what it delivered before keeps its file unread. A line that has moved to another
    month leaves the old one. Nothing is ever removed because the shop stopped delivering it.
    Returns the files by month; others are left alone.
    """
    before = {file.month: file for file in previous}
    delivered = _fingerprints(by_day)
    changed = {
        month
        for month, source in delivered.items()
        if month not in before or before[month].source != source
    }
    if not changed:
        return [before[month] for month in sorted(before)]
    connection = lines.get_backend()
    store.attach(connection)
    told = lines.select(*LINE, "day")
    if void is not None:
        told = told.union(void.select(*LINE, "day"))
    untouched = [file for month, file in before.items() if month not in changed]
    if untouched:
        old = _read(connection, store, untouched)
        changed |= _months(old.semi_join(_of_months(told, changed), LINE))
    fresh = _of_months(told, changed)
    after = dict(before)
    for month in sorted(changed):
        merged = lines.filter(_is_in(lines.day, month)).select(*ORDERS.dtypes)
        if month in before:
            old = _read(connection, store, [before[month]])
            merged = merged.union(old.anti_join(fresh, LINE))
        source = delivered.get(month) or before[month].source
        after[month] = _write(store, merged, month, source)
    logger.info("history: %d of %d months rewritten", len(changed), len(after))
    return [after[month] for month in sorted(after) if after[month].rows]


def open_history(store: Store, files: Sequence[MonthFile], *, night: date) -> ibis.Table:
    """Open the history as of a night: the lines of the pinned files with a local day before it.

    An Ibis table on a DuckDB of its own with the columns of ``ORDERS``; rows come by month, and
    within a month by ``ORDERED``, as long as nothing joins or groups them.
    """
    spill = Path(tempfile.gettempdir()) / f"nightcare-{uuid4().hex}"  # two must not share one
    connection = ibis.duckdb.connect(memory_limit=_MEMORY, temp_directory=str(spill))
    connection.raw_sql("SET TimeZone = 'UTC'")
    store.attach(connection)
    lines = _read(connection, store, files)
    return lines.filter(lines.day < ibis.literal(night))


def purchase_days(history: ibis.Table, *, customers: tuple[int, int] | None = None) -> pd.DataFrame:
    """List the days on which customers bought a product type.

    Columns ``customer_key`` int64, ``type_key`` int64, ``day`` int32 (days since 1970-01-01), each
    row once and in this order. ``customers``: only those with from ≤ customer_key < to; a range is
    found quickly, as the files are in its order.
    """
    if customers is not None:
        first, last = customers
        history = history.filter((history.customer_key >= first) & (history.customer_key < last))
    days = history.select("customer_key", "type_key", "day").distinct()
    return _frame(days.order_by("customer_key", "type_key", "day"))


def item_history(history: ibis.Table) -> pd.DataFrame:
    """Every line of the history, oldest order of a customer first.

    Columns ``customer`` int64 (customer_key), ``order`` int64 (dense from 0 in order of
    appearance; an order_id of two customers is two orders), ``item`` int64 (product_key), ``day``
    int32 (days since 1970-01-01).
    """
    frame = _frame(
        history.select(
            customer=history.customer_key,
            order=_order_hash(history.customer_key, history.order_id),
            item=history.product_key,
            day=history.day,
        )
    )
    frame["order"] = pd.factorize(frame["order"])[0].astype("int64")
    return frame


def lines_of(history: ibis.Table, *, customer_key: int) -> ibis.Table:
    """The lines of one customer, taken out of the files once, for who asks several things of them.

    She is found quickly, as the files are in the order of customers.
    """
    hers = history.filter(history.customer_key == customer_key)
    return history.get_backend().create_table("hers", hers, temp=True)


def last_lines(history: ibis.Table, *, limit: int) -> pd.DataFrame:
    """The newest lines of a history: ``product_key, quantity, amount_minor, day``, newest first."""
    newest = history.order_by(history.ordered_at.desc(), history.order_id, history.product_key)
    shown = newest.limit(limit).select("product_key", "quantity", "amount_minor", "day")
    frame = _frame(shown)
    return frame.assign(day=frame["day"].to_numpy("datetime64[D]").astype("datetime64[s]"))


def spend(history: ibis.Table, *, since: date | None = None) -> pd.DataFrame:
    """Add up what each customer has bought, from a day on if one is given.

    One row a customer, by key. Columns ``customer_key`` int64, ``amount_minor`` int64, ``orders``
    int64, ``first_day`` and ``last_day`` datetime64[s].
    """
    if since is not None:
        history = bought_since(history, since)
    orders = history.group_by("customer_key", "order_id").agg(
        amount_minor=history.amount_minor.sum(),
        first_day=history.day.min(),
        last_day=history.day.max(),
    )
    customers = orders.group_by("customer_key").agg(
        amount_minor=orders.amount_minor.sum().cast("int64"),
        orders=orders.count(),
        first_day=orders.first_day.min(),
        last_day=orders.last_day.max(),
    )
    frame: pd.DataFrame = customers.order_by("customer_key").to_pyarrow().to_pandas()
    return frame.astype({"first_day": "datetime64[s]", "last_day": "datetime64[s]"})


def spend_by_day(history: ibis.Table) -> pd.DataFrame:
    """Add up what each customer bought on each day.

    One row a customer and day, in this order; an order that stretches over midnight is of the day
    it began. Columns ``customer_key`` int64, ``day`` datetime64[s], ``amount_minor`` int64,
    ``orders`` int64.
    """
    orders = history.group_by("customer_key", "order_id").agg(
        amount_minor=history.amount_minor.sum(), day=history.day.min()
    )
    days = orders.group_by("customer_key", "day").agg(
        amount_minor=orders.amount_minor.sum().cast("int64"), orders=orders.count()
    )
    frame: pd.DataFrame = days.order_by("customer_key", "day").to_pyarrow().to_pandas()
    return frame.astype({"day": "datetime64[s]", "orders": "int64"})


def orders_of(history: ibis.Table) -> pd.DataFrame:
    """Add up each order.

    One row an order, by customer and order. Columns ``customer_key`` int64, ``order_id`` str,
    ``day`` datetime64[s] (the first of its lines), ``amount_minor`` int64.
    """
    orders = history.group_by("customer_key", "order_id").agg(
        day=history.day.min(), amount_minor=history.amount_minor.sum().cast("int64")
    )
    frame: pd.DataFrame = orders.order_by("customer_key", "order_id").to_pyarrow().to_pandas()
    return frame.astype({"order_id": "str", "day": "datetime64[s]"})


def bought_since(history: ibis.Table, day: date) -> ibis.Table:
    """The part of a history that was bought on or after a day."""
    return history.filter(history.day >= ibis.literal(day))


def _fingerprints(by_day: pd.DataFrame) -> dict[str, str]:
    """Per month, the number of its lines and their digest."""
    months = by_day.groupby(by_day["day"].dt.strftime("%Y-%m"))
    lines, digests = months["lines"].sum(), months["digest"].agg(np.bitwise_xor.reduce)
    return {
        str(month): f"{count}-{digest:016x}"
        for month, count, digest in zip(lines.index, lines, digests, strict=True)
    }


def _of_months(lines: ibis.Table, months: Collection[str]) -> ibis.Table:
    return lines.filter(_month(lines.day).isin(sorted(months)))


def _months(lines: ibis.Table) -> set[str]:
    found = lines.select(month=_month(lines.day)).distinct().to_pyarrow()
    return set(found["month"].to_pylist())


def _month(day: ibis.Value) -> ibis.Value:
    return day.strftime("%Y-%m")


def _is_in(day: ibis.Value, month: str) -> ibis.Value:
    first = date.fromisoformat(f"{month}-01")
    next_first = (first + timedelta(days=31)).replace(day=1)
    return (day >= ibis.literal(first)) & (day < ibis.literal(next_first))


def _read(connection: Any, store: Store, files: Sequence[MonthFile]) -> ibis.Table:
    if not files:
        return connection.create_table("no_lines", schema=SCHEMA, temp=True)
    urls = [store.url(file.path) for file in files]
    return connection.read_parquet(urls, hive_partitioning=False)


def _write(store: Store, lines: ibis.Table, month: str, source: str) -> MonthFile:
    with store.drafts() as folder:
        draft = folder / f"{month}.parquet"
        lines.order_by(*ORDERED).to_parquet(draft, compression="zstd", row_group_size=_GROUP_LINES)
        facts, rows = facts_of_file(draft), parquet.read_metadata(draft).num_rows
        path = f"history/orders/month={month}/{facts.sha256[:16]}.parquet"
        if not store.exists(path):
            store.adopt(draft, path)
    return MonthFile(
        path=path, sha256=facts.sha256, bytes=facts.bytes, rows=rows, month=month, source=source
    )


def _frame(rows: ibis.Table) -> pd.DataFrame:
    found = rows.to_pyarrow()
    place = found.schema.get_field_index("day")
    days = found.column(place).cast(pa.int32())
    frame: pd.DataFrame = found.set_column(place, "day", days).to_pandas()
    return frame


def fetch(rows: ibis.Table, columns: Columns) -> pd.DataFrame:
    """Run a query and hand its rows over as ``columns`` declares them.

    Raises:
        UnableToUseFrame: it has other columns, or they are in another order.
    """
    found: pd.DataFrame = rows.to_pyarrow().to_pandas()
    return columns.check(found.astype(dict(columns.dtypes)))


def lines_by_day(history: ibis.Table) -> pd.DataFrame:
    """How many order lines each local day has; columns ``day`` datetime64[s], ``lines`` int64."""
    counted = history.group_by("day").agg(lines=history.count()).order_by("day")
    frame: pd.DataFrame = counted.to_pyarrow().to_pandas()
    return frame.astype({"day": "datetime64[s]", "lines": "int64"})


def sold_since(history: ibis.Table, day: date) -> pd.Series:
    """Product keys that were bought on or after a day, in order."""
    keys = bought_since(history, day).select("product_key").distinct().order_by("product_key")
    sold: pd.Series = keys.to_pyarrow().to_pandas()["product_key"]
    return sold
