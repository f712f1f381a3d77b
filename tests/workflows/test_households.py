"""Habits by household: what one brings home, the other has not given up."""

import pandas as pd
import pytest

from care.household import Households
from care.rhythms import read_habits
from care.storage.database import reading
from care.storage.tables import identities
from recommender.timing.rhythm import rhythm
from tests.workflows.builders import NIGHT, a_house, run_night, some_customers, some_orders

HER, OTHER = "c09", "c46"
STOPPED = "2017-09-20"


def days(*rows):
    frame = pd.DataFrame(rows, columns=["customer", "type", "day"])
    return frame.astype({"customer": "int64", "type": "int64", "day": "int32"})


@pytest.fixture
def couple():
    """Customers 1 and 2 live together, 3 alone; key 1 stands for the home."""
    shared = days((1, 7, 10), (1, 7, 20), (1, 7, 30), (1, 8, 40))
    return Households(
        pd.Series([1, 1], index=[1, 2]),
        rhythm(shared, today=50),
        rhythm(shared.assign(type=0), today=50),
    )


def test_the_last_day_is_that_of_whoever_at_home_bought_last(couple):
    pairs = pd.DataFrame(
        {"customer": [1, 2, 2, 3], "type": [7, 7, 9, 7], "last_day": [10, 30, 5, 2]}
    )
    assert couple.last_days(pairs).tolist() == [30, 30, 5, 2]


def test_visits_are_those_of_the_household_row_for_row(couple):
    own = rhythm(days((1, 0, 10), (2, 0, 20), (2, 0, 40), (3, 0, 2), (3, 0, 9)), today=50)
    found = couple.visits_of(own)
    assert found["customer"].tolist() == [1, 2, 3]
    assert found["purchases"].tolist() == [4, 4, 2]
    assert found["last_day"].tolist() == [40, 40, 9]


def test_who_lives_alone_keeps_her_own(couple):
    own = rhythm(days((3, 0, 2), (3, 0, 9)), today=50)
    pd.testing.assert_frame_equal(couple.visits_of(own), own)


def habits_of(tmp_path, orders, *, together):
    """Her breaks, silences and rhythms on the night."""
    people = [
        one | {"household_id": "h1" if together and one["customer_id"] in (HER, OTHER) else None}
        for one in some_customers()
    ]
    runtime = a_house(tmp_path / f"{together}", customers=people, orders=orders)
    run_night(runtime)
    with reading(runtime.engine) as connection:
        her = connection.execute(identities.select().where(identities.c.customer_id == HER)).one()
    found = read_habits(runtime.store, NIGHT)
    mine = (
        frame[frame["customer_key"] == her.customer_key]
        for frame in (found.breaks, found.silences, found.rhythms)
    )
    return tuple(mine)


def test_a_habit_that_somebody_at_home_goes_on_with_is_not_broken(tmp_path):
    orders = [
        line
        for line in some_orders(some_customers())
        if not (
            line["customer_id"] == HER
            and line["product_id"].startswith("p-0-")
            and f"{line['ordered_at']:%Y-%m-%d}" > STOPPED
        )
    ]
    assert any(line["customer_id"] == OTHER and line["product_id"].startswith("p-0-")
               for line in orders)  # fmt: skip
    breaks, silences, _ = habits_of(tmp_path, orders, together=False)
    assert (len(breaks), len(silences)) == (1, 0)
    breaks, _, rhythms = habits_of(tmp_path, orders, together=True)
    assert breaks.empty
    coffee = rhythms[rhythms["category"] == "COFFEE"]
    assert (coffee["household_bought_on"] > coffee["last_day"]).all()


def test_who_is_silent_while_her_household_comes_is_not_missed(tmp_path):
    orders = [
        line
        for line in some_orders(some_customers())
        if not (line["customer_id"] == HER and f"{line['ordered_at']:%Y-%m-%d}" > STOPPED)
    ]
    _, silences, rhythms = habits_of(tmp_path, orders, together=False)
    assert len(silences) == 1
    assert len(rhythms)
    assert (rhythms["household_away_from"] <= pd.Timestamp(NIGHT)).all()
    _, silences, rhythms = habits_of(tmp_path, orders, together=True)
    assert silences.empty
    assert (rhythms["household_away_from"] > pd.Timestamp(NIGHT)).all()
