"""What runs out at home: who lives there counts, and so does what was bought meanwhile."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from sqlalchemy import select

from care import nightly
from care.rhythms import read_habits
from care.storage.database import reading
from care.storage.snapshot import load_snapshot, read_pinned
from care.storage.tables import identities, messages, touches
from tests.workflows.builders import (
    NIGHT,
    a_house,
    after,
    approve,
    at,
    release_at,
    run_night,
    some_customers,
    some_orders,
    some_products,
)
from tests.workflows.laws import assert_laws

YESTERDAY = datetime(2017, 11, 13, 17, tzinfo=UTC)


def due_for(runtime, night=NIGHT):
    """Replenishment by the shop's own customer number: product type, facts and state."""
    query = (
        select(identities.c.customer_id, touches.c.type_key, touches.c.product_key,
               touches.c.facts, messages.c.state, messages.c.state_reason)
        .join(touches, touches.c.customer_key == identities.c.customer_key)
        .outerjoin(messages, messages.c.touch_id == touches.c.touch_id)
        .where(touches.c.campaign == "replenishment", touches.c.night == night)
    )  # fmt: skip
    with reading(runtime.engine) as connection:
        return pd.DataFrame(connection.execute(query).all())


def a_line(customer, product, when=YESTERDAY):
    return {
        "order_id": f"{customer}-{when:%Y%m%d}-more", "customer_id": customer,
        "product_id": product, "quantity": 1.0, "amount_minor": 500, "ordered_at": when,
    }  # fmt: skip


def write(runtime, name, rows):
    parquet.write_table(pa.Table.from_pylist(list(rows)), runtime.settings.home / "shop" / name)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    once = a_line("c47", "p-0-1", datetime(2017, 10, 18, 17, tzinfo=UTC))
    orders = [*some_orders(some_customers()), once]
    runtime = a_house(tmp_path_factory.mktemp("house"), orders=orders)
    run_night(runtime)
    return runtime


@pytest.fixture(scope="module")
def her(planned):
    """Somebody who is told that something runs out, and the product of it that she buys."""
    found = due_for(planned)
    row = found[found["state"] == "rendered"].iloc[0]
    pinned = read_pinned(planned.store, load_snapshot(planned.store, NIGHT).products)
    of_type = set(pinned.loc[pinned["type_key"] == row["type_key"], "product_id"])
    hers = [line for line in some_orders(some_customers())
            if line["customer_id"] == row["customer_id"]]  # fmt: skip
    bought = pd.Series([line["product_id"] for line in hers if line["product_id"] in of_type])
    return row["customer_id"], bought.mode()[0]


def test_what_somebody_at_home_bought_lately_is_not_running_out(planned, her, tmp_path):
    who, product = her
    other = "c47"
    people = [
        one | ({"household_id": "h1"} if one["customer_id"] in (who, other) else {})
        for one in some_customers()
    ]
    people = [{"household_id": None} | one for one in people]
    bought = [*some_orders(people), a_line(other, product)]
    runtime = a_house(tmp_path, customers=people, orders=bought)
    run_night(runtime)
    assert who not in set(due_for(runtime).get("customer_id", []))
    rhythms = read_habits(runtime.store, NIGHT).rhythms
    shared = rhythms[rhythms["household_bought_on"] > rhythms["last_day"]]
    assert shared["household_bought_on"].eq(pd.Timestamp("2017-11-13")).any()
    assert_laws(runtime)


@pytest.mark.slow
def test_what_is_sold_out_is_told_with_what_stands_in_for_it(planned, her, tmp_path):
    who, product = her
    runtime = a_house(tmp_path)
    write(runtime, "products.parquet",
          [one | {"stock": 0 if one["product_id"] == product else 9} for one in some_products()]
    )  # fmt: skip
    run_night(runtime)
    found = due_for(runtime).set_index("customer_id")
    assert '"instead_en"' in found.loc[who, "facts"]
    others = found[~found["facts"].str.contains("instead_en")]
    assert len(others)
    assert_laws(runtime)


def test_a_letter_does_not_leave_after_it_was_bought(her, tmp_path):
    who, product = her
    runtime = a_house(tmp_path)
    run_night(runtime)
    approve(runtime, "replenishment")
    tonight = at("01:00", after(1))
    line = a_line(who, product, tonight - timedelta(hours=10))
    write(runtime, "orders.parquet", [*some_orders(some_customers()), line])
    nightly.take_snapshot(runtime, night=after(1))
    release_at(runtime, "11:00", after(1))
    found = due_for(runtime).set_index("customer_id")
    assert found.loc[who, "state"] == "suppressed"
    assert "bought" in found.loc[who, "state_reason"]
    assert (found["state"] == "sealed").any()
    assert_laws(runtime)


def test_after_one_purchase_only_a_narrow_window_is_told(planned):
    rhythms = read_habits(planned.store, NIGHT).rhythms
    (once,) = rhythms[rhythms["purchases"] == 1].to_dict("records")
    assert once["window_to"] - once["window_from"] <= pd.Timedelta(days=14)
    # All buy coffee every four weeks or so: that is what is usual, and all that is known of her.
    assert 24 <= once["mean_interval"] <= 32
    assert once["expected_day"] - once["last_day"] == pd.Timedelta(days=once["mean_interval"])
