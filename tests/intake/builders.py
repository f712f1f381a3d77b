"""Small shops on disk, with just the columns a test speaks of."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from care.intake.customers import read_customers
from care.intake.orders import OrdersTaken, open_orders
from care.intake.products import read_products
from care.intake.sources import Sources, read_sources
from care.intake.taken import Taken

NIGHT = date(2017, 12, 1)
UNTIL = datetime(2017, 12, 1, 5, tzinfo=UTC)
ZONE = "America/New_York"

Rows = Mapping[str, Sequence[Any]] | pa.Table


wall = datetime.fromisoformat
"""A time that names no zone, as on the wall of a shop."""


def a_shop(
    folder: Path,
    *,
    customers: Rows | None = None,
    products: Rows | None = None,
    orders: Rows | None = None,
    toml: str = "",
    say: Mapping[str, Mapping[str, Any]] | None = None,
) -> Sources:
    """Write Parquet files and a ``shop.toml``; ``say`` adds keys to a table, ``toml`` more text."""
    tables: dict[str, Rows] = {
        "customers": {"customer_id": ["c1"]} if customers is None else customers,
        "products": {"product_id": ["p1"]} if products is None else products,
        "orders": some_orders() if orders is None else orders,
    }
    text = ""
    for name, rows in tables.items():
        table = rows if isinstance(rows, pa.Table) else pa.table(dict(rows))
        parquet.write_table(table, folder / f"{name}.parquet")
        keys = {"path": f"{name}.parquet"} | ({} if name == "customers" else {"money": "major"})
        keys |= dict((say or {}).get(name, {}))
        text += f"[{name}]\n" + _keys(keys)
    return read_sources(write_toml(folder, text + toml))


def write_toml(folder: Path, text: str) -> Path:
    """Write ``shop.toml`` as it is given."""
    path = folder / "shop.toml"
    path.write_text(text, encoding="utf-8")
    return path


def a_shop_of_customers(folder: Path, **keys: Any) -> Sources:
    """Describe a shop of which only ``customers.csv``, or what ``keys`` name instead, is there."""
    elsewhere = {"path", "url", "url_env"} & set(keys)
    said = _keys(({} if elsewhere else {"path": "customers.csv"}) | keys)
    rest = "".join(
        f'[{name}]\npath = "{name}"\nmoney = "major"\n' for name in ("products", "orders")
    )
    return read_sources(write_toml(folder, f"[customers]\n{said}{rest}"))


def customers_of_csv(folder: Path, data: bytes, *, night: date = NIGHT, **keys: Any) -> Taken:
    """Read the customers of a CSV file of some bytes."""
    (folder / "customers.csv").write_bytes(data)
    return read_customers(a_shop_of_customers(folder, **keys), night=night)


def some_orders(lines: int = 1, **columns: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Make order lines that are sound, but for the columns given."""
    count = len(next(iter(columns.values()))) if columns else lines
    sound: dict[str, Sequence[Any]] = {
        "order_id": [f"o{number}" for number in range(count)],
        "customer_id": ["c1"] * count,
        "product_id": ["p1"] * count,
        "quantity": [1.0] * count,
        "amount": [9.99] * count,
        "ordered_at": [wall("2017-11-05 12:00")] * count,
    }
    return sound | columns


def customers_of(folder: Path, *, night: date = NIGHT, **shop: Any) -> Taken:
    """Read the customers of a small shop."""
    return read_customers(a_shop(folder, **shop), night=night)


def products_of(folder: Path, **shop: Any) -> Taken:
    """Read the catalogue of a small shop."""
    return read_products(a_shop(folder, **shop))


CUSTOMER_KEYS = pd.DataFrame({"customer_id": ["c1"], "customer_key": [7]})
PRODUCT_KEYS = pd.DataFrame(
    {"product_id": ["p1", "p2"], "product_key": [10, 11], "type_key": [20, 21]}
)


def orders_of(folder: Path, orders: Rows, *, until: datetime = UNTIL, **shop: Any) -> OrdersTaken:
    """Take the orders of a small shop that knows the customer c1 and the products p1 and p2."""
    return take_orders(a_shop(folder, orders=orders, **shop), until=until)


def take_orders(sources: Sources, *, until: datetime = UNTIL, samples: int = 100) -> OrdersTaken:
    """Take the orders of a shop for the customer and the products that are known."""
    return open_orders(
        sources,
        customers=CUSTOMER_KEYS,
        products=PRODUCT_KEYS,
        until=until,
        timezone=ZONE,
        samples=samples,
    )


def kept_lines(taken: OrdersTaken) -> pd.DataFrame:
    """Fetch the lines that were kept, by order."""
    frame: pd.DataFrame = taken.lines.order_by("order_id", "product_key").to_pyarrow().to_pandas()
    return frame


def issues_of(taken: Taken | OrdersTaken) -> list[tuple[str, str, str]]:
    """List what was set aside as (field, reason, scope), in the order of the rows."""
    columns = taken.set_aside[["field", "reason", "scope"]]
    return list(columns.itertuples(index=False, name=None))


def _keys(said: Mapping[str, Any]) -> str:
    told = {key: value for key, value in said.items() if value is not None}
    return "".join(f"{key} = {_toml(value)}\n" for key, value in told.items())


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)
