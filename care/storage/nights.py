"""The nights planned so far, and what the ledger says as another one begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, case, false, func, insert, or_, select

from care.domain.arbitration import Account
from care.domain.campaign import OUT_OF_TOUCH, PAST
from care.domain.candidate import IDENTITY
from care.domain.contact_policy import RECENT
from care.domain.exclusion import Reason
from care.domain.holdout import Scope
from care.domain.rhythm import none_of
from care.domain.touch import Plan
from care.domain.warning import Warned
from care.storage.bulk import insert_frame, read_frame, rows_alike
from care.storage.exclusions import is_out
from care.storage.gifts import reserve
from care.storage.tables import customers, exclusions, messages, nights, touches

NEAR = timedelta(days=45)
"""Touches further away than this cannot matter to caps and gaps, whatever the lead days."""

WEEK = timedelta(days=7)
TAKEN_OUT = "excluded"
"""The state of a touch that a reviewer took out, where touches are counted."""

CAME_TO_NOTHING = ("suppressed", "expired", "withdrawn", "rejected")


@dataclass(frozen=True, slots=True)
class NightRecord:
    """A night as the ledger knows it."""

    night: date
    sequence: int
    snapshot_sha256: str
    policy_sha256: str
    champions: Mapping[str, Any]
    paused: Mapping[str, list[str]]
    due: Mapping[str, int]
    warnings: Sequence[Warned]
    account: Account


@dataclass(frozen=True, slots=True)
class Life:
    """One touch of one customer, and how far its message has come."""

    night: date
    campaign: str
    occasion_key: str
    occasion_on: date | None
    arm: str
    state: str
    reason: str
    channel: str
    send_on: date
    gift_id: str | None
    message_state: str | None
    message_reason: str | None
    recommended: str | None


def find_night(connection: Connection, night: date) -> NightRecord | None:
    """The record of a planned night, or nothing if it is not planned."""
    row = connection.execute(select(nights).where(nights.c.night == night)).one_or_none()
    return None if row is None else NightRecord(**row._asdict())


def shards_of(connection: Connection, night: date) -> list[int]:
    """The shards a night was planned in, whatever the settings say today."""
    query = select(touches.c.shard).where(touches.c.night == night, touches.c.arm == "treated")
    return list(connection.scalars(query.distinct().order_by(touches.c.shard)))


def latest_night(connection: Connection) -> date | None:
    """The latest night planned."""
    latest: date | None = connection.scalar(select(func.max(nights.c.night)))
    return latest


def last_sequence(connection: Connection) -> int:
    """How many nights were planned; the next plan must carry the number after it."""
    return connection.scalar(select(func.max(nights.c.sequence))) or 0


def read_warnings(connection: Connection) -> list[tuple[date, Warned]]:
    """What staff were warned of on every night planned so far."""
    query = select(nights.c.night, nights.c.warnings).order_by(nights.c.night)
    return [(night, warning) for night, told in connection.execute(query) for warning in told]


def planned_nights(connection: Connection, *, since: date | None = None) -> list[date]:
    """Every night planned so far, or those from a day on, in order."""
    query = select(nights.c.night).order_by(nights.c.night)
    return list(
        connection.scalars(query if since is None else query.where(nights.c.night >= since))
    )


def read_came(connection: Connection, night: date, campaigns: Sequence[str]) -> pd.DataFrame:
    """Who was due for some campaigns on a night, but for occasions that were planned before.

    ``night``, identity, ``send_on, send_until, type_key, product_key``; the last four are known of
    touches alone.
    """
    about = ("night", *IDENTITY, "send_on", "send_until", "type_key", "product_key")
    made = select(*touches.c[about]).where(
        touches.c.night == night, touches.c.campaign.in_(campaigns)
    )
    before = (str(Reason.ALREADY_TOUCHED), str(Reason.ALREADY_HELD_OUT))
    others = select(*exclusions.c["night", *IDENTITY]).where(
        exclusions.c.night == night,
        exclusions.c.campaign.in_(campaigns),
        exclusions.c.reason.not_in(before),
    )
    found = [read_frame(connection, query) for query in (made, others)]
    return pd.concat(found, ignore_index=True)


def read_planned(connection: Connection, due: pd.DataFrame) -> pd.DataFrame:
    """Identity and arm of those candidates (columns ``IDENTITY``) that were ever planned."""
    there = touches.c[*IDENTITY, "arm"]
    found = [
        read_frame(connection, select(*there).join(asked, matches))
        for asked, matches in rows_alike(connection, touches, due[IDENTITY])
    ]
    return pd.concat(found, ignore_index=True)


def read_past(connection: Connection, since: Mapping[str, date]) -> pd.DataFrame:
    """What was planned of campaigns from a day on: the columns of ``PAST``."""
    asked = [
        (touches.c.campaign == campaign) & (touches.c.send_on >= day)
        for campaign, day in since.items()
    ]
    return read_frame(connection, select(*touches.c[tuple(PAST)]).where(or_(false(), *asked)))


def read_out_of_touch(connection: Connection, until: date | None) -> pd.DataFrame:
    """Whom nothing touched after a day, nor was new after it: the columns of ``OUT_OF_TOUCH``.

    Nobody, if there is no day. Service touches count, and so does what waits to be sent; a touch
    that came to nothing, or that the control group did not get, does not.
    """
    if until is None:
        return none_of(OUT_OF_TOUCH)
    # Listed once and then looked up: to ask for each touch's message would read every message.
    lost = select(messages.c.touch_id).where(messages.c.state.in_(CAME_TO_NOTHING))
    nothing = lost.distinct().subquery()
    reached = (
        select(touches.c.customer_key, touches.c.send_on.label("on"))
        .outerjoin(nothing, nothing.c.touch_id == touches.c.touch_id)
        .where(touches.c.state.in_(("planned", "rendered")), nothing.c.touch_id.is_(None))
    )
    known = select(customers.c.customer_key, customers.c.first_night)
    days = reached.union_all(known).subquery()
    since = func.max(days.c.on)
    query = (
        select(days.c.customer_key, since.label("since"))
        .group_by(days.c.customer_key)
        .having(since <= until)
        .order_by(days.c.customer_key)
    )
    return read_frame(connection, query)


def read_recent(connection: Connection, night: date) -> pd.DataFrame:
    """Marketing touches near a night, columns of ``RECENT``, unless they came to nothing.

    Service touches are owed, so they count towards no cap.
    """
    query = (
        select(*touches.c[tuple(RECENT)])
        .outerjoin(messages, messages.c.touch_id == touches.c.touch_id)
        .where(
            touches.c.send_on.between(night - NEAR, night + NEAR),
            touches.c.state.in_(("planned", "rendered")),
            touches.c.message_class == "marketing",
            or_(messages.c.state.is_(None), messages.c.state.not_in(CAME_TO_NOTHING)),
        )
    )
    return read_frame(connection, query)


def count_arms(connection: Connection, since: date, policy_sha256: str) -> pd.DataFrame:
    """``campaign, held_out, drawn``: customers in a campaign's own control arm, and all drawn for.

    Of the nights from a day on that were planned with one policy; who is held out of everything
    was not drawn for.
    """
    drawn = (
        select(
            *touches.c["campaign", "customer_key"],
            func.max(case((touches.c.arm == "held_out", 1), else_=0)).label("out"),
        )
        .join(nights, nights.c.night == touches.c.night)
        .where(
            nights.c.night >= since,
            nights.c.policy_sha256 == policy_sha256,
            touches.c.message_class == "marketing",
            touches.c.state_reason != str(Scope.EVERYTHING),
        )
        .group_by(touches.c.campaign, touches.c.customer_key)
        .subquery()
    )
    query = (
        select(
            drawn.c.campaign,
            func.sum(drawn.c.out).label("held_out"),
            func.count().label("drawn"),
        )
        .group_by(drawn.c.campaign)
        .order_by(drawn.c.campaign)
    )
    return read_frame(connection, query)


def save_plan(
    connection: Connection,
    plan: Plan,
    *,
    night: date,
    after_sequence: int,
    snapshot_sha256: str,
    policy_sha256: str,
    champions: Mapping[str, Any],
    paused: Mapping[str, list[str]],
    shards: int,
    warnings: Sequence[Warned] = (),
) -> None:
    """Write a night's plan, all or nothing.

    Raises:
        IntegrityError: the night is planned already, or another night was planned since the ledger
            was read (``after_sequence``), so that caps and stock must be looked at again.
    """
    connection.execute(
        insert(nights).values(
            night=night,
            sequence=after_sequence + 1,
            snapshot_sha256=snapshot_sha256,
            policy_sha256=policy_sha256,
            champions=dict(champions),
            paused=dict(paused),
            due=dict(plan.due),
            warnings=[dict(warning) for warning in warnings],
            account=dict(plan.account),
        )
    )
    highest = connection.scalar(select(func.max(touches.c.touch_id))) or 0
    planned = plan.touches.assign(
        touch_id=np.arange(highest + 1, highest + 1 + len(plan.touches), dtype="int64"),
        night=pd.Timestamp(night),
        state=np.where(plan.touches["arm"] == "held_out", "held_out", "planned"),
        shard=plan.touches["customer_key"].to_numpy("int64") % shards,
    )
    insert_frame(connection, touches, planned[[column.name for column in touches.c]])
    insert_frame(connection, exclusions, plan.exclusions.assign(night=pd.Timestamp(night)))
    reserve(connection, planned, night=night)


def count_exclusions(connection: Connection, night: date) -> pd.DataFrame:
    """``campaign, outcome, reason, count`` of a night."""
    query = (
        select(
            exclusions.c.campaign,
            exclusions.c.outcome,
            exclusions.c.reason,
            func.count().label("count"),
        )
        .where(exclusions.c.night == night)
        .group_by(exclusions.c.campaign, exclusions.c.outcome, exclusions.c.reason)
        .order_by(exclusions.c.campaign, exclusions.c.outcome, exclusions.c.reason)
    )
    return read_frame(connection, query)


def touched_since(connection: Connection, night: date, campaign: str) -> pd.DataFrame:
    """``touch_id, customer_key`` of a campaign whose customers a later night touches near to it.

    Near is within a week. What came to nothing, service messages and what was taken out do not
    count.
    """
    later, planned, then = touches.alias("later"), nights.alias("planned"), nights.alias("then")
    query = (
        select(*touches.c["touch_id", "customer_key", "send_on"], later.c.send_on.label("later_on"))
        .join(later, later.c.customer_key == touches.c.customer_key)
        .join(then, then.c.night == touches.c.night)
        .join(planned, planned.c.night == later.c.night)
        .outerjoin(messages, messages.c.touch_id == later.c.touch_id)
        .where(
            touches.c.night == night,
            touches.c.campaign == campaign,
            planned.c.sequence > then.c.sequence,
            later.c.message_class == "marketing",
            later.c.state.in_(("planned", "rendered")),
            or_(messages.c.state.is_(None), messages.c.state.not_in(CAME_TO_NOTHING)),
        )
    )
    both = read_frame(connection, query)
    near = (both["later_on"] - both["send_on"]).abs() <= WEEK
    return both.loc[near, ["touch_id", "customer_key"]].drop_duplicates()


def read_lives(connection: Connection, customer_key: int) -> list[Life]:
    """Every touch of a customer, newest night first."""
    names = ("night", "campaign", "occasion_key", "occasion_on", "arm", "state")
    query = (
        select(
            *(touches.c[name] for name in names),
            touches.c.state_reason.label("reason"),
            *(touches.c[name] for name in ("channel", "send_on", "gift_id")),
            messages.c.state.label("message_state"),
            messages.c.state_reason.label("message_reason"),
            messages.c.recommended,
        )
        .outerjoin(messages, messages.c.touch_id == touches.c.touch_id)
        .where(touches.c.customer_key == customer_key)
        .order_by(touches.c.night.desc(), touches.c.campaign, touches.c.occasion_key)
    )
    return [Life(**row._asdict()) for row in connection.execute(query)]


def read_occasions(connection: Connection, customer_key: int, night: date) -> list[dict[str, Any]]:
    """What a customer's touches of a night keep of why now, one each."""
    names = ("campaign", "occasion_key", "occasion_on", "tier", "years", "product_key", "facts")
    query = select(*touches.c[names], *touches.c["night", "window_from", "window_to"]).where(
        touches.c.customer_key == customer_key, touches.c.night == night
    )
    return [row._asdict() for row in connection.execute(query)]


