"""The lunar calendar against an almanac that computes it, and against what is known of it."""

from datetime import date

import numpy as np
import pytest
from lunar_python import LunarYear

from care.domain import lunar

NEAR_MIDNIGHT = {(2089, 7), (2089, 8), (2097, 6), (2097, 7)}
"""Months beside the new moons over which almanacs differ; see ``care.domain.lunar``."""

_KNOWN = (
    "1930-6 1933-5 1936-3 1938-7 1941-6 1944-4 1947-2 1949-7 1952-5 1955-3 1957-8 1960-6 "
    "1963-4 1966-3 1968-7 1971-5 1974-4 1976-8 1979-6 1982-4 1984-10 1987-6 1990-5 "
    "1993-3 1995-8 1998-5 2001-4 2004-2 2006-7 2009-5 2012-4 2014-9 2017-6 2020-4 2023-2 "
    "2025-6 2028-5 2031-3 2033-11 2036-6 2039-5 2042-2 2044-7 2047-5 2050-3"
)
LEAP_MONTHS = dict(tuple(map(int, one.split("-"))) for one in _KNOWN.split())

SPRING_FESTIVALS = [
    *("1949-01-29", "1976-01-31", "1985-02-20", "2000-02-05", "2012-01-23", "2015-02-19"),
    *("2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25", "2021-02-12", "2022-02-01"),
    *("2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2033-01-31"),
    "2034-02-19",
]


def gregorian(year, month, day, leap=False):
    parts = (np.array([part]) for part in (year, month, leap, day))
    return lunar.to_gregorian(*parts)[0].astype(object)


def kept(year, month, day, leap=False, rule="leap-month"):
    parts = (np.array([part]) for part in (year, month, leap, day))
    return lunar.kept_on(*parts, leap_month=rule)[0].astype(object)


def test_every_month_of_two_centuries_begins_and_ends_as_computed():
    computed = {
        (one.getYear(), abs(one.getMonth()), one.getMonth() < 0): (
            int(one.getFirstJulianDay() + 0.5) - 2_440_588,
            one.getDayCount(),
        )
        for year in range(lunar.FIRST_YEAR, lunar.LAST_YEAR + 1)
        for one in LunarYear.fromYear(year).getMonthsInYear()
    }
    year, month, leap = (np.array(part) for part in zip(*computed, strict=True))
    first = lunar.to_gregorian(year, month, leap, np.ones_like(year))
    thirtieth = lunar.to_gregorian(year, month, leap, np.full_like(year, 30))
    ours = {
        key: (int(start), 29 + bool(long))
        for key, start, long in zip(
            computed, first.astype(np.int64), ~np.isnat(thirtieth), strict=True
        )
    }
    different = {key[:2] for key in computed if computed[key] != ours[key]}
    assert different == NEAR_MIDNIGHT
    assert len(computed) == len(lunar._MONTHS.year)


def test_every_day_of_two_centuries_comes_back():
    days = np.arange(np.datetime64("1900-01-31"), np.datetime64("2101-01-29"))
    told = lunar.from_gregorian(days)
    assert (lunar.to_gregorian(*told[:3], told.day) == days).all()
    assert (told.year >= 1900).all()


def test_leap_months_are_the_known_ones():
    year = np.repeat(np.arange(1930, 2051), 12)
    month = np.tile(np.arange(1, 13), 121)
    found = ~np.isnat(lunar.to_gregorian(year, month, np.ones(len(year), bool), np.ones_like(year)))
    assert dict(zip(year[found].tolist(), month[found].tolist(), strict=True)) == LEAP_MONTHS


@pytest.mark.parametrize("day", SPRING_FESTIVALS)
def test_spring_festival_is_on_its_known_day(day):
    assert gregorian(int(day[:4]), 1, 1) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("lunar_date", "day"),
    [
        ((2033, 11, 1, False), date(2033, 11, 22)),
        ((2033, 11, 1, True), date(2033, 12, 22)),  # the leap eleventh month, after the solstice
        ((2033, 12, 1, False), date(2034, 1, 20)),
        ((2017, 6, 1, True), date(2017, 7, 23)),
        ((2020, 8, 15, False), date(2020, 10, 1)),  # Mid-Autumn on the National Day
        ((2023, 12, 30, False), date(2024, 2, 9)),
    ],
)
def test_a_lunar_date_is_the_known_day(lunar_date, day):
    year, month, number, leap = lunar_date
    assert gregorian(year, month, number, leap) == day
    told = lunar.from_gregorian(np.array([day], dtype="datetime64[D]"))
    assert tuple(part[0] for part in told) == (year, month, leap, number)


@pytest.mark.parametrize(
    "nowhere",
    [
        (2024, 12, 30),  # that month had 29 days
        (2024, 13, 1),
        (2024, 0, 1),
        (2024, 1, 31),
        (2024, 1, 0),
        (2024, 4, 1, True),
        (1899, 1, 1),
        (2101, 1, 1),
    ],
)
def test_what_never_was_is_no_day(nowhere):
    assert gregorian(*nowhere) is None


def test_a_day_outside_the_tables_has_no_lunar_date():
    days = np.array(["1900-01-30", "2101-01-29", "NaT"], dtype="datetime64[D]")
    assert lunar.from_gregorian(days).year.tolist() == [0, 0, 0]


def test_the_thirtieth_of_a_short_month_is_kept_on_its_last_day():
    assert kept(2023, 12, 30) == date(2024, 2, 9)
    assert kept(2024, 12, 30) == kept(2024, 12, 29) == date(2025, 1, 28)


@pytest.mark.parametrize(
    ("year", "rule", "day"),
    [
        (2017, "leap-month", date(2017, 8, 6)),
        (2017, "regular-month", date(2017, 7, 8)),
        (2018, "leap-month", date(2018, 7, 27)),  # no leap month that year
        (2018, "regular-month", date(2018, 7, 27)),
    ],
)
def test_a_leap_month_is_kept_as_the_merchant_says(year, rule, day):
    assert kept(year, 6, 15, leap=True, rule=rule) == day


def test_what_can_never_be_is_never_kept():
    assert kept(2024, 1, 31) is None
    assert kept(2024, 13, 1) is None
