"""The whole of a night on one page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from care.desk.verdict import seen_by_one
from care.domain.decision import WAITS, Verdict, at_deadline
from care.domain.volume import unusual
from care.domain.warning import in_words
from care.report import UnableToReport
from care.runtime import Runtime
from care.storage import gifts, messages, nights, reviews, tallies
from care.storage.database import reading
from care.storage.reviews import CampaignNight

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CampaignOverview:
    """One campaign of the night in figures.

    ``by_tier``, ``by_channel``, ``by_locale``: messages. ``yesterday``, ``last_week``: messages on
    the night before and on the same weekday a week ago; None where that night was not planned.
    ``failed``: could not be written. ``excluded``, ``deferred``: by reason. ``left``: messages that
    were sealed, and can be stopped no more; ``accepted``: of these, what gateways took over.
    ``otherwise``: the policy's verdict once the deadline is over, where a person must decide.
    ``leaves_from``, ``leaves_until``: the first moment a message may leave and the last one;
    ``closes_from``: when the window of the first one ends. ``warnings``: what to look at, in words.
    """

    stands: CampaignNight
    messages: int
    by_tier: Mapping[str, int]
    by_channel: Mapping[str, int]
    by_locale: Mapping[str, int]
    due: int
    held_out: int
    failed: int
    yesterday: int | None
    last_week: int | None
    excluded: Mapping[str, int]
    deferred: Mapping[str, int]
    gift_cost: int
    fallback_share: float
    leaves_from: datetime | None
    leaves_until: datetime | None
    closes_from: datetime | None
    left: int
    accepted: int
    otherwise: Verdict | None
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Silent:
    """A campaign that writes to nobody tonight, and what became of who was due."""

    campaign: str
    due: int
    held_out: int
    failed: int
    excluded: Mapping[str, int]
    deferred: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Overview:
    """A night. ``budgets``: of the night and its month, minor units; ``budget`` None: no limit.

    ``silent``: campaigns that write to nobody though somebody was due. ``paused``: with the
    reasons. ``warnings``: what staff were warned of as it was planned.
    """

    night: date
    campaigns: list[CampaignOverview]
    silent: list[Silent]
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
    with reading(runtime.engine) as connection:
        record = nights.find_night(connection, night)
        if record is None:
            raise UnableToReport(f"{night} is not planned. `care night --night {night}` plans it.")
        planned = set(nights.planned_nights(connection, since=night - WEEK))
        stands = reviews.list_campaigns(connection, night=night)
        written = tallies.read_messages(connection, since=night - WEEK, until=night)
        left_out = tallies.read_exclusions(connection, since=night, until=night)
        left = messages.count_left(connection, night)
        otherwise = {
            one.campaign: at_deadline(
                one.state,
                one.unanswered,
                seen_by_one=seen_by_one(runtime.policy, connection, one),
            )
            for one in stands
            if one.state in WAITS
        }
        (budget, spent), (month_budget, month_spent) = gifts.budgets_of(connection, night)
    by_night = {
        before: _sums(written[written["night"] == pd.Timestamp(before)], "campaign")
        for before in planned
    }
    here = written[written["night"] == pd.Timestamp(night)]
    campaigns = [
        _campaign(
            one,
            here[here["campaign"] == one.campaign],
            left_out[left_out["campaign"] == one.campaign],
            otherwise=otherwise.get(one.campaign),
            left={state: n for (name, state), n in left.items() if name == one.campaign},
            due=record.due.get(one.campaign, 0),
            yesterday=_of(by_night, night - DAY, one.campaign),
            last_week=_of(by_night, night - WEEK, one.campaign),
            gift_budget=budget,
        )
        for one in stands
    ]
    written_of = {one.campaign for one in stands}
    return Overview(
        night=night,
        campaigns=campaigns,
        silent=[
            Silent(name, due, **_set_aside(left_out[left_out["campaign"] == name]))
            for name, due in sorted(record.due.items())
            if due and name not in written_of
        ],
        paused=record.paused,
        warnings=[in_words(warning) for warning in record.warnings],
        gift_spent=spent,
        gift_budget=budget,
        month_spent=month_spent,
        month_budget=month_budget,
        currency=runtime.policy.shop.currency,
    )


def _campaign(
    stands: CampaignNight,
    written: pd.DataFrame,
    left_out: pd.DataFrame,
    *,
    otherwise: Verdict | None,
    left: Mapping[str, int],
    due: int,
    yesterday: int | None,
    last_week: int | None,
    gift_budget: int | None,
) -> CampaignOverview:
    set_aside = _set_aside(left_out)
    return CampaignOverview(
        stands=stands,
        messages=stands.messages,
        by_tier=_sums(written, "tier"),
        by_channel=_sums(written, "channel"),
        by_locale=_sums(written, "locale"),
        due=due,
        yesterday=yesterday,
        last_week=last_week,
        **set_aside,
        gift_cost=stands.gift_cost,
        fallback_share=stands.fallback_share,
        leaves_from=None if written.empty else written["not_before"].min().to_pydatetime(),
        leaves_until=None if written.empty else written["not_after"].max().to_pydatetime(),
        closes_from=_first(written["closes_from"]),
        left=sum(left.values()),
        accepted=left.get("accepted", 0),
        otherwise=otherwise,
        warnings=unusual(
            stands.messages,
            yesterday=yesterday,
            last_week=last_week,
            fallback_share=stands.fallback_share,
            gift_cost=stands.gift_cost,
            gift_budget=gift_budget,
            excluded=sum(set_aside["excluded"].values()),
            due=due,
        ),
    )


def _set_aside(left_out: pd.DataFrame) -> dict[str, Any]:
    """``held_out``, ``failed``, ``excluded`` and ``deferred`` of a campaign."""
    outcome = {str(name): _reasons(rows) for name, rows in left_out.groupby("outcome")}
    return {
        "held_out": sum(outcome.get("held_out", {}).values()),
        "failed": sum(outcome.get("failed", {}).values()),
        "excluded": outcome.get("excluded", {}),
        "deferred": outcome.get("deferred", {}),
    }


def _first(moments: "pd.Series[pd.Timestamp]") -> datetime | None:
    known = moments.dropna()
    return None if known.empty else known.min().to_pydatetime()


def _of(by_night: Mapping[date, Mapping[str, int]], night: date, campaign: str) -> int | None:
    return by_night[night].get(campaign, 0) if night in by_night else None


def _sums(rows: pd.DataFrame, by: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in rows.groupby(by)["messages"].sum().items()}


def _reasons(rows: pd.DataFrame) -> dict[str, int]:
    return {str(name): int(count) for name, count in rows.groupby("reason")["count"].sum().items()}
