"""A synthetic shop of any size, with the skew of a real one, written as the shop's own files.

Customers differ in activity (log-normal), products in popularity (Zipf), and two in three have one
product they come back to in a rhythm of their own. Orders grow over the year and peak on Saturdays.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from benchmarks.beside import draw_beside
from benchmarks.goods import draw_products
from benchmarks.people import draw_people

DAYS = 365
FIRST_DAY = np.datetime64("2016-11-14")
OPENED = np.datetime64("2008-01-01")
LATELY_DAYS = 90
CHUNK = 2_000_000

SHOP_TOML = """\
[customers]
path = "customers.parquet"

[orders]
path = "orders.parquet"
money = "minor"

[products]
path = "products.parquet"
money = "minor"

[cases]
path = "cases.parquet"

[deliveries]
path = "deliveries.parquet"

[reviews]
path = "reviews.parquet"

[events]
path = "events.parquet"
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a shop to make."""

    customers: int
    order_lines: int

    @property
    def products(self) -> int:
        """A catalogue that grows slower than the clientele."""
        return int(min(50_000, max(2_000, 50 * self.customers**0.5)))

    @property
    def types(self) -> int:
        """Product types."""
        return max(200, self.products // 20)


def make_shop(folder: Path, size: Size, *, seed: int = 1) -> None:
    """Write ``customers, products, orders.parquet`` and ``shop.toml`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    (folder / "shop.toml").write_text(SHOP_TOML)
    people = draw_people(rng, size.customers, OPENED, FIRST_DAY + DAYS)
    people.to_parquet(folder / "customers.parquet", index=False)
    type_of = rng.integers(0, size.types, size.products)
    sold = draw_products(
        rng, type_of, began=FIRST_DAY + (DAYS - LATELY_DAYS), ends=FIRST_DAY + DAYS
    )
    sold.to_parquet(folder / "products.parquet", index=False)
    _write_orders(folder / "orders.parquet", rng, size)
    for name, frame in draw_beside(rng, _last_lines(folder / "orders.parquet", CHUNK)).items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)


def _last_lines(path: Path, count: int) -> pd.DataFrame:
    """So many of the order lines of the last weeks, about which something else is told."""
    lines = pd.read_parquet(
        path, filters=[("ordered_at", ">=", pd.Timestamp(FIRST_DAY + (DAYS - LATELY_DAYS)))]
    )
    return lines.head(count)


def _write_orders(path: Path, rng: np.random.Generator, size: Size) -> None:
    popularity = 1.0 / np.arange(1, size.products + 1) ** 0.9
    popular = np.cumsum(popularity) / popularity.sum()
    regular = _regular_baskets(rng, size, popular)
    with parquet.ParquetWriter(path, _table(*regular, first=0, rng=rng).schema) as writer:
        written = 0
        while written < regular[0].size:
            part = [column[written : written + CHUNK] for column in regular]
            writer.write_table(_table(*part, first=written, rng=rng))
            written += part[0].size
        activity = rng.lognormal(0, 1.0, size.customers)
        share = np.cumsum(activity) / activity.sum()
        weekday = np.where(np.arange(DAYS) % 7 == 5, 1.6, 1.0) * np.linspace(0.8, 1.2, DAYS)
        calendar = np.cumsum(weekday) / weekday.sum()
        while written < size.order_lines:
            baskets = max(1, min(CHUNK, size.order_lines - written) // 8)
            basket = np.repeat(np.arange(baskets), 1 + rng.poisson(7, baskets))
            customer = np.searchsorted(share, rng.random(baskets))[basket]
            day = np.searchsorted(calendar, rng.random(baskets))[basket]
            item = np.searchsorted(popular, rng.random(basket.size))
            writer.write_table(_table(customer, day, item, basket, first=written, rng=rng))
            written += basket.size


def _regular_baskets(
    rng: np.random.Generator, size: Size, popular: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One product for two customers in three, every 30 days or so, a basket each time."""
    regulars = np.flatnonzero(rng.random(size.customers) < 2 / 3)
    every = rng.lognormal(np.log(32), 0.25, regulars.size)
    # One more than fit, so that they come as often in the last weeks as ever.
    times = np.ceil(DAYS / every).astype(np.int64) + 1
    who = np.repeat(np.arange(regulars.size), times)
    nth = np.arange(who.size) - np.repeat(np.cumsum(times) - times, times)
    jitter = rng.normal(0, 0.12, who.size)
    day = (rng.random(regulars.size)[who] + nth + jitter) * every[who]
    inside = (day >= 0) & (day < DAYS)
    item = np.searchsorted(popular, rng.random(regulars.size))[who[inside]]
    customer, day = regulars[who[inside]], day[inside].astype(np.int64)
    return customer, day, item, np.arange(customer.size)


def _table(
    customer: np.ndarray,
    day: np.ndarray,
    item: np.ndarray,
    basket: np.ndarray,
    *,
    first: int,
    rng: np.random.Generator,
) -> pa.Table:
    second = rng.integers(8 * 3600, 22 * 3600, int(basket.max()) + 1)[basket]
    moment = FIRST_DAY.astype("datetime64[s]") + day * 86_400 + second
    return pa.table(
        {
            "order_id": pa.array(np.char.add("o", (first + basket).astype(str))),
            "customer_id": np.char.add("c", customer.astype(str)),
            "product_id": np.char.add("p", item.astype(str)),
            "quantity": rng.integers(1, 4, basket.size).astype("float64"),
            "amount": rng.integers(99, 5000, basket.size),
            "ordered_at": moment,
        }
    )
