"""The whole of a night on one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

import pandas as pd

from care.desk.verdict import seen_by_one
from care.domain.decision import WAITS, Verdict, at_deadline
from care.domain.volume import unusual
from care.domain.warning import in_words
from care.report import UnableToReport
from care.runtime import Runtime
from care.storage import gifts, messages, nights, reviews, tallies
from care.storage.database import reading
from care.storage.nights import NightRecord
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
    sums = _Sums.of(runtime, night)
    written_of = {one.campaign for one in sums.stands}
    return Overview(
        night=night,
        campaigns=[sums.campaign(one) for one in sums.stands],
        silent=[
            Silent(name, due, **_set_aside(sums.left_out_of(name)))
            for name, due in sorted(sums.record.due.items())
            if due and name not in written_of
        ],
        paused=sums.record.paused,
        warnings=[in_words(warning) for warning in sums.record.warnings],
        gift_spent=sums.budgets[0][1],
        gift_budget=sums.budgets[0][0],
        month_spent=sums.budgets[1][1],
        month_budget=sums.budgets[1][0],
        currency=runtime.policy.shop.currency,
    )


def figures_of(runtime: Runtime, stands: CampaignNight) -> CampaignOverview:
    """One campaign of a night as ``overview`` has it.

    Raises:
        UnableToReport: the night is not planned.
    """
    return _Sums.of(runtime, stands.night).campaign(stands)


@dataclass(frozen=True, slots=True)
class _Sums:
    """The sums of a night and of the week before it, as the ledger keeps them."""

    night: date
    record: NightRecord
    planned: frozenset[date]
    stands: Sequence[CampaignNight]
    written: pd.DataFrame
    left_out: pd.DataFrame
    left: Mapping[tuple[str, str], int]
    otherwise: Mapping[str, Verdict]
    budgets: Sequence[tuple[int | None, int]]
    """Of the night and of its month: the budget and what is spent."""

    @classmethod
    def of(cls, runtime: Runtime, night: date) -> Self:
        with reading(runtime.engine) as connection:
            record = nights.find_night(connection, night)
            if record is None:
                raise UnableToReport(
                    f"{night} is not planned. `care night --night {night}` plans it."
                )
            stands = reviews.list_campaigns(connection, night=night)
            return cls(
                night=night,
                record=record,
                planned=frozenset(nights.planned_nights(connection, since=night - WEEK)),
                stands=stands,
                written=tallies.read_messages(connection, since=night - WEEK, until=night),
                left_out=tallies.read_exclusions(connection, since=night, until=night),
                left=messages.count_left(connection, night),
                otherwise={
                    one.campaign: at_deadline(
                        one.state,
                        one.unanswered,
                        seen_by_one=seen_by_one(runtime.policy, connection, one),
                    )
                    for one in stands
                    if one.state in WAITS
                },
                budgets=gifts.budgets_of(connection, night),
            )

    def campaign(self, stands: CampaignNight) -> CampaignOverview:
        """What the sums say of one campaign."""
        name = stands.campaign
        hers = self.written[self.written["campaign"] == name]
        return _campaign(
            stands,
            hers[hers["night"] == pd.Timestamp(self.night)],
            self.left_out_of(name),
            otherwise=self.otherwise.get(name),
            left={state: n for (one, state), n in self.left.items() if one == name},
            due=self.record.due.get(name, 0),
            yesterday=self._on(hers, self.night - DAY),
            last_week=self._on(hers, self.night - WEEK),
            gift_budget=self.budgets[0][0],
        )

    def left_out_of(self, campaign: str) -> pd.DataFrame:
        """The sums of who was left out of one campaign."""
        return self.left_out[self.left_out["campaign"] == campaign]

    def _on(self, hers: pd.DataFrame, night: date) -> int | None:
        """A campaign's messages on another night, if that was planned."""
        if night not in self.planned:
            return None
        return int(hers.loc[hers["night"] == pd.Timestamp(night), "messages"].sum())


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


def _sums(rows: pd.DataFrame, by: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in rows.groupby(by)["messages"].sum().items()}


def _reasons(rows: pd.DataFrame) -> dict[str, int]:
    return {str(name): int(count) for name, count in rows.groupby("reason")["count"].sum().items()}
