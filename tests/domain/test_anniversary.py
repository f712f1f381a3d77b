"""The law of anniversaries: exactly once in each year of their own calendar, for ever."""

import numpy as np
import pytest

from care.domain import lunar
from care.domain.anniversary import (
    first_day_to_send,
    month_and_day,
    next_anniversary,
    next_lunar_anniversary,
    year_of,
)

NIGHTS = np.arange(np.datetime64("2010-01-01"), np.datetime64("2041-01-01"))
YEARS = range(2011, 2040)  # those that lie wholly within, in either calendar


def every_gregorian_date():
    leap_year = np.arange(np.datetime64("2016-01-01"), np.datetime64("2017-01-01"))
    assert len(leap_year) == 366
    return month_and_day(leap_year)


def every_lunar_date():
    month, leap, day = np.meshgrid(np.arange(1, 13), [False, True], np.arange(1, 31))
    return month.ravel(), day.ravel(), leap.ravel()


def assert_once_a_year(on, year, *, lead, rule):
    """What a night finds, night by night (rows) and date by date (columns)."""
    nights = NIGHTS[:, None]
    first = first_day_to_send(on, rule)
    due = first <= nights + lead
    assert not (due & (on < nights)).any(), "late"
    assert (on - nights)[due].max() <= np.timedelta64(lead + 2)
    for kept in YEARS:
        near = slice(*np.searchsorted(NIGHTS, np.array([f"{kept - 1}-12", f"{kept + 1}-03"], "M8")))
        of_year, days = due[near] & (year[near] == kept), on[near].astype(np.int64)
        assert of_year.any(axis=0).all(), f"a date that {kept} forgets"
        # However often it is found, it is one and the same day, and so one and the same touch.
        low = np.where(of_year, days, np.iinfo(np.int64).max).min(axis=0)
        high = np.where(of_year, days, np.iinfo(np.int64).min).max(axis=0)
        assert (low == high).all(), f"a date that {kept} keeps twice"
    if lead == 0 and rule == "no":
        inner = np.isin(year, YEARS)
        assert ((due & inner).sum(axis=0) == len(YEARS)).all(), (
            "found on another night than its own"
        )


@pytest.mark.parametrize("lead", [0, 3])
@pytest.mark.parametrize(
    ("leap_day", "rule"), [("28-february", "no"), ("1-march", "no"), ("28-february", "before")]
)
def test_every_gregorian_date_fires_once_in_every_year(lead, leap_day, rule):
    month, day = every_gregorian_date()
    on = next_anniversary(month, day, on_or_after=NIGHTS[:, None], leap_day=leap_day)
    assert_once_a_year(on, year_of(on), lead=lead, rule=rule)


@pytest.mark.parametrize("lead", [0, 3])
@pytest.mark.parametrize(
    ("leap_month", "rule"),
    [("leap-month", "no"), ("regular-month", "no"), ("leap-month", "before")],
)
def test_every_lunar_date_fires_once_in_every_lunar_year(lead, leap_month, rule):
    month, day, leap = every_lunar_date()
    on, year = next_lunar_anniversary(
        month, day, leap, on_or_after=NIGHTS[:, None], leap_month=leap_month
    )
    assert_once_a_year(on, np.broadcast_to(year, on.shape), lead=lead, rule=rule)


def test_some_gregorian_years_hold_a_lunar_date_twice_and_some_never():
    years = np.arange(2011, 2040)
    one = np.ones_like(years)
    winter_day = lunar.to_gregorian(years, 11 * one, one == 0, 20 * one)
    often = np.bincount(year_of(winter_day) - 2011)
    assert {0, 2} <= set(often[1:-1].tolist())


@pytest.mark.parametrize(("month", "day"), [(2, 30), (4, 31), (13, 1), (0, 0), (1, 0), (6, 31)])
def test_a_date_that_no_year_has_never_fires(month, day):
    on = next_anniversary(
        np.array([month]), np.array([day]), on_or_after=NIGHTS[:800, None], leap_day="1-march"
    )
    assert np.isnat(on).all()


@pytest.mark.parametrize(
    ("day", "sent"),
    [
        ("2026-11-20", "2026-11-20"),  # a Friday
        ("2026-11-21", "2026-11-20"),
        ("2026-11-22", "2026-11-20"),
        ("2026-11-23", "2026-11-23"),
    ],
)
def test_a_wish_for_a_weekend_may_go_out_on_the_friday_before(day, sent):
    on = np.array([day, "NaT"], dtype="datetime64[D]")
    assert first_day_to_send(on, "before").astype(str).tolist() == [sent, "NaT"]
    assert first_day_to_send(on, "no") is on
