"""The shop's local day: the one place where an instant becomes a date."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.datatypes as dt

INSTANT = dt.Timestamp(timezone="UTC")


def _timezone(_zone: Any, _time: Any) -> None: ...


# DuckDB's timezone() turns an instant into the wall clock of a zone and a wall clock into an
# instant, by the type of its argument. A cast to a zoned timestamp followed by .date() would give
# the UTC day without a word.
_wall_clock = ibis.udf.scalar.builtin(
    _timezone, name="timezone", signature=((dt.string, INSTANT), dt.timestamp)
)
_instant = ibis.udf.scalar.builtin(
    _timezone, name="timezone", signature=((dt.string, dt.timestamp), INSTANT)
)
_utc_instant = ibis.udf.scalar.builtin(
    lambda _micros: None, name="make_timestamptz", signature=((dt.int64,), INSTANT)
)
_micros = ibis.udf.scalar.builtin(
    lambda _time: None, name="epoch_us", signature=((dt.timestamp,), dt.int64)
)


def local_day(instants: ibis.Value, timezone: str) -> ibis.Value:
    """Find the date on the wall of an IANA zone at each instant (DuckDB)."""
    return _wall_clock(timezone, instants).date()


def instants(wall_clock: ibis.Value, timezone: str) -> ibis.Value:
    """Find the instant of each naive timestamp in an IANA zone (DuckDB).

    A time that the clocks skipped is read as if they had not yet been moved; one that came twice
    is the second.
    """
    if timezone == "UTC":  # ten times faster than the time zone tables, which UTC does not need
        return _utc_instant(_micros(wall_clock))
    return _instant(timezone, wall_clock)


def night_begins(night: date, timezone: str) -> datetime:
    """Find a local day's first instant (UTC), also where the clocks skip or repeat midnight."""
    return datetime(night.year, night.month, night.day, tzinfo=ZoneInfo(timezone)).astimezone(UTC)
