"""The day an anniversary falls on, for whole columns of customers at once."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]

LeapDayRule = Literal["28-february", "1-march"]


def next_anniversary(
    month: Ints, day: Ints, *, on_or_after: np.datetime64, leap_day: LeapDayRule
) -> Days:
    """First anniversary of (month, day) on or after a date.

    ``month`` 1–12, ``day`` 1–31, both already checked to be a real day of a leap year. In a common
    year 29 February moves to the day the merchant chose. Returns ``datetime64[D]`` of equal shape.
    """
    year = on_or_after.astype("datetime64[Y]").astype(np.int64) + 1970
    this_year = _on(np.full(month.shape, year), month, day, leap_day)
    next_year = _on(np.full(month.shape, year + 1), month, day, leap_day)
    passed = this_year < on_or_after
    coming = this_year.copy()
    coming[passed] = next_year[passed]
    return coming


def _on(year: Ints, month: Ints, day: Ints, leap_day: LeapDayRule) -> Days:
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]")
    first: Days = months + (month - 1).astype("timedelta64[M]")
    date: Days = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    spilled = date.astype("datetime64[M]") != first  # 29 February of a common year: 1 March
    moved: Days = date - (spilled & (leap_day == "28-february")).astype("timedelta64[D]")
    return moved


def year_of(dates: Days) -> Ints:
    """Calendar year of each date, as integers."""
    years: Ints = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    return years
