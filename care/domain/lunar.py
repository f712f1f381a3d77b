"""The Chinese lunisolar calendar, for whole columns of dates at once.

Lunar years 1900 to 2100, from the tables of ``borax``. The new moons of 28 September 2057,
4 September 2089 and 7 August 2097 come so near to midnight that almanacs differ by a day over the
month that begins with each (https://www.hko.gov.hk/en/gts/time/conversion.htm).

A date is year, month 1–12, whether the month is the leap one of that number, and day 1–30.
"""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from borax.calendars.lunardate import MAX_LUNAR_YEAR, MIN_LUNAR_YEAR, MIN_SOLAR_DATE, LCalendars

Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FIRST_YEAR, LAST_YEAR = MIN_LUNAR_YEAR, MAX_LUNAR_YEAR

LeapMonthRule = Literal["leap-month", "regular-month"]

_NOWHERE = -1


class LunarDates(NamedTuple):
    """Parts of lunar dates as arrays of equal shape; year 0 where a day lies outside the tables."""

    year: Ints
    month: Ints
    leap: Mask
    day: Ints


class _Months(NamedTuple):
    """Every month of the tables in order; ``place[year - FIRST_YEAR, month, leap]`` finds one."""

    year: Ints
    month: Ints
    leap: Mask
    length: Ints
    start: Ints  # days since 1970-01-01; one more than there are months, the end of the last
    place: Ints


def _read_months() -> _Months:
    rows = np.array(
        [
            (year, month, leap, length)
            for year in range(FIRST_YEAR, LAST_YEAR + 1)
            for month, length, leap in LCalendars.iter_year_month(year)
        ],
        dtype=np.int64,
    )
    year, month, leap, length = rows.T
    first = np.datetime64(MIN_SOLAR_DATE, "D").astype(np.int64)
    place = np.full((LAST_YEAR - FIRST_YEAR + 1, 13, 2), _NOWHERE)
    place[year - FIRST_YEAR, month, leap] = np.arange(len(rows))
    return _Months(year, month, leap == 1, length, first + np.append(0, np.cumsum(length)), place)


_MONTHS = _read_months()


def from_gregorian(days: Days) -> LunarDates:
    """Lunar date of each Gregorian day; NaT is outside the tables."""
    number = days.astype("datetime64[D]").astype(np.int64)
    known = (number >= _MONTHS.start[0]) & (number < _MONTHS.start[-1])
    number = np.where(known, number, _MONTHS.start[0])
    at = np.searchsorted(_MONTHS.start, number, side="right") - 1
    return LunarDates(
        np.where(known, _MONTHS.year[at], 0),
        np.where(known, _MONTHS.month[at], 0),
        known & _MONTHS.leap[at],
        np.where(known, number - _MONTHS.start[at] + 1, 0),
    )


def to_gregorian(year: Ints, month: Ints, leap: Mask, day: Ints) -> Days:
    """Gregorian day of each lunar date, ``datetime64[D]``; NaT where there is no such date."""
    at = _place(year, month, leap)
    return _day_of(at, day, (at != _NOWHERE) & (day >= 1) & (day <= _MONTHS.length[at]))


def kept_on(year: Ints, month: Ints, leap: Mask, day: Ints, *, leap_month: LeapMonthRule) -> Days:
    """The Gregorian day on which a lunar date is kept in a lunar year, once in each.

    A leap month that the year lacks, or that the rule passes over, is its regular month; the 30th
    of a short month is its 29th. NaT where month or day can never be.
    """
    own = _place(year, month, leap & (leap_month == "leap-month"))
    at = np.where(own == _NOWHERE, _place(year, month, np.zeros_like(leap)), own)
    possible = (at != _NOWHERE) & (day >= 1) & (day <= 30)
    return _day_of(at, np.minimum(day, _MONTHS.length[at]), possible)


def _place(year: Ints, month: Ints, leap: Mask) -> Ints:
    """Where in the tables a month is; months of other numbers and years are nowhere."""
    known = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
    row, column = np.where(known, year - FIRST_YEAR, 0), np.where(known, month, 0)
    found: Ints = _MONTHS.place[row, column, leap.astype(np.int64)]
    return found


def _day_of(at: Ints, day: Ints, possible: Mask) -> Days:
    days = (_MONTHS.start[at] + day - 1).astype("datetime64[D]")
    return np.where(possible, days, np.datetime64("NaT", "D"))
