"""What was left in the cart, ordered and not paid, or called off, through whole nights."""

from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from care import nightly
from care.domain.segment import Segment
from care.runtime import Runtime
from care.standing import find_all_standings, with_standings
from care.storage import people, points
from care.storage.database import reading
from care.storage.history import open_history
from care.storage.snapshot import load_snapshot, read_pinned
from care.storage.tables import identities, touches
from tests.workflows.builders import NIGHT, a_house, at, some_customers, some_orders
from tests.workflows.delivered import deliver
from tests.workflows.test_beside import plan

POLICY = {
    "campaigns": {"browse_reminder": {"channels": ["email"], "priority": 99}},
    "holdout": {"share": 0},
}
EVENING = at("20:00", NIGHT - timedelta(days=1)).astimezone(UTC)
NEW = some_customers()[9] | {"customer_id": "c90", "email": "c90@example.com"}


def a_line(order_id: str, customer_id: str, state: str, **told: Any) -> dict[str, Any]:
    sound = {"product_id": "p-1-0", "quantity": 1.0, "amount_minor": 950, "ordered_at": EVENING}
    return sound | {"order_id": order_id, "customer_id": customer_id, "state": state} | told


def tell(home: Path, lines: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
    """Let the shop's orders have states, and its events be known."""
    known = some_orders(some_customers())
    rows = [{"product_id": "p-1-1", "kind": "cart", "happened_at": EVENING} | row for row in events]
    deliver(home, orders=[*lines, *known], events=rows)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """A night on which one has not paid, one left a cart, and one did both and then bought."""
    home = tmp_path_factory.mktemp("left") / "home"
    runtime = a_house(home, policy=POLICY, customers=[*some_customers(), NEW])
    lines = [
        a_line("w1", "c01", "placed"),
        a_line("w3", "c05", "paid"),
        a_line("w4", "c06", "cancelled"),
    ]
    carts = [{"customer_id": name} for name in ("c10", "c05", "c90")]
    tell(home, lines, carts)
    plan(runtime)
    return runtime


def reminded(runtime: Runtime) -> dict[str, str]:
    query = (
        select(identities.c.customer_id, touches.c.occasion_key)
        .join(identities, identities.c.customer_key == touches.c.customer_key)
        .where(touches.c.campaign == "browse_reminder")
    )
    with reading(runtime.engine) as connection:
        return {row.customer_id: row.occasion_key for row in connection.execute(query)}


def orders_in_history(runtime: Runtime, night: date) -> set[str]:
    snapshot = load_snapshot(runtime.store, night)
    lines = open_history(runtime.store, snapshot.history, night=night)
    return set(lines.select("order_id").distinct().to_pyarrow()["order_id"].to_pylist())


def test_who_did_not_pay_or_left_a_cart_hears_of_it_and_who_bought_does_not(house: Runtime):
    found = reminded(house)
    assert found["c01"] == "unpaid-w1"
    assert found["c10"].startswith("cart-")
    assert found["c90"].startswith("cart-")  # who never bought anything, too
    assert not {"c05", "c06"} & set(found)


def test_what_is_not_paid_is_in_no_history_and_is_pinned(house: Runtime):
    assert {"w3"} == orders_in_history(house, NIGHT) & {"w1", "w3", "w4"}
    snapshot = load_snapshot(house.store, NIGHT)
    assert snapshot.unpaid is not None
    assert snapshot.events is not None
    assert read_pinned(house.store, snapshot.unpaid)["order_id"].tolist() == ["w1"]
    assert read_pinned(house.store, snapshot.events)["times"].tolist() == [1, 1, 1]
    assert snapshot.counts["events"].read == snapshot.counts["events"].kept == 3


def test_who_only_left_a_cart_is_a_browser(house: Runtime):
    events = read_pinned(house.store, load_snapshot(house.store, NIGHT).events)
    history = open_history(house.store, load_snapshot(house.store, NIGHT).history, night=NIGHT)
    with reading(house.engine) as connection:
        everybody, held = people.read_people(connection), points.read_points(connection)
    standings = find_all_standings(house.policy, history, NIGHT)
    known = with_standings(
        house, history, everybody, standings, held, night=NIGHT, events=events
    ).set_index("customer_id")["segment"]
    assert known["c90"] == Segment.BROWSER
    assert Segment.BROWSER not in set(known.drop("c90"))


def test_what_is_called_off_the_day_after_leaves_the_history(house: Runtime):
    home = house.settings.sources.parent.parent
    tell(
        home,
        [a_line("w1", "c01", "paid"), a_line("w3", "c05", "cancelled")],
        [{"customer_id": "c90"}],
    )
    tomorrow = NIGHT + timedelta(days=1)
    nightly.take_snapshot(house, night=tomorrow)
    assert {"w1"} == orders_in_history(house, tomorrow) & {"w1", "w3", "w4"}
    assert {"w3"} == orders_in_history(house, NIGHT) & {"w1", "w3", "w4"}  # as it was read then
