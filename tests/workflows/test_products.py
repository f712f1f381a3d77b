"""What is new and what is going, through a whole night: from the shop's files to letters."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from care import correspondence, nightly
from care.runtime import Runtime
from care.storage.database import reading
from care.storage.tables import identities, touches
from tests.workflows.builders import (
    NIGHT,
    a_house,
    at,
    messages_of,
    some_customers,
    some_orders,
    some_products,
)
from tests.workflows.delivered import deliver

BY_EMAIL = {"channels": ["email"], "priority": 50}
POLICY = {
    "campaigns": {"product_introduction": BY_EMAIL | {"per_product": 5}, "hand_over": BY_EMAIL},
    "holdout": {"share": 0},
}
FADED = "p-0-0"  # a coffee that nobody has bought since the summer


def a_house_with(home: Path, **told: dict[str, str]) -> Runtime:
    """``told``: what the catalogue says of a product beyond the usual, and of one never sold."""
    people = some_customers()
    lines = [
        line
        for line in some_orders(people)
        if line["product_id"] != FADED or f"{line['ordered_at']:%Y-%m-%d}" < "2017-08-01"
    ]
    runtime = a_house(home, policy=POLICY, orders=lines)
    new = some_products()[0] | {"product_id": "new", "name": "Coffee No. 9", "name_zh": "咖啡9号"}
    goods = [row | told.get(row["product_id"], {}) for row in [*some_products(), new]]
    deliver(home, products=goods)
    return runtime


def plan(runtime: Runtime, night=NIGHT) -> pd.DataFrame:
    nightly.take_snapshot(runtime, night=night)
    for shard in nightly.plan(runtime, night=night, now=at("01:00", night)):
        correspondence.compose(runtime, night=night, shard=shard)
    query = (
        select(identities.c.customer_id, touches.c["campaign", "state", "facts"])
        .join(identities, identities.c.customer_key == touches.c.customer_key)
        .where(touches.c.night == night)
    )
    with reading(runtime.engine) as connection:
        return pd.DataFrame([row._asdict() for row in connection.execute(query)])


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runtime, pd.DataFrame]:
    told = {"new": {"introduced_on": "2017-11-13"}, FADED: {"successor": "p-0-1"}}
    runtime = a_house_with(tmp_path_factory.mktemp("products") / "home", **told)
    return runtime, plan(runtime)


def test_few_are_told_of_what_is_new_and_all_of_them_buy_its_like(planned):
    runtime, found = planned
    keen = found[found["campaign"] == "product_introduction"]
    assert 0 < len(keen) <= 5
    assert set(keen["state"]) == {"rendered"}
    lines = pd.DataFrame(some_orders(some_customers()))
    coffee = lines[lines["product_id"].str.startswith("p-0-")]
    assert set(keen["customer_id"]) <= set(coffee["customer_id"])
    assert len(messages_of(runtime, "product_introduction")) == len(keen)


def test_the_next_night_does_not_go_further_down_the_ranks(planned):
    runtime, before = planned
    after = plan(runtime, NIGHT + timedelta(days=1))
    again = after[after["campaign"] == "product_introduction"]
    known = before[before["campaign"] == "product_introduction"]
    assert not set(again["customer_id"]) & set(known["customer_id"])
    assert len(again) + len(known) <= 5


def test_owners_hear_what_follows_a_product_that_has_gone_silent(planned):
    _, found = planned
    going = found[found["campaign"] == "hand_over"]
    assert len(going) > 0
    assert going["facts"].str.contains('"told_by":"sales"').all()


def test_the_shops_word_that_it_stays_is_enough_to_say_nothing(tmp_path: Path):
    told = {FADED: {"successor": "p-0-1", "stage": "maturity"}}
    found = plan(a_house_with(tmp_path / "home", **told))
    assert not len(found) or not (found["campaign"] == "hand_over").any()