def read_exclusions_of(connection: Connection, customer_key: int, night: date) -> pd.DataFrame:
    """``campaign, occasion_key, outcome, reason, detail`` of a customer on a night."""
    names = ("campaign", "occasion_key", "outcome", "reason", "detail")
    query = (
        select(*(exclusions.c[name] for name in names))
        # Told so, it goes along the index on customers and not through all of the night.
        .where(
            exclusions.c.customer_key == customer_key,
            case((exclusions.c.night == night, 1), else_=0) == 1,
        )
        .order_by(exclusions.c.campaign, exclusions.c.occasion_key)
    )
    return read_frame(connection, query)


def read_last_exclusions(connection: Connection, customer_key: int, *, limit: int) -> pd.DataFrame:
    """``night, campaign, occasion_key, outcome, reason, detail`` of a customer, newest first."""
    names = ("night", "campaign", "occasion_key", "outcome", "reason", "detail")
    query = (
        select(*exclusions.c[names])
        .where(exclusions.c.customer_key == customer_key)
        .order_by(exclusions.c.night.desc(), exclusions.c.campaign, exclusions.c.occasion_key)
        .limit(limit)
    )
    return read_frame(connection, query)


def count_touches(connection: Connection, night: date) -> pd.DataFrame:
    """``campaign, arm, state, count, gift_cost`` of a night.

    What a reviewer took out has the state ``excluded``: it is among the exclusions.
    """
    state = case((is_out(touches.c.touch_id), TAKEN_OUT), else_=touches.c.state)
    query = (
        select(
            touches.c.campaign,
            touches.c.arm,
            state.label("state"),
            func.count().label("count"),
            func.sum(touches.c.gift_cost).label("gift_cost"),
        )
        .where(touches.c.night == night)
        .group_by(touches.c.campaign, touches.c.arm, state)
        .order_by(touches.c.campaign, touches.c.arm, state)
    )
    return read_frame(connection, query)
