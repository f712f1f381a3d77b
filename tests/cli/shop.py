"""A shop small enough to plan a night in a moment, as Parquet files of its own export."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pandas as pd

from tests.builders import write

NIGHT = date(2017, 11, 14)
NOW = "2017-11-14T01:00-05:00"
"""The moment a drill plans that night at."""

SHOP_TOML = """\
[customers]
path = "customers.parquet"
phone_region = "US"

[products]
path = "products.parquet"
money = "major"

[orders]
path = "orders.parquet"
money = "major"
timezone = "UTC"
"""

FIRST_NAMES = ["Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hal", "Ida", "Jan"]
TYPES = ["Coffee", "Tea", "Flour", "Soap"]


def a_shop(folder: Path, *, customers: int = 30, weeks: int = 16) -> Path:
    """Write the shop's export and its mapping; return where ``shop.toml`` lies.

    Customers 1 to 3 have their birthday on the night and the two days after it, customers 4 and 5
    joined on its day of the year; customer 6 too, but she allows neither e-mail nor SMS. All buy
    every week until the day before the night.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _customers(customers).to_parquet(folder / "customers.parquet", index=False)
    _products().to_parquet(folder / "products.parquet", index=False)
    _orders(customers, weeks).to_parquet(folder / "orders.parquet", index=False)
    return write(folder / "shop.toml", SHOP_TOML)


def _customers(count: int) -> pd.DataFrame:
    rows = []
    for key in range(1, count + 1):
        first = FIRST_NAMES[key % len(FIRST_NAMES)]
        birthday = NIGHT + timedelta(days=key - 1) if key <= 3 else date(1980, 5, 1 + key % 28)
        joined = date(2015, 11, 14) if 4 <= key <= 6 else date(2016, 3, 1 + key % 28)
        rows.append(
            {
                "customer_id": f"C{key:03}",
                "name": f"{first} Testperson{key:03}",
                "family_name": f"Testperson{key:03}",
                "given_name": first,
                "birthday": f"1985-{birthday:%m-%d}",
                "joined_on": joined,
                "locale": "zh-CN" if key % 3 == 0 else "en",
                "timezone": "America/New_York",
                "email": f"customer{key:03}@mail.example",
                "phone": f"+1518555{100 + key:04}",
                "email_consent": "false" if key == 6 else "true",
                "sms_consent": "false",
            }
        )
    return pd.DataFrame(rows)


def _products() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "product_id": f"P{number:02}",
                "name": f"{kind} {size} g",
                "name_zh": f"{kind} {size} 克",
                "product_type": kind.upper(),
                "category": kind.upper(),
                "price": 3.5,
            }
            for number, (kind, size) in enumerate((t, s) for t in TYPES for s in (250, 500))
        ]
    )


def _orders(customers: int, weeks: int) -> pd.DataFrame:
    rows = []
    for key in range(1, customers + 1):
        for week in range(weeks):
            day = NIGHT - timedelta(days=1 + 7 * week + key % 7)
            rows.append(
                {
                    "order_id": f"O{key:03}-{week:03}",
                    "customer_id": f"C{key:03}",
                    "product_id": f"P{(key + week) % (2 * len(TYPES)):02}",
                    "quantity": 1,
                    "amount": 3.5,
                    "ordered_at": datetime.combine(day, time(18, 0)),
                }
            )
    return pd.DataFrame(rows)
