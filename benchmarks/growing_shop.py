"""A shop that lives through a year: each night it delivers what it knows by then.

People have the awkward dates of real ones (lunar, leap, half known, stand-ins), habits with rhythms
of their own which they keep, drop and take up again, and live from one side of the date line to the
other. Products age, break and are called back; orders come late, and some things are complained
about. Everything is drawn from one seed, in arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.beside import BEGAN, draw_beside
from benchmarks.goods import draw_products
from benchmarks.people import draw_people

Days = np.ndarray
BEFORE_DAYS = 540
"""Days of orders before the first night."""
SHOP_OPENED = np.datetime64("2019-03-01")

SHOP_TOML = """\
[customers]
path = "customers.parquet"

[products]
path = "products.parquet"
money = "minor"

[orders]
path = "orders/*.parquet"
money = "minor"
timezone = "America/New_York"

[cases]
path = "cases.parquet"

[deliveries]
path = "deliveries.parquet"

[reviews]
path = "reviews.parquet"

[events]
path = "events.parquet"
timezone = "America/New_York"
"""


@dataclass(frozen=True, slots=True)
class GrowingShop:
    """All that will ever happen in the shop; ``deliver`` tells as much as is known on a night."""

    folder: Path
    customers: pd.DataFrame
    products: pd.DataFrame
    orders: pd.DataFrame
    beside: Mapping[str, pd.DataFrame]

    def deliver(self, night: date) -> None:
        """Write the shop's files as a night begins. Months that are over are left as they are."""
        today = np.datetime64(night, "D")
        here = self.customers["joined_on"].to_numpy("datetime64[D]") < today
        self.customers[here].to_parquet(self.folder / "customers.parquet", index=False)
        (self.folder / "orders").mkdir(exist_ok=True)
        day = self.orders["ordered_at"].to_numpy("datetime64[D]")
        known = self.orders[: np.searchsorted(day, today)]
        months = known["ordered_at"].to_numpy("datetime64[M]")
        for month in np.unique(months):
            path = self.folder / "orders" / f"{month}.parquet"
            if not path.exists() or month >= today.astype("datetime64[M]") - 1:
                first, last = np.searchsorted(months, [month, month + 1])
                known[first:last].to_parquet(path, index=False)
        for name, frame in self.beside.items():
            known = frame[frame[BEGAN[name]].to_numpy("datetime64[D]") < today]
            _untold(known, night).to_parquet(self.folder / f"{name}.parquet", index=False)
        _untold(self.products, night).to_parquet(self.folder / "products.parquet", index=False)


def _untold(rows: pd.DataFrame, night: date) -> pd.DataFrame:
    """Without the days that are still to come, but for those that were promised."""
    days = rows.select_dtypes("datetime").drop(columns="promised_on", errors="ignore")
    return rows.assign(**days.where(days < pd.Timestamp(night)))


def draw_shop(
    folder: Path, *, customers: int, first: date, nights: int, seed: int = 1
) -> GrowingShop:
    """Draw the life of a shop around ``nights`` nights from ``first`` on; write its shop.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.toml").write_text(SHOP_TOML)
    rng = np.random.default_rng(seed)
    begins = np.datetime64(first, "D") - BEFORE_DAYS
    ends = np.datetime64(first, "D") + nights
    people = draw_people(rng, customers, SHOP_OPENED, ends)
    sold = draw_products(rng, np.arange(400) % 80, began=np.datetime64(first, "D"), ends=ends)
    orders = _orders(rng, people, sold, begins, ends)
    return GrowingShop(
        folder,
        people,
        sold,
        orders,
        draw_beside(rng, orders),
    )


def _orders(
    rng: np.random.Generator,
    people: pd.DataFrame,
    products: pd.DataFrame,
    begins: np.datetime64,
    ends: np.datetime64,
) -> pd.DataFrame:
    """Visits in a gamma rhythm of her own; at most of them she buys her own thing, and some others.

    Some never buy, some stop, some stop buying their own thing alone.
    """
    n, span = len(people), int((ends - begins).astype(int))
    every = np.clip(rng.lognormal(np.log(30), 0.5, n), 10, 150)
    visits = np.ceil(span / every * 1.3).astype(np.int64) + 2
    who = np.repeat(np.arange(n), visits)
    gap = rng.gamma(6, 1 / 6, who.size) * every[who]
    total = np.cumsum(gap)
    start = np.repeat(np.append(0, total[np.cumsum(visits)[:-1] - 1]), visits)
    day = (total - start - rng.random(n)[who] * every[who]).astype(np.int64)
    joined = (people["joined_on"].to_numpy("datetime64[D]") - begins).astype(np.int64)
    gone = np.where(rng.random(n) < 0.2, rng.integers(0, span, n), span)
    back = np.where(rng.random(n) < 0.5, gone + rng.integers(60, 300, n), 10 * span)
    buys = rng.random(n) < 0.95
    here = (day >= 0) & (day < span) & (day >= joined[who]) & buys[who]
    here &= (day < gone[who]) | (day >= back[who])
    who, day = who[here], day[here]
    own = rng.integers(0, len(products), n)
    dropped = np.where(rng.random(n) < 0.3, rng.integers(0, span, n), span)
    hers = (rng.random(who.size) < 0.85) & (day < dropped[who])
    others = rng.poisson(1.2, who.size)
    others[~hers & (others == 0)] = 1
    visit = np.concatenate([np.flatnonzero(hers), np.repeat(np.arange(who.size), others)])
    item = np.concatenate([own[who[hers]], rng.integers(0, len(products), int(others.sum()))])
    line = pd.DataFrame({"visit": visit, "item": item}).drop_duplicates()
    visit, item = line["visit"].to_numpy(), line["item"].to_numpy()
    second = rng.integers(8 * 3600, 22 * 3600, who.size)[visit]
    moment = (begins + day[visit]).astype("datetime64[s]") + second
    price = products["price"].to_numpy()[item]
    quantity = rng.integers(1, 4, item.size)
    frame = pd.DataFrame(
        {
            "order_id": np.char.add("o", visit.astype(str)),
            "customer_id": people["customer_id"].to_numpy()[who[visit]],
            "product_id": products["product_id"].to_numpy()[item],
            "quantity": quantity.astype("float64"),
            "amount": price * quantity,
            "ordered_at": moment,
        }
    )
    return frame.sort_values(["ordered_at", "order_id", "product_id"], ignore_index=True)
