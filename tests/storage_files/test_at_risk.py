"""Sales that may lead to cases, and how long after a purchase a case came."""

from datetime import date

import pandas as pd
import pytest

from care.domain.rise import AT_RISK
from care.storage.at_risk import days_after, read_at_risk
from care.storage.history import open_history
from care.storage.store import Store
from tests.storage_files.builders import Line, updated

NIGHT = date(2017, 12, 1)
LINES = [
    Line("o1", "2017-11-03"),
    Line("o2", "2017-11-20"),
    Line("o3", "2017-11-20", customer=2),
    Line("o4", "2017-11-25", product=11),
    Line("o5", "2017-12-01", product=12),
]


@pytest.fixture
def history(folder_store: Store):
    return open_history(folder_store, updated(folder_store, LINES), night=NIGHT)


def asked(*rows):
    frame = pd.DataFrame(list(rows), columns=["customer_key", "product_key", "opened_on"])
    return frame.astype({"opened_on": "datetime64[s]"})


@pytest.mark.parametrize(
    ("case", "days"),
    [
        ((1, 10, "2017-11-22"), [2]),  # of the last purchase
        ((1, 10, "2017-11-19"), [16]),  # of the one before
        ((1, 10, "2017-11-03"), [0]),
        ((1, 10, "2017-11-02"), []),  # before she bought any
        ((2, 11, "2017-11-28"), []),  # somebody else did
    ],
)
def test_a_case_is_of_the_last_purchase_before_it(history, case, days):
    assert days_after(history, asked(case)).tolist() == days


def test_every_case_is_told_apart(history):
    same = (1, 10, "2017-11-22")
    assert days_after(history, asked(same, (2, 10, "2017-11-22"), same)).tolist() == [2, 2, 2]


def test_each_order_line_has_the_weights_of_its_day(history):
    days = pd.to_datetime(["2017-11-03", "2017-11-20", "2017-11-25"]).astype("datetime64[s]")
    weights = pd.DataFrame({"day": days, "recent": [0, 7000, 0], "past": [9000, 2000, 0]})
    found = AT_RISK.check(read_at_risk(history, weights))
    assert found.to_numpy().tolist() == [[10, 14000, 13000]]


def test_days_that_are_not_weighed_and_orders_from_the_night_on_count_nothing(history):
    days = pd.to_datetime(["2017-12-01"]).astype("datetime64[s]")
    weights = pd.DataFrame({"day": days, "recent": [5], "past": [5]})
    assert read_at_risk(history, weights).empty
