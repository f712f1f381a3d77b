"""How far an order has come: only what is paid is a purchase, and what waits for it is known."""

from pathlib import Path

import pandas as pd
import pytest

from care.domain.order import UNPAID
from care.intake.orders import OrdersTaken
from tests.intake.builders import kept_lines, orders_of, some_orders, wall


def void_of(taken: OrdersTaken) -> list[tuple[str, int]]:
    rows = taken.void.order_by("order_id", "product_key").to_pyarrow().to_pandas()
    return list(zip(rows["order_id"], rows["product_key"], strict=True))


def unpaid_of(taken: OrdersTaken) -> list[list[object]]:
    assert taken.unpaid is not None
    return UNPAID.check(taken.unpaid).to_numpy(dtype=object).tolist()


def test_without_states_every_line_is_paid_and_nothing_is_said_to_be_unpaid(tmp_path: Path):
    taken = orders_of(tmp_path, some_orders(2))
    assert taken.kept == len(kept_lines(taken)) == 2
    assert void_of(taken) == []
    assert taken.unpaid is None


def test_only_paid_lines_are_purchases_and_a_silent_one_is_paid(tmp_path: Path):
    states = ["paid", None, "placed", "Cancelled", "returned"]
    taken = orders_of(tmp_path, some_orders(state=states))
    assert kept_lines(taken)["order_id"].tolist() == ["o0", "o1"]
    assert void_of(taken) == [("o2", 10), ("o3", 10), ("o4", 10)]
    assert taken.read == taken.kept == 5


def test_the_shops_own_words_are_translated_and_a_riddle_is_set_aside(tmp_path: Path):
    taken = orders_of(
        tmp_path,
        some_orders(status=["待付款", "交易成功", "maybe"]),
        say={
            "orders": {
                "columns": {"state": "status"},
                "values": {"state": {"待付款": "placed", "交易成功": "paid"}},
            }
        },
    )
    assert kept_lines(taken)["order_id"].tolist() == ["o1"]
    assert taken.rows_set_aside == {"unknown_value": 1}
    row = taken.set_aside.iloc[0]
    assert (row["key"], row["field"], row["value"]) == ("o2", "state", "maybe")
    assert taken.read == taken.kept + 1


@pytest.mark.parametrize("state", ["cancelled", "returned"])
@pytest.mark.parametrize(("quantity", "amount"), [(0.0, 0.0), (-1.0, -9.99), (None, None)])
def test_a_void_line_may_have_lost_its_quantity_and_amount(tmp_path: Path, state, quantity, amount):
    said = {"quantity": [1.0, quantity], "amount": [9.99, amount], "state": ["paid", state]}
    taken = orders_of(tmp_path, some_orders(**said))
    assert void_of(taken) == [("o1", 10)]
    assert taken.rows_set_aside == {}


def test_of_a_line_told_twice_the_last_state_counts(tmp_path: Path):
    taken = orders_of(
        tmp_path,
        some_orders(order_id=["a", "a", "b", "b"], state=["placed", "paid", "paid", "cancelled"]),
    )
    assert kept_lines(taken)["order_id"].tolist() == ["a"]
    assert void_of(taken) == [("b", 10)]


def test_the_digest_of_a_day_sees_the_state(tmp_path: Path):
    days = [
        orders_of(tmp_path, some_orders(state=[state])).by_day
        for state in ("paid", "placed", "cancelled")
    ]
    assert [found["lines"].tolist() for found in days] == [[1]] * 3
    assert len({found["digest"].iloc[0] for found in days}) == 3


def test_an_order_that_waits_for_payment_is_told_by_its_dearest_line(tmp_path: Path):
    taken = orders_of(
        tmp_path,
        some_orders(
            order_id=["o1", "o1"],
            product_id=["p1", "p2"],
            amount=[4.0, 12.0],
            ordered_at=[wall("2017-11-29 04:30"), wall("2017-11-29 04:30")],  # still the 28th
            state=["placed", "placed"],
        ),
    )
    assert unpaid_of(taken) == [[7, "o1", 11, pd.Timestamp("2017-11-28")]]


def test_an_order_of_which_something_is_paid_or_all_is_cancelled_waits_for_nothing(tmp_path: Path):
    taken = orders_of(
        tmp_path,
        some_orders(
            order_id=["o1", "o1", "o2", "o3", "o3"],
            product_id=["p1", "p2", "p1", "p1", "p2"],
            state=["placed", "paid", "cancelled", "placed", "cancelled"],
            ordered_at=[wall("2017-11-28 12:00")] * 5,
        ),
    )
    assert [row[1] for row in unpaid_of(taken)] == ["o3"]


def test_an_order_placed_long_ago_or_from_the_night_on_is_not_waited_for(tmp_path: Path):
    times = [wall("2017-10-15 12:00"), wall("2017-11-30 12:00"), wall("2017-12-02 12:00")]
    taken = orders_of(tmp_path, some_orders(state=["placed"] * 3, ordered_at=times))
    assert [row[1] for row in unpaid_of(taken)] == ["o1"]
    assert taken.later == 1
