"""Days as visitors give them: in an address or a form, real ones alone."""

from datetime import date, datetime, time, tzinfo
from typing import Annotated, Literal

from fastapi import Form, Query
from pydantic import Field

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""Beyond them a moment in another time zone, or a month before, may be no date at all."""
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
AskedDay = Annotated[Day | Literal[""] | None, Query()]
"""A day of an address; an empty field is none."""
GivenDay = Annotated[Day | Literal[""], Form()]
"""A day of a form; an empty field is none."""


def day_of(given: date | str | None) -> date | None:
    """The day that was given, if one was."""
    return given if isinstance(given, date) else None


def between(
    since: date | str | None, until: date | str | None, *, zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """The moments at which the first day begins and the last one ends, where they are given."""
    first, last = day_of(since), day_of(until)
    return (
        None if first is None else datetime.combine(first, time.min, zone),
        None if last is None else datetime.combine(last, time.max, zone),
    )
