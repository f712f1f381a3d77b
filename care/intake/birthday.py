"""Birthdays and other days of a customer's, as columns: what holds is kept, what does not noted."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from care.domain.lunar import to_gregorian
from care.domain.setaside import Flaw
from care.intake import dates
from care.intake.taken import Issues

PARTS = ("birth_year", "birth_month", "birth_day")


def read_birthdays(
    said: pd.DataFrame, *, lunar: dates.Mask, leap: dates.Mask, issues: Issues, night: date
) -> pd.DataFrame:
    """Columns ``PARTS`` (Int16) from one ``birthday`` column or, where that is empty, from three.

    The year may be missing, or month and day together. A lunar birthday with its year must be a day
    of the lunar calendar, in a leap month where ``leap`` says so; without it, of the longest month.
    A birthday with a flaw is empty as a whole.
    """
    whole, malformed = dates.read_days(said["birthday"], year_needed=False)
    parts, spoilt = _parts(said)
    in_parts = said["birthday"].isna().to_numpy(dtype=bool)
    born = dates.Parts(*(np.where(in_parts, p, w) for p, w in zip(parts, whole, strict=True)))
    malformed |= in_parts & spoilt
    has_month, has_day = born.month != dates.UNKNOWN, born.day != dates.UNKNOWN
    flaws = {
        Flaw.SENTINEL_DATE: dates.is_sentinel(born),
        Flaw.INCOMPLETE_DATE: ~malformed & (has_month != has_day),
        Flaw.BAD_DATE: malformed
        | dates.is_ancient(born)
        | (has_month & ~dates.exists(born, lunar=lunar))
        | (has_month & lunar & (born.year != dates.UNKNOWN) & _never_was(born, leap)),
        Flaw.FUTURE_DATE: dates.is_after(born, night),
    }
    sound = _sound(flaws, "birthday", said["birthday"].fillna(_written(said)), issues)
    columns = zip(PARTS, born.where(sound), strict=True)
    return pd.DataFrame({name: _int16(part) for name, part in columns}, index=said.index)


def read_dates(said: pd.DataFrame, name: str, *, issues: Issues, night: date) -> pd.Series:
    """Read days that must have a year, as ``datetime64[s]``; NaT where there is a flaw."""
    day, malformed = dates.read_days(said[name], year_needed=True)
    given = day.month != dates.UNKNOWN
    flaws = {
        Flaw.SENTINEL_DATE: dates.is_sentinel(day),
        Flaw.BAD_DATE: malformed | dates.is_ancient(day) | (given & ~dates.exists(day)),
        Flaw.FUTURE_DATE: dates.is_after(day, night),
    }
    sound = _sound(flaws, name, said[name], issues)
    return pd.Series(dates.to_dates(day.where(sound)), index=said.index)


def _parts(said: pd.DataFrame) -> tuple[dates.Parts, dates.Mask]:
    numbers = [dates.read_numbers(said[name]) for name in PARTS]
    spoilt = np.logical_or.reduce([malformed for _, malformed in numbers])
    return dates.Parts(*(number for number, _ in numbers)), spoilt


def _never_was(born: dates.Parts, leap: dates.Mask) -> dates.Mask:
    """Where a lunar date is none: that year had no such leap month, or that month no 30th."""
    missing: dates.Mask = np.isnat(to_gregorian(born.year, born.month, leap, born.day))
    return missing


def _written(said: pd.DataFrame) -> pd.Series:
    year, month, day = (said[name].fillna("?") for name in PARTS)
    return year + "-" + month + "-" + day


def _sound(
    flaws: Mapping[Flaw, dates.Mask], name: str, shown: pd.Series, issues: Issues
) -> dates.Mask:
    """Where there is no flaw; of several the first one is noted."""
    sound = np.ones(len(shown), dtype=bool)
    for flaw, where in flaws.items():
        issues.note_fields(pd.Series(where & sound, index=shown.index), name, shown, flaw)
        sound &= ~where
    return sound


def _int16(part: dates.Ints) -> pd.arrays.IntegerArray:
    return pd.arrays.IntegerArray(part.astype("int16"), part == dates.UNKNOWN)
