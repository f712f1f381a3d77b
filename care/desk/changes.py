"""What is not as it was the night before: texts, settings, volume, mix."""

from dataclasses import dataclass
from datetime import date

from care.runtime import Runtime


@dataclass(frozen=True, slots=True)
class TextChange:
    """One template that reads otherwise; ``difference``: lines of a unified diff."""

    template: str
    part: str
    difference: list[str]


@dataclass(frozen=True, slots=True)
class FigureChange:
    """One figure or setting. ``what``: such as ``messages``, ``tier gold``, ``lead_days``."""

    what: str
    before: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Since ``before``, the planned night before with this campaign; None: it is the first."""

    before: date | None
    texts: list[TextChange]
    settings: list[FigureChange]
    volume: list[FigureChange]
    mix: list[FigureChange]


def changed_since_yesterday(runtime: Runtime, night: date, campaign: str) -> Changes:
    """Compare a campaign of the night with the last night before that had it.

    Raises:
        UnableToDecide: no such campaign.
    """
    raise NotImplementedError
