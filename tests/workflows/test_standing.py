"""Tiers and points through whole nights: told in letters, settled once, and again the same."""

import shutil
import threading

import orjson
import pandas as pd
import pytest
from sqlalchemy import select

from care import correspondence, nightly, standing
from care.domain.value import HORIZON_DAYS
from care.storage.database import reading
from care.storage.history import bought_since, orders_of, spend
from care.storage.points import read_points
from care.storage.tables import point_moves, touches
from tests.workflows.builders import (
    NIGHT,
    a_house,
    after,
    at,
    ledger_of,
    reopened,
    some_customers,
    some_orders,
)
from tests.workflows.conftest import as_one_file
from tests.workflows.laws import assert_laws

LETTERS = {"priority": 95, "channels": ["email"]}
POLICY = {
    "night": {"gift_budget": 5_000, "spend_window_days": 90, "tier_grace_days": 20},
    "tiers": [
        {"name": "member", "label": {"en": "Member", "zh-CN": "会员"}, "min_spend": 0},
        {
            "name": "silver",
            "label": {"en": "Silver", "zh-CN": "银卡"},
            "min_spend": 20_000,
            "min_orders": 3,
            "privileges": {"en": ["a seat by the window"], "zh-CN": ["临窗的座位"]},
        },
        {
            "name": "gold",
            "label": {"en": "Gold", "zh-CN": "金卡"},
            "min_spend": 300_000,
            "min_orders": 3,
            "care": {"touches_per_month": 4, "first_channel": "email"},
        },
    ],
    "points": {
        "start_on": "2017-10-01",
        "per_unit": 1,
        "percent": {"gold": 200},
        "expire_after_months": 1,
    },
    "campaigns": {
        "tier_news": LETTERS,
        "points_expiry": LETTERS | {"priority": 94, "lead_days": 16},
        "points_statement": LETTERS | {"priority": 93, "every": "month", "day": 14},
    },
}


def plan(runtime, night=NIGHT):
    nightly.take_snapshot(runtime, night=night)
    nightly.plan(runtime, night=night, now=at("01:00", night))


def planned_of(runtime, night=NIGHT):
    query = select(touches).where(touches.c.night == night).order_by(touches.c.touch_id)
    with reading(runtime.engine) as connection:
        return pd.DataFrame([row._asdict() for row in connection.execute(query)])


def moves_of(runtime):
    query = select(point_moves).order_by(*point_moves.primary_key)
    with reading(runtime.engine) as connection:
        return pd.DataFrame([row._asdict() for row in connection.execute(query)])


@pytest.fixture
def house(tmp_path, database_url):
    return a_house(tmp_path / "home", database_url, policy=POLICY)


def test_a_night_tells_of_tiers_and_points_in_the_customers_words(house):
    plan(house)
    found = planned_of(house)
    assert {"tier_news", "points_expiry"} <= set(found["campaign"])
    assert {"member", "silver", "gold"} == set(found["tier"])
    for shard in (0, 1):
        correspondence.compose(house, night=NIGHT, shard=shard)
    assert set(planned_of(house).query("arm == 'treated'")["state"]) == {"rendered"}
    told = found[found["campaign"] == "points_expiry"]
    with reading(house.engine) as connection:
        held = read_points(connection).set_index("customer_key")
    for key, facts in zip(told["customer_key"], map(orjson.loads, told["facts"]), strict=True):
        row = held.loc[key]
        assert facts == {
            "points": row["points"],
            "expiring": row["points_expiring"],
            "expires_on": "2017-11-30",
        }
    assert_laws(house)


def test_points_are_what_the_orders_say(house):
    plan(house)
    history = nightly.open_history(
        house.store, nightly.load_snapshot(house.store, NIGHT).history, night=NIGHT
    )
    orders = orders_of(history)
    orders = orders[orders["day"] >= pd.Timestamp("2017-10-01")]
    moves = moves_of(house)
    assert set(moves["kind"]) == {"earn"}
    booked = orders.merge(
        moves, left_on=["customer_key", "order_id"], right_on=["customer_key", "reference"]
    )
    assert len(booked) == len(orders) == len(moves)
    plain, double = booked["amount_minor"] // 100, booked["amount_minor"] * 2 // 100
    assert ((booked["points"] == plain) | (booked["points"] == double)).all()
    assert (booked["points"] == double).any()


def test_everybody_who_buys_is_expected_to_go_on_much_as_she_did(house):
    nightly.take_snapshot(house, night=NIGHT)
    found = standing.find_all_standings(house.policy, _history(house), NIGHT)
    expected = found.set_index("customer_key")["expected_spend"]
    half_year_ago = bought_since(_history(house), after(-HORIZON_DAYS))
    spent = spend(half_year_ago).set_index("customer_key")["amount_minor"]
    assert expected.notna().all()
    assert (expected[spent.index] / spent).median() == pytest.approx(1, abs=0.15)


def test_of_two_weeks_nothing_is_foretold(tmp_path):
    orders = some_orders(some_customers())
    fresh = [row for row in orders if row["ordered_at"] > at("00:00", after(-10))]
    house = a_house(tmp_path / "home", policy=POLICY, orders=fresh)
    nightly.take_snapshot(house, night=NIGHT)
    found = standing.find_all_standings(house.policy, _history(house), NIGHT)
    assert len(found) > 0
    assert found["expected_spend"].isna().all()


def test_a_night_run_twice_books_nothing_twice(house):
    plan(house)
    before = ledger_of(house.engine)
    plan(house)
    standings = standing.find_all_standings(house.policy, _history(house), NIGHT)
    standing.settle_points(house, _history(house), standings, night=NIGHT)
    assert ledger_of(house.engine) == before


@pytest.mark.slow
def test_two_nights_at_once_book_what_one_after_the_other_would(house, tmp_path):
    for night in (NIGHT, after(1)):
        nightly.take_snapshot(house, night=night)
    errors = []

    def start(night):
        try:
            nightly.plan(house, night=night, now=at("01:00", night))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start, args=(night,)) for night in (NIGHT, after(1), NIGHT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    one_after_the_other = a_house(tmp_path / "other", policy=POLICY)
    for night in (NIGHT, after(1)):
        plan(one_after_the_other, night)
    pd.testing.assert_frame_equal(moves_of(house), moves_of(one_after_the_other))
    assert_laws(house)


def test_what_has_expired_is_gone_once_however_often_the_night_runs(house):
    plan(house)
    late = after(17)  # 1 December, the night after October's points were good
    for _ in range(2):
        standings = standing.find_all_standings(house.policy, _history(house), NIGHT)
        standing.settle_points(house, _history(house), standings, night=late)
    moves = moves_of(house)
    expired = moves[moves["kind"] == "expire"].set_index("customer_key")["points"]
    october = moves[(moves["kind"] == "earn") & (moves["on_day"] < NIGHT.replace(day=1))]
    assert (-expired).to_dict() == october.groupby("customer_key")["points"].sum().to_dict()


def test_from_a_restored_ledger_a_night_is_planned_the_same_to_the_byte(tmp_path):
    house = a_house(tmp_path / "home", policy=POLICY)
    nightly.take_snapshot(house, night=NIGHT)
    as_one_file(house.settings.home / "care.sqlite")
    backup = shutil.copytree(house.settings.home, tmp_path / "backup")
    plan(house)
    again = reopened(backup)
    plan(again)
    assert ledger_of(again.engine) == ledger_of(house.engine)


def _history(runtime):
    snapshot = nightly.load_snapshot(runtime.store, NIGHT)
    return nightly.open_history(runtime.store, snapshot.history, night=NIGHT)
