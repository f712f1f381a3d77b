"""A shop that lives through a year: each night it delivers what it knows by then.

People have the awkward dates of real ones (lunar, leap, half known, stand-ins), habits with rhythms
of their own which they keep, drop and take up again, and live from one side of the date line to the
other. Products age, break and are called back; orders come late, and some things are complained
about. Everything is drawn from one seed, in arrays.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

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
"""

PLACES = (
    ("en", "America/New_York", "US-NY", 0.40),
    ("zh-CN", "Asia/Shanghai", "CN-SH", 0.30),
    ("en", "Europe/London", "GB", 0.12),
    ("zh-CN", "America/Los_Angeles", "US-CA", 0.10),
    ("en", "Pacific/Kiritimati", "KI", 0.04),  # the first to see a day
    ("en", "Pacific/Pago_Pago", "AS", 0.04),  # and the last
)


@dataclass(frozen=True, slots=True)
class GrowingShop:
    """All that will ever happen in the shop; ``deliver`` tells as much as is known on a night."""

    folder: Path
    customers: pd.DataFrame
    products: pd.DataFrame
    orders: pd.DataFrame
    cases: pd.DataFrame
    deliveries: pd.DataFrame

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
        for name, began in (("cases", "opened_on"), ("deliveries", "promised_on")):
            frame: pd.DataFrame = getattr(self, name)
            known = frame[frame[began].to_numpy("datetime64[D]") < today]
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
    people = _people(rng, customers, ends)
    sold = _products(rng, begins, ends)
    orders = _orders(rng, people, sold, begins, ends)
    return GrowingShop(
        folder,
        people,
        sold,
        orders,
        _cases(rng, orders),
        _deliveries(rng, orders),
    )


def _people(rng: np.random.Generator, n: int, ends: np.datetime64) -> pd.DataFrame:
    place = rng.choice(len(PLACES), size=n, p=[share for *_, share in PLACES])
    locale, zone, region = (np.array([one[i] for one in PLACES])[place] for i in range(3))
    chinese = locale == "zh-CN"
    number = np.arange(n).astype(str)
    family = np.where(
        chinese,
        np.array(list("王李张刘陈杨赵黄"))[rng.integers(0, 8, n)],
        np.array(["Smith", "Jones", "Brown", "Wilson"])[rng.integers(0, 4, n)],
    )
    joined = SHOP_OPENED + rng.integers(0, int((ends - SHOP_OPENED).astype(int)), n)
    leap_day = rng.random(n) < 0.03
    joined = np.where(leap_day, np.datetime64("2020-02-29"), joined.astype("datetime64[D]")).astype(
        "datetime64[D]"
    )
    wedding = np.where(
        rng.random(n) < 0.4,
        np.datetime64("1980-01-01") + rng.integers(0, 365 * 45, n),
        np.datetime64("NaT"),
    )
    return pd.DataFrame(
        {
            "customer_id": np.char.add("c", number),
            "name": np.where(chinese, np.char.add(family, "丽"), np.char.add("Anna ", family)),
            "family_name": family,
            "given_name": np.where(chinese, "丽", "Anna"),
            "gender": np.where(rng.random(n) < 0.5, "female", "male"),
            **_birthdays(rng, n, chinese),
            "wedding_on": wedding.astype("datetime64[s]"),
            "spouse_name": pd.Series(np.where(rng.random(n) < 0.5, "Jo", None), dtype="str"),
            "joined_on": joined.astype("datetime64[s]"),
            "locale": locale,
            "timezone": zone,
            "region": region,
            "email": np.char.add(np.char.add("c", number), "@example.com"),
            "email_consent": rng.random(n) < 0.9,
            "sms_consent": False,
        }
    )


