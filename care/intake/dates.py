"""Days as shops write them, checked against the calendar they belong to."""

from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

UNKNOWN = 0  # a part of a date that is not there: no year, month or day has this number

SENTINELS = (date(1900, 1, 1), date(1970, 1, 1), date(1, 1, 1))
"""Stand-ins that databases and forms write where they know no date."""

_OFFSET = "(?: ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2}){0,2}))?"
_OLDEST_YEAR = 1900
_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_LUNAR_DAYS = 30


class Parts(NamedTuple):
    """Years, months and days as arrays of equal length, ``UNKNOWN`` where there is none."""

    year: Ints
    month: Ints
    day: Ints

    def where(self, keep: Mask) -> "Parts":
        """Keep these dates where asked to, and make the others unknown."""
        return Parts(*(np.where(keep, part, UNKNOWN) for part in self))


def read_days(texts: pd.Series, *, year_needed: bool) -> tuple[Parts, Mask]:
    """Parts of ``1987-03-05`` and, where no year is needed, of ``--03-05`` and ``03-05``.

    ``1987/3/5`` is the same, as spreadsheets write it; a time of day behind the date, with its
    offset, does not matter. Returns the parts, and where the text has another form; a missing text
    has neither.
    """
    year = r"(?P<y>[0-9]{4})-" if year_needed else r"(?:(?P<y>[0-9]{4})-|--)?"
    pattern = rf"^{year}(?P<m>[0-9]{{1,2}})-(?P<d>[0-9]{{1,2}})(?:[T ][0-9:.]+{_OFFSET})?$"
    said = pa.array(texts, pa.large_string())
    said = pc.replace_substring_regex(said, r"^([0-9]{4})/([0-9]{1,2})/", r"\1-\2-")
    found = pc.extract_regex(said, pattern)
    parts = Parts(*(_numbers(pc.struct_field(found, name)) for name in "ymd"))
    malformed = pc.and_(pc.is_valid(said), pc.is_null(found)).to_numpy(zero_copy_only=False)
    return parts, malformed


def read_numbers(texts: pd.Series) -> tuple[Ints, Mask]:
    """Whole numbers of at most four digits, and where the text is none (a missing one is 0)."""
    said = pa.array(texts, pa.large_string())
    number = pc.match_substring_regex(said, "^[0-9]{1,4}$")
    known = pc.if_else(number, said, pa.scalar(None, pa.large_string()))
    malformed = pc.and_(pc.is_valid(said), pc.is_null(known)).to_numpy(zero_copy_only=False)
    return _numbers(known), malformed


def exists(parts: Parts, *, lunar: Mask | bool = False) -> Mask:
    """Where month and day are a day of their calendar in that year; 29 February without a year is.

    A lunar month has at most 30 days; which years have a 30th is not asked here.
    """
    year, month, day = parts
    known = (month >= 1) & (month <= 12) & (day >= 1)
    common = (year != UNKNOWN) & ((year % 4 != 0) | ((year % 100 == 0) & (year % 400 != 0)))
    days = _DAYS[np.where(known, month, 0)] - ((month == 2) & common)
    fits: Mask = day <= np.where(lunar, _LUNAR_DAYS, days)
    return known & fits


def is_sentinel(parts: Parts) -> Mask:
    """Where a date is one of ``SENTINELS``."""
    year, month, day = parts
    found: Mask = np.logical_or.reduce(
        [(year == s.year) & (month == s.month) & (day == s.day) for s in SENTINELS]
    )
    return found


def is_ancient(parts: Parts) -> Mask:
    """Where the year is one in which nobody alive was born."""
    ancient: Mask = (parts.year != UNKNOWN) & (parts.year < _OLDEST_YEAR)
    return ancient


def is_after(parts: Parts, night: date) -> Mask:
    """Where a date lies after the night; a year alone counts from its first day."""
    as_number = parts.year * 10_000 + parts.month * 100 + parts.day
    night_number = night.year * 10_000 + night.month * 100 + night.day
    after: Mask = (parts.year != UNKNOWN) & (as_number > night_number)
    return after


def to_dates(parts: Parts) -> npt.NDArray[np.datetime64]:
    """``datetime64[s]``, NaT where the year is unknown; the days must exist."""
    months = (parts.year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + parts.month - 1
    days = (months.astype("datetime64[D]") + parts.day - 1).astype("datetime64[s]")
    return np.where(parts.year == UNKNOWN, np.datetime64("NaT", "s"), days)


def _numbers(texts: pa.Array) -> Ints:
    # RE2 gives "" for a group that did not take part in the match
    known = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    numbers: Ints = pc.cast(known, pa.int64()).fill_null(UNKNOWN).to_numpy(zero_copy_only=False)
    return numbers
