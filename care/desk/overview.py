"""The whole of a night on one page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from care.runtime import Runtime
from care.storage.reviews import CampaignNight


@dataclass(frozen=True, slots=True)
class CampaignOverview:
    """One campaign of the night in figures.

    ``by_tier``, ``by_channel``, ``by_locale``: messages. ``yesterday``, ``last_week``: messages on
    the night before and on the same weekday a week ago; None where that night was not planned.
    ``excluded``, ``deferred``: by reason. ``leaves_from``, ``leaves_until``: the first moment a
    message may leave and the last one. ``warnings``: what to look at, in words.
    """

    stands: CampaignNight
    messages: int
    by_tier: Mapping[str, int]
    by_channel: Mapping[str, int]
    by_locale: Mapping[str, int]
    due: int
    held_out: int
    yesterday: int | None
    last_week: int | None
    excluded: Mapping[str, int]
    deferred: Mapping[str, int]
    gift_cost: int
    fallback_share: float
    leaves_from: datetime | None
    leaves_until: datetime | None
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Overview:
    """A night. ``budgets``: of the night and its month, minor units; ``budget`` None: no limit.

    ``silent``: campaigns that found nobody to write to, with what they excluded. ``paused``: with
    the reasons. ``warnings``: what staff were warned of as it was planned.
    """

    night: date
    campaigns: list[CampaignOverview]
    silent: Mapping[str, Mapping[str, int]]
    paused: Mapping[str, list[str]]
    warnings: list[str]
    gift_spent: int
    gift_budget: int | None
    month_spent: int
    month_budget: int | None
    currency: str


def overview(runtime: Runtime, night: date) -> Overview:
    """Everything about a night that a reviewer sees first. Counts nothing that could be millions.

    Raises:
        UnableToReport: the night is not planned.
    """
    raise NotImplementedError
