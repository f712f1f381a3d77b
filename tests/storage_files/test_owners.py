"""Who owns what: the last purchase of a pair, of those products only that a rule may ask for."""

from datetime import date

import pandas as pd
import pytest

from care.domain.owned import OWNED
from care.storage.history import open_history
from care.storage.owners import read_owned
from care.storage.store import Store
from tests.goods import a_product, products
from tests.storage_files.builders import Line, updated

NIGHT = date(2017, 12, 1)


def owned_of(store: Store, lines: list[Line], *sold: dict, night: date = NIGHT) -> pd.DataFrame:
    history = open_history(store, updated(store, lines), night=night)
    return OWNED.check(read_owned(history, products(*sold), night=night))


def days(frame: pd.DataFrame, column: str) -> list[str | None]:
    return [None if pd.isna(day) else str(day.date()) for day in frame[column]]


def test_of_a_product_bought_twice_the_last_day_counts(folder_store: Store):
    lines = [Line("o1", "2017-09-03"), Line("o2", "2017-11-03"), Line("o3", "2017-10-01")]
    found = owned_of(folder_store, lines, a_product(10, service_interval_days=90))
    assert days(found, "bought_on") == ["2017-11-03"]
    assert days(found, "affected_on") == [None]


def test_of_a_flagged_product_also_the_last_day_before_its_notice(folder_store: Store):
    lines = [
        Line("o1", "2017-09-03"),
        Line("o2", "2017-10-01"),
        Line("o3", "2017-11-03"),
        Line("o4", "2017-11-03", customer=2),
    ]
    found = owned_of(folder_store, lines, a_product(10, flagged_on="2017-10-01"))
    assert found["customer_key"].tolist() == [1, 2]
    assert days(found, "affected_on") == ["2017-10-01", None]


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({"service_interval_days": 30}, True),
        ({"service_interval_days": 0}, False),
        ({"flagged_on": "2017-11-30"}, True),
        ({"stage": "decline"}, True),
        ({"stage": "retired"}, True),
        ({"stage": "retired", "stage_inferred": True}, False),  # and nothing follows it
        ({"stage": "retired", "stage_inferred": True, "successor_key": 11}, True),
        ({"stage": "maturity"}, False),
        ({"warranty_days": 60}, True),
        ({"warranty_days": 0}, False),
        ({"warranty_days": 365}, False),  # ends in another season
        ({"warranty_days": 27}, False),  # ended yesterday
        ({"warranty_days": 28}, True),
        ({"warranty_days": 365, "stage": "retired"}, True),
        ({}, False),
    ],
)
def test_only_what_a_rule_may_ask_for_leaves_the_history(folder_store: Store, told, asked):
    found = owned_of(folder_store, [Line("o1", "2017-11-03")], a_product(10, **told))
    assert len(found) == asked


def test_what_was_bought_from_the_night_on_is_not_yet_known(folder_store: Store):
    lines = [Line("o1", "2017-11-03"), Line("o2", "2017-12-01")]
    found = owned_of(folder_store, lines, a_product(10, service_interval_days=30))
    assert days(found, "bought_on") == ["2017-11-03"]


def test_a_product_sold_under_another_type_before_has_todays_type(folder_store: Store):
    found = owned_of(folder_store, [Line("o1", "2017-11-03")], a_product(10, stage="retired"))
    assert found["type_key"].tolist() == [7]
