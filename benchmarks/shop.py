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

DAYS = 365
FIRST_DAY = np.datetime64("2016-11-14")
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
    _customers(rng, size).to_parquet(folder / "customers.parquet", index=False)
    type_of = rng.integers(0, size.types, size.products)
    _products(rng, size, type_of).to_parquet(folder / "products.parquet", index=False)
    _write_orders(folder / "orders.parquet", rng, size)


def _customers(rng: np.random.Generator, size: Size) -> pd.DataFrame:
    n = size.customers
    number = np.arange(n)
    chinese = rng.random(n) < 0.5
    born = np.datetime64("1940-01-01") + rng.integers(0, 365 * 65, n)
    joined = np.datetime64("2008-01-01") + rng.integers(0, 3600, n)
    families = np.array(["王", "李", "张", "刘", "陈", "杨", "赵", "黄"])
    surnames = np.array(["Smith", "Jones", "Brown", "Wilson", "Moore", "Clark", "Lewis", "Hall"])
    pick = rng.integers(0, 8, n)
    family = np.where(chinese, families[pick], surnames[pick])
    given = np.where(chinese, "丽", "Anna")
    return pd.DataFrame(
        {
            "customer_id": np.char.add("c", number.astype(str)),
            "name": np.where(
                chinese, np.char.add(family, given), np.char.add(np.char.add(given, " "), family)
            ),
            "family_name": family,
            "given_name": given,
            "gender": np.where(rng.random(n) < 0.5, "female", "male"),
            "birthday": born.astype(str),
            "joined_on": joined.astype("datetime64[s]"),
            "locale": np.where(chinese, "zh-CN", "en"),
            "timezone": np.where(chinese, "Asia/Shanghai", "America/New_York"),
            "region": np.where(chinese, "CN-SH", "US-NY"),
            "email": np.char.add(np.char.add("c", number.astype(str)), "@example.com"),
            "preferred_channel": "email",
            "email_consent": rng.random(n) < 0.9,
            "sms_consent": False,
        }
    )


def _products(rng: np.random.Generator, size: Size, type_of: np.ndarray) -> pd.DataFrame:
    number = np.arange(size.products).astype(str)
    return pd.DataFrame(
        {
            "product_id": np.char.add("p", number),
            "name": np.char.add("good thing ", number),
            "name_zh": np.char.add("好物", number),
            "product_type": np.char.add("type ", type_of.astype(str)),
            "category": np.char.add("category ", (type_of // 10).astype(str)),
            "price": rng.integers(99, 5000, size.products),
        }
    )


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
    times = np.floor(DAYS / every).astype(np.int64)
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
