"""The festivals the house has words for, and the day each falls on."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

import numpy as np
from dateutil.easter import easter

from care.domain import lunar

DayOf = Callable[[int], np.datetime64]
"""From a Gregorian year to the day in it."""

BY_DEFAULT = "most"
"""Stands for every country that dates a festival as most do."""


def _fixed(month: int, day: int) -> DayOf:
    return lambda year: np.datetime64(f"{year}-{month:02}-{day:02}")


def _lunar(month: int, day: int) -> DayOf:
    def of(year: int) -> np.datetime64:
        found = lunar.to_gregorian(*(np.array([part]) for part in (year, month, False, day)))
        return np.datetime64(found[0])

    return of


def _weekday(month: int, nth: int, weekday: str) -> DayOf:
    """Such as the second Sunday of May; counted from -1 for the last one."""
    after = month + (nth < 0)
    offset = nth - (nth > 0)
    return lambda year: np.busday_offset(
        f"{year}-{after:02}-01", offset, roll="forward", weekmask=weekday
    )


def _mothering_sunday(year: int) -> np.datetime64:
    return np.datetime64(easter(year)) - 21


def _french_mothers_day(year: int) -> np.datetime64:
    pentecost = np.datetime64(easter(year)) + 49
    last_of_may = _weekday(5, -1, "Sun")(year)
    return last_of_may if last_of_may != pentecost else last_of_may + 7


_MOTHERS_DAY: Mapping[str, DayOf] = {
    BY_DEFAULT: _weekday(5, 2, "Sun"),
    **dict.fromkeys(("GB", "IE"), _mothering_sunday),
    "FR": _french_mothers_day,
    "SE": _weekday(5, -1, "Sun"),
    **dict.fromkeys(("ES", "PT", "HU", "LT", "RO"), _weekday(5, 1, "Sun")),
    "NO": _weekday(2, 2, "Sun"),
    "PL": _fixed(5, 26),
    **dict.fromkeys(("MX", "GT", "SV"), _fixed(5, 10)),
    "TH": _fixed(8, 12),
    **dict.fromkeys(("AE", "EG", "JO", "KW", "LB", "QA", "SA"), _fixed(3, 21)),
}

FESTIVALS: Mapping[str, Mapping[str, DayOf]] = {
    "new-year": {BY_DEFAULT: _fixed(1, 1)},
    "spring-festival": {BY_DEFAULT: _lunar(1, 1)},
    "lantern": {BY_DEFAULT: _lunar(1, 15)},
    "mothers-day": _MOTHERS_DAY,
    "qixi": {BY_DEFAULT: _lunar(7, 7)},
    "mid-autumn": {BY_DEFAULT: _lunar(8, 15)},
    "double-ninth": {BY_DEFAULT: _lunar(9, 9)},
    "thanksgiving": {"US": _weekday(11, 4, "Thu"), "CA": _weekday(10, 2, "Mon")},
    "christmas": {BY_DEFAULT: _fixed(12, 25)},
}
"""Festival → country (ISO 3166) → its day. Each comes once in every Gregorian year."""

NO_FESTIVAL = "none"
"""What a customer says who wants to hear of none."""


@lru_cache(maxsize=4096)
def next_festival(name: str, country: str | None, *, on_or_after: date) -> np.datetime64:
    """First day on or after a date on which a country, or else most of them, keep a festival."""
    countries = FESTIVALS[name]
    return _next(countries.get(country or BY_DEFAULT) or countries[BY_DEFAULT], on_or_after)


def next_yearly(month: int, day: int, *, on_or_after: date) -> np.datetime64:
    """First such day on or after a date."""
    return _next(_fixed(month, day), on_or_after)


def _next(day_of: DayOf, on_or_after: date) -> np.datetime64:
    this_year = day_of(on_or_after.year)
    return this_year if this_year >= np.datetime64(on_or_after) else day_of(on_or_after.year + 1)
