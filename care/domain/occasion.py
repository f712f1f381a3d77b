"""Why now, as a touch keeps it: what a campaign tells staff about one customer's occasion."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Fact = str | int | date
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """The occasion of one touch.

    ``night``: on which it was found. ``key``: names the event. ``on``: the day of the event.
    ``product``: the name of what it is about. ``window_from``, ``window_to``: when she will
    probably need it. ``facts``: what else its rule wrote down; one that an older version did not
    write is missing.
    """

    night: date
    key: str
    tier: str
    on: date | None = None
    years: int | None = None
    product: str | None = None
    window_from: date | None = None
    window_to: date | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def day(self) -> str:
        """The day of the event."""
        return self.say(self.on)

    @property
    def key_day(self) -> str:
        """The last day that the key names."""
        found = _DAY.findall(self.key)
        return self.say(date.fromisoformat(found[-1]) if found else None)

    def fact_day(self, name: str) -> str:
        """A fact that is a day."""
        told = self.facts.get(name)
        return self.say(told if isinstance(told, date) else None)

    def say(self, day: date | None) -> str:
        """A day, with its year where that is not the night's."""
        if day is None:
            return "a day that is not known"
        year = "" if day.year == self.night.year else f" {day.year}"
        return f"{day.day} {day:%B}{year}"