def _birthdays(rng: np.random.Generator, n: int, chinese: np.ndarray) -> dict[str, object]:
    """Dates as people give them: whole ones, without a year, lunar ones, stand-ins, none."""
    year = rng.integers(1940, 2008, n)
    month, day = rng.integers(1, 13, n), rng.integers(1, 29, n)
    lunar = chinese & (rng.random(n) < 0.5)
    leap = lunar & (rng.random(n) < 0.1)
    day = np.where(lunar & (rng.random(n) < 0.1), 30, day)
    kind = rng.random(n)
    leapling = ~lunar & (kind < 0.03)
    month, day = np.where(leapling, 2, month), np.where(leapling, 29, day)
    year = np.where(leapling, year // 4 * 4, year)
    stand_in = ~lunar & (kind > 0.97)
    year, month, day = (
        np.where(stand_in, told, part) for told, part in ((1900, year), (1, month), (1, day))
    )
    known = kind < 0.90
    # Of a lunar date the year is left out: else leap months and 30ths would have to be real ones.
    with_year = known & ~lunar & (rng.random(n) < 0.8) | stand_in
    told = known | stand_in
    return {
        "birth_year": pd.Series(year, dtype="Int64").where(with_year),
        "birth_month": pd.Series(month, dtype="Int64").where(told),
        "birth_day": pd.Series(day, dtype="Int64").where(told),
        "birth_calendar": np.where(lunar, "lunar", "gregorian"),
        "birth_leap": leap,
    }


def _products(rng: np.random.Generator, begins: np.datetime64, ends: np.datetime64) -> pd.DataFrame:
    n, span = 400, int((ends - begins).astype(int))
    number = np.arange(n)
    kind = number % 80
    lasting = kind >= 64
    stage = np.full(n, "maturity", dtype=object)
    stage[rng.random(n) < 0.04] = "decline"
    successor = np.where(
        stage == "decline", np.char.add("p", ((number + 80) % n).astype(str)), None
    )
    flagged = np.full(n, np.datetime64("NaT", "D"))
    flagged[rng.choice(n, 5, replace=False)] = begins + rng.integers(BEFORE_DAYS, span, 5)
    missing = pd.Series(pd.NA, index=number, dtype="Int64")
    return pd.DataFrame(
        {
            "product_id": np.char.add("p", number.astype(str)),
            "name": np.char.add("good thing ", number.astype(str)),
            "name_zh": np.char.add("好物", number.astype(str)),
            "product_type": np.char.add("type ", kind.astype(str)),
            "category": np.char.add("category ", (kind // 8).astype(str)),
            "price": rng.integers(300, 6000, n),
            "stage": pd.Series(stage, dtype="str"),
            "successor": pd.Series(successor, dtype="str"),
            "service_interval_days": missing.mask(pd.Series(lasting), 120),
            "warranty_days": missing.mask(pd.Series(lasting), 365),
            "flagged_on": flagged.astype("datetime64[s]"),
        }
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


def _some(rng: np.random.Generator, orders: pd.DataFrame, share: float) -> pd.DataFrame:
    """Some order lines, one of an order, each with its ``day``."""
    drawn = orders[rng.random(len(orders)) < share].drop_duplicates("order_id")
    return drawn.assign(day=drawn["ordered_at"].to_numpy("datetime64[D]"))


def _cases(rng: np.random.Generator, orders: pd.DataFrame) -> pd.DataFrame:
    about = _some(rng, orders, 0.006)
    n = len(about)
    opened = about["day"].to_numpy("datetime64[D]") + rng.integers(1, 15, n)
    closed = opened + rng.integers(1, 20, n)
    settled = rng.random(n) < 0.9
    return pd.DataFrame(
        {
            "case_id": [f"t{number}" for number in range(n)],
            "customer_id": about["customer_id"].to_numpy(),
            "product_id": about["product_id"].to_numpy(),
            "kind": rng.choice(["complaint", "return", "repair", "inquiry"], n),
            "opened_on": opened.astype("datetime64[s]"),
            "closed_on": pd.Series(closed.astype("datetime64[s]")).where(settled),
            "satisfaction": pd.Series(rng.integers(1, 6, n), dtype="Int64").where(settled),
        }
    )


def _deliveries(rng: np.random.Generator, orders: pd.DataFrame) -> pd.DataFrame:
    brought = _some(rng, orders, 0.05)
    n = len(brought)
    promised = brought["day"].to_numpy("datetime64[D]") + rng.integers(2, 5, n)
    came = promised + rng.choice([-1, 0, 0, 0, 0, 0, 3, 6], n)
    failed = rng.random(n) < 0.03
    return pd.DataFrame(
        {
            "order_id": brought["order_id"].to_numpy(),
            "customer_id": brought["customer_id"].to_numpy(),
            "product_id": brought["product_id"].to_numpy(),
            "promised_on": promised.astype("datetime64[s]"),
            "failed_on": pd.Series(promised.astype("datetime64[s]")).where(failed),
            "delivered_on": pd.Series(came.astype("datetime64[s]")).mask(failed),
        }
    )
