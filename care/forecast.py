"""The coming nights, walked in memory: how many messages, what they cost, what runs short.

The same rules, contact policy and choice as on a night, one night after the other, each as if all
before it had been approved and sent. Nothing is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import ibis
import pandas as pd
from sqlalchemy import Connection

from care.domain.arbitration import Price
from care.domain.campaign import Tables
from care.domain.campaigns import CAMPAIGNS
from care.domain.campaigns.keep_in_touch import silent_from
from care.domain.campaigns.review_letter import period_tonight
from care.domain.due import find_candidates, with_decisions
from care.domain.exclusion import BINDING, Outcome
from care.domain.forecast import again, ledger_after, nights_to_repeat, parts_of, tables_after
from care.domain.holdout import HELD_OUT, TREATED
from care.domain.touch import Plan, plan_touches
from care.ledger import read_ledger
from care.rhythms import foretell, read_habits
from care.runtime import Runtime
from care.standing import find_all_standings
from care.storage import gifts, messages, nights
from care.storage.database import reading
from care.storage.history import open_history
from care.storage.look_back import read_looked_back
from care.storage.snapshot import load_snapshot, read_pinned
from care.tables import left_out, open_tables

PARTS_FROM_DAYS = 90
"""Short messages so far back tell how many parts one of a campaign has."""


class UnableToForecast(Exception):
    """There is nothing to forecast from; the message says what is lacking."""


@dataclass(frozen=True, slots=True)
class NightAhead:
    """One coming night. ``due``: candidates by campaign; ``held_back``: by the cap that bound."""

    night: date
    due: Mapping[str, int]
    deferred: int
    held_back: Mapping[str, int]
    short: tuple[Price, ...]
    gifts_left: Mapping[str, int]


@dataclass(frozen=True)
class Forecast:
    """The nights after the last planned one.

    ``touches``: a row for each night, campaign, arm and channel: ``night, campaign, arm, channel,
    touches, parts, gift_cost, sending_cost``. Parts of short messages are expected ones; missing
    where none was ever written. ``repeated``: the nights that stand for what customers will do,
    and ``known_ahead`` the campaigns that need none.
    """

    last_planned: date
    nights: list[NightAhead]
    touches: pd.DataFrame
    gifts_left: Mapping[str, int]
    repeated: list[date]
    known_ahead: list[str]
    left_out: Mapping[str, list[str]]
    currency: str

    @cached_property
    def treated(self) -> pd.DataFrame:
        """The rows of ``touches`` that become messages."""
        return self.touches[self.touches["arm"] == TREATED]

    @property
    def runs_out(self) -> dict[str, date]:
        """The night after which nothing is left of a gift, for those that run out."""
        return {
            gift: next(one.night for one in self.nights if one.gifts_left[gift] == 0)
            for gift in sorted(self.gifts_left)
            if self.nights[-1].gifts_left[gift] == 0
        }

    def numbers(self) -> dict[str, Any]:
        """What `--json` prints."""
        ends, runs_out = self.nights[-1].gifts_left, self.runs_out
        return {
            "last_planned": self.last_planned.isoformat(),
            "repeated": [night.isoformat() for night in self.repeated],
            "known_ahead": self.known_ahead,
            "left_out": dict(self.left_out),
            "nights": [self._of(one) for one in self.nights],
            "gifts": {
                gift: {
                    "left_now": left,
                    "left_at_the_end": ends[gift],
                    "runs_out_on": runs_out[gift].isoformat() if gift in runs_out else None,
                }
                for gift, left in sorted(self.gifts_left.items())
            },
        }

    def _of(self, one: NightAhead) -> dict[str, Any]:
        rows = of_night(self.touches, one.night)
        treated, held_out = rows[rows["arm"] == TREATED], rows[rows["arm"] == HELD_OUT]
        return {
            "night": one.night.isoformat(),
            "due": dict(sorted(one.due.items())),
            "touched": _sums(treated, "campaign"),
            "messages": _sums(treated, "channel"),
            "held_out": int(held_out["touches"].sum()),
            "deferred": one.deferred,
            "held_back": dict(one.held_back),
            "short": [dict(price) for price in one.short],
            "sms_parts": parts_or_none(treated),
            "gift_cost": int(treated["gift_cost"].sum()),
            "sending_cost": int(treated["sending_cost"].sum()),
            "gifts_left": dict(sorted(one.gifts_left.items())),
        }


def of_night(rows: pd.DataFrame, night: date) -> pd.DataFrame:
    """The rows of one night."""
    return rows[rows["night"] == pd.Timestamp(night)]


def parts_or_none(rows: pd.DataFrame) -> int | None:
    """Parts of short messages, rounded, or nothing where they are not known."""
    parts = rows["parts"]
    return None if parts.isna().any() else round(float(parts.sum()))


def _sums(rows: pd.DataFrame, by: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in rows.groupby(by)["touches"].sum().items()}


def forecast(runtime: Runtime, *, count: int) -> Forecast:
    """Walk the nights after the last planned one.

    What comes due by a date, a balance or a habit is found by its campaign's own rule, for the
    customers as they stand now. What waits for something a customer has yet to do (an order, a
    complaint, a look at a page) is taken from the last nights of the ledger once more.

    Raises:
        UnableToForecast: no night is planned yet.
    """
    policy = runtime.policy
    with reading(runtime.engine) as connection:
        planned = nights.planned_nights(connection)
        if not planned:
            raise UnableToForecast(
                "no night is planned yet, and a forecast goes on from the last one. "
                "`care night --night DATE` plans one."
            )
        last = planned[-1]
        parts = messages.count_parts(connection, last - timedelta(days=PARTS_FROM_DAYS))
        gifts_left = gifts.pieces_left(connection, policy.gifts)
    coming = [last + timedelta(days=number) for number in range(1, count + 1)]
    walk = _Walk.begin(runtime, last, coming, nights_to_repeat(planned))
    made = [walk.next_night(night) for night in coming]
    roads = {str(name): road.cost for name, road in policy.contact.roads.items()}
    touches = walk.touches.assign(
        parts=parts_of(walk.touches, parts),
        sending_cost=walk.touches["channel"].map(roads).fillna(0).astype("int64"),
    )
    keys = ["night", "campaign", "arm", "channel"]
    summed = touches.groupby(keys, as_index=False).agg(
        touches=("customer_key", "size"),
        parts=("parts", lambda parts: parts.sum(skipna=False)),
        gift_cost=("gift_cost", "sum"),
        sending_cost=("sending_cost", "sum"),
    )
    return Forecast(
        last_planned=last,
        nights=made,
        touches=summed,
        gifts_left=gifts_left,
        repeated=walk.repeated,
        known_ahead=sorted(walk.known_ahead),
        left_out=walk.left_out,
        currency=policy.shop.currency,
    )


@dataclass(slots=True)
class _Walk:
    """The shop as of the last planned night, and the touches of the nights walked so far."""

    runtime: Runtime
    tables: Tables
    sold: pd.DataFrame
    history: ibis.Table
    rhythms: Mapping[date, pd.DataFrame]
    repeated: list[date]
    left_out: dict[str, list[str]]
    known_ahead: set[str]
    touches: pd.DataFrame = field(default_factory=pd.DataFrame)
    walked: int = 0

    @classmethod
    def begin(
        cls, runtime: Runtime, last: date, coming: list[date], repeated: list[date]
    ) -> "_Walk":
        snapshot = load_snapshot(runtime.store, last)
        history = open_history(runtime.store, snapshot.history, night=last)
        standings = find_all_standings(runtime.policy, history, last)
        sold = read_pinned(runtime.store, snapshot.products)
        habits = read_habits(runtime.store, last)
        tables = open_tables(runtime, snapshot, history, standings, habits, sold, night=last)
        rhythms = foretell(runtime, history, sold, nights=coming)
        with reading(runtime.engine) as connection:  # who will have been silent for long by then
            silent = silent_from(runtime.policy.enabled, coming[-1])
            out_of_touch = nights.read_out_of_touch(connection, silent)
        tables = replace(tables, out_of_touch=out_of_touch)
        lacking = left_out(runtime.policy, tables)
        known = {name for name in runtime.policy.enabled if CAMPAIGNS[name].told_ahead} - set(
            lacking
        )
        return cls(runtime, tables, sold, history, rhythms, repeated, lacking, known)

    def next_night(self, night: date) -> NightAhead:
        """Plan one more night, as if all before it had been sent."""
        runtime = self.runtime
        decisions = runtime.policy.decisions(paused=self.left_out)
        tables = self._tables(night)
        with reading(runtime.engine) as connection:
            due = with_decisions(
                pd.concat([*self._found(tables, night), self._repeated(connection, night)]),
                decisions.campaigns,
                tables.customers,
            )
            told = read_ledger(connection, runtime, tables, self.sold, due, night=night)
        ledger = ledger_after(told, self.touches, night=night)
        plan = plan_touches(due, ledger, decisions, night=night)
        planned = plan.touches.assign(night=pd.Timestamp(night).as_unit("s"))
        self.touches = pd.concat([self.touches, planned], ignore_index=True)
        self.walked += 1
        return _seen(plan, ledger.gifts_left, night)

    def _tables(self, night: date) -> Tables:
        """What the rules of a coming night see: no purchase is known after the last one."""
        runtime = self.runtime
        period = period_tonight(runtime.policy.enabled, night)
        tables = replace(
            self.tables,
            rhythms=self.rhythms[night],
            looked_back=read_looked_back(self.history, self.tables.products, period),
        )
        return tables_after(tables, self.touches)

    def _found(self, tables: Tables, night: date) -> list[pd.DataFrame]:
        """Whom the campaigns find whose occasions are known ahead."""
        enabled = self.runtime.policy.enabled
        return find_candidates(
            tables, {name: enabled[name] for name in self.known_ahead}, night=night
        )

    def _repeated(self, connection: Connection, night: date) -> pd.DataFrame:
        """Whom all other campaigns found on the night that stands for this one."""
        time, place = divmod(self.walked, len(self.repeated))
        others = set(self.runtime.policy.enabled) - self.known_ahead - set(self.left_out)
        came = nights.read_came(connection, self.repeated[place], sorted(others))
        return again(came, self.tables.customers, night=night, time=time + 1)


def _seen(plan: Plan, gifts_left: Mapping[str, int], night: date) -> NightAhead:
    set_aside = plan.exclusions
    bound = set_aside.loc[set_aside["reason"].isin(BINDING), "reason"].value_counts()
    given = plan.touches["gift_id"].value_counts()
    return NightAhead(
        night=night,
        due=dict(plan.due),
        deferred=int((set_aside["outcome"] == Outcome.DEFERRED).sum()),
        held_back={str(reason): int(count) for reason, count in sorted(bound.items())},
        short=tuple(plan.account["prices"]),
        gifts_left={name: left - int(given.get(name, 0)) for name, left in gifts_left.items()},
    )
