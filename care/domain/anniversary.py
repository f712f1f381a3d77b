"""The day an anniversary falls on, for whole columns of customers at once.

Every anniversary comes exactly once in each year of its own calendar: a lunar one may come twice
in a Gregorian year, or not at all.
"""

import re
from datetime import date
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator

from care.domain import lunar
from care.domain.lunar import LeapMonthRule

Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LeapDayRule = Literal["28-february", "1-march"]
WeekdayRule = Literal["no", "before"]


def _in_every_year(on: str) -> str:
    try:
        if not re.fullmatch("[0-9]{2}-[0-9]{2}", on):
            raise ValueError  # Python would read 2001-W05 as a day, too
        date.fromisoformat(f"2001-{on}")
    except ValueError:
        raise ValueError(f"not every year has a {on}; write month and day as 11-09") from None
    return on


MonthDay = Annotated[str, AfterValidator(_in_every_year)]
"""A day that every year has, as month and day."""

_LONGEST = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def next_anniversary(
    month: Ints, day: Ints, *, on_or_after: np.datetime64 | Days, leap_day: LeapDayRule
) -> Days:
    """First anniversary of (month, day) on or after a date; ``on_or_after`` may be one a row.

    ``month`` 1–12, ``day`` 1–31. In a common year 29 February moves to the day the merchant chose.
    Returns ``datetime64[D]``, NaT where no year has such a day.
    """
    first = np.asarray(on_or_after, dtype="datetime64[D]")
    year = year_of(first)
    this_year = _on(year, month, day, leap_day)
    return np.where(this_year < first, _on(year + 1, month, day, leap_day), this_year)


def next_lunar_anniversary(
    month: Ints,
    day: Ints,
    leap: Mask,
    *,
    on_or_after: np.datetime64 | Days,
    leap_month: LeapMonthRule,
) -> tuple[Days, Ints]:
    """First anniversary of a lunar (month, day) on or after a date, and the lunar year it is in.

    ``leap`` tells the dates of a leap month. What a year lacks is kept as ``lunar.kept_on`` says.
    NaT where no year has such a day, and beyond the calendar's tables.
    """
    first = np.asarray(on_or_after, dtype="datetime64[D]")
    year = lunar.from_gregorian(first).year
    this_year = lunar.kept_on(year, month, leap, day, leap_month=leap_month)
    next_year = lunar.kept_on(year + 1, month, leap, day, leap_month=leap_month)
    passed = this_year < first
    return np.where(passed, next_year, this_year), np.where(passed, year + 1, year)


def first_day_to_send(on: Days, move_to_weekday: WeekdayRule) -> Days:
    """The day itself or, for "before", the Friday before a day that falls on a weekend."""
    if move_to_weekday == "no":
        return on
    friday: Days = np.busday_offset(on, 0, roll="backward")
    return friday


def month_and_day(dates: Days) -> tuple[Ints, Ints]:
    """Month and day of each date, 0 for NaT."""
    days = dates.astype("datetime64[D]")
    first = days.astype("datetime64[M]")
    known = ~np.isnat(days)
    month = np.where(known, first.astype(np.int64) % 12 + 1, 0)
    return month, np.where(known, (days - first.astype("datetime64[D]")).astype(np.int64) + 1, 0)


def _on(year: Ints, month: Ints, day: Ints, leap_day: LeapDayRule) -> Days:
    ever = (month >= 1) & (month <= 12)
    ever &= (day >= 1) & (day <= _LONGEST[np.where(ever, month, 0)])
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]")
    first: Days = months + (month - 1).astype("timedelta64[M]")
    date: Days = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    spilled = date.astype("datetime64[M]") != first  # 29 February of a common year: 1 March
    moved: Days = date - (spilled & (leap_day == "28-february")).astype("timedelta64[D]")
    return np.where(ever, moved, np.datetime64("NaT", "D"))


def year_of(dates: Days) -> Ints:
    """Calendar year of each date, as integers."""
    years: Ints = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    return years
