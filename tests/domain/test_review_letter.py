"""The review letter: on its days of the year, to each customer in her place, and never late."""

from datetime import date, timedelta

import pandas as pd
import pytest
from pydantic import ValidationError

from care.domain.campaigns import CAMPAIGNS
from care.domain.campaigns.review_letter import ReviewLetterSettings, period_tonight
from care.domain.due import find_due
from care.domain.look_back import LOOKED_BACK
from tests.builders import a_customer, customers, frame, tables


def settings(**changed):
    told = {"priority": 1, "channels": ["email"], "days": ["01-05"], "spread_days": 4}
    return ReviewLetterSettings.model_validate(told | {"late_days": 2} | changed)


def period(night, **changed):
    return period_tonight({"review_letter": settings(**changed)}, night)


def looked_back(*rows):
    """(customer, visits, product, times) of those in whose places the letter may go."""
    names = list(LOOKED_BACK.dtypes)
    return frame(LOOKED_BACK.dtypes, *(dict(zip(names, row, strict=True)) for row in rows))


def due(night, *rows, people=(), **changed):
    keys = [row[0] for row in rows]
    who = people or [a_customer(key) for key in keys]
    seen = tables(customers(*who), looked_back=looked_back(*rows))
    return find_due(seen, {"review_letter": settings(**changed)}, night=night)


def told(found):
    return [CAMPAIGNS["review_letter"].read_facts(facts) for facts in found["facts"]]


# ── Which months, and which nights ──────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("day", "months", "begins", "last"),
    [
        ("01-05", 12, date(2017, 1, 1), date(2017, 12, 31)),
        ("01-05", 6, date(2017, 7, 1), date(2017, 12, 31)),
        ("07-01", 6, date(2018, 1, 1), date(2018, 6, 30)),
        ("11-30", 6, date(2018, 5, 1), date(2018, 10, 31)),
        ("03-01", 1, date(2018, 2, 1), date(2018, 2, 28)),
    ],
)
def test_a_letter_tells_of_the_whole_months_before_its_day(day, months, begins, last):
    found = period(date.fromisoformat(f"2018-{day}"), days=[day], months=months)
    assert (found.begins, found.ends - timedelta(days=1)) == (begins, last)


@pytest.mark.parametrize(
    ("night", "places"),
    [
        ("2018-01-04", None),
        ("2018-01-05", (0,)),
        ("2018-01-06", (0, 1)),
        ("2018-01-08", (1, 2, 3)),
        ("2018-01-10", (3,)),
        ("2018-01-11", None),
    ],
)
def test_letters_are_spread_over_days_and_each_has_its_own_window(night, places):
    found = period(date.fromisoformat(night))
    assert (found and found.places) == places


def test_letters_that_begin_in_december_may_end_in_january():
    found = period(date(2018, 1, 2), days=["12-30"], months=6)
    assert (found.first_on, found.places) == (date(2017, 12, 30), (1, 2, 3))
    assert (found.begins, found.ends) == (date(2017, 6, 1), date(2017, 12, 1))


def test_a_policy_without_the_campaign_looks_back_on_nothing():
    assert period_tonight({}, date(2018, 1, 5)) is None


@pytest.mark.parametrize("days", [["02-29"], ["13-01"], ["soon"], ["W05"], ["05-01", "05-20"], []])
def test_days_that_make_no_sense_are_refused(days):
    with pytest.raises(ValidationError):
        settings(days=days)


# ── Whose letter, and what it says ──────────────────────────────────────────────────────────────
def test_each_customer_has_her_own_day_and_her_letter_is_not_sent_late():
    found = due(date(2018, 1, 7), (4, 20, 70, 8), (5, 9, 71, 3), (6, 12, 72, 5))
    assert found["send_from"].dt.day.tolist() == [5, 6, 7]
    assert found["send_until"].dt.day.tolist() == [7, 8, 9]
    assert set(found["occasion_key"]) == {"review-to-2017-12"}


def test_every_place_gets_as_many_letters_as_the_others():
    keys = range(1, 401)
    nights = [date(2018, 1, 5) + timedelta(days=n) for n in range(4)]
    counts = [
        sum(1 for key in keys if key % 4 in period(night, late_days=0).places) for night in nights
    ]
    assert counts == [100, 100, 100, 100]


def test_it_is_the_same_occasion_whatever_the_months_are_and_whenever_it_is_found():
    first = due(date(2018, 1, 5), (4, 20, 70, 8))
    later = due(date(2018, 1, 7), (4, 20, 70, 8), months=6)
    assert first["occasion_key"].tolist() == later["occasion_key"].tolist()


def test_it_says_how_often_she_came_and_names_what_she_chose_often():
    found = due(date(2018, 1, 5), (4, 20, 70, 8))
    assert told(found) == [{"visits": 20, "months": 12, "until": date(2017, 12, 31)}]
    assert found["product_key"].tolist() == [70]


@pytest.mark.parametrize(("product", "times"), [(70, 2), (None, None)])
def test_what_she_chose_seldom_or_no_letter_may_name_is_not_named(product, times):
    found = due(date(2018, 1, 5), (4, 20, product, times), min_times=3)
    assert found["product_key"].isna().tolist() == [True]


@pytest.mark.parametrize(("points", "says"), [(250, 250), (0, None), (None, None)])
def test_points_are_told_where_there_are_any(points, says):
    people = [a_customer(4, points=points)]
    (facts,) = told(due(date(2018, 1, 5), (4, 20, 70, 8), people=people))
    assert facts.get("points") == says


def test_on_other_nights_nobody_is_due():
    assert due(date(2018, 3, 1), (4, 20, 70, 8)).empty


def test_nobody_bought_is_nobody_due():
    seen = tables(customers(a_customer(4)), looked_back=looked_back())
    assert find_due(seen, {"review_letter": settings()}, night=date(2018, 1, 5)).empty
    assert pd.Series(LOOKED_BACK.empty()["visits"]).empty
