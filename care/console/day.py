"""Days as visitors give them: in an address or a form, real ones alone."""

from datetime import date
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
