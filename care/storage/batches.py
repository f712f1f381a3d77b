"""Batches handed to gateways, and each message's way through them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)

from care.storage.bulk import insert_frame, read_frame
from care.storage.tables import (
    batches,
    campaign_nights,
    customers,
    decisions,
    deliveries,
    identities,
    messages,
    touches,
)


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch as the ledger knows it."""

    batch_id: str
    night: date
    channel: str
    gateway: str
    state: str
    records: int
    attempt: int
    supersedes: str | None
    created_at: datetime
    manifest_sha256: str = ""


def claim(connection: Connection, batch: BatchRecord, approvals: Mapping[str, int]) -> None:
    """Take messages into a batch, each with the approval it rests on (message id → decision).

    Raises:
        IntegrityError: another run made this batch already.
    """
    connection.execute(insert(batches).values(asdict(batch)))
    insert_frame(
        connection,
        deliveries,
        pd.DataFrame(
            {
                "batch_id": batch.batch_id,
                "message_id": list(approvals),
                "position": range(len(approvals)),
                "approval_id": list(approvals.values()),
                "state": "sending",
            }
        ),
    )
    connection.execute(
        update(messages)
        .where(messages.c.message_id == bindparam("message"))
        .values(state="sealed", batch_id=batch.batch_id, attempt=batch.attempt),
        [{"message": message_id} for message_id in approvals],
    )


def list_batches(
    connection: Connection, *, states: tuple[str, ...] = (), night: date | None = None
) -> list[BatchRecord]:
    """Batches in the order they were made."""
    query = select(batches).order_by(batches.c.created_at, batches.c.batch_id)
    if states:
        query = query.where(batches.c.state.in_(states))
    if night is not None:
        query = query.where(batches.c.night == night)
    return [BatchRecord(**row._asdict()) for row in connection.execute(query)]


_OF_ITS_CAMPAIGN = and_(
    campaign_nights.c.night == messages.c.night,
    campaign_nights.c.campaign == messages.c.campaign,
)

_LINE = (
    select(
        messages,
        touches.c.occasion_key,
        touches.c.message_class,
        customers.c.customer_ref,
        identities.c.data_key,
        identities.c.email,
        identities.c.phone,
        decisions.c.decision_id.label("approval_id"),
        decisions.c.actor,
        decisions.c.content_hash,
    )
    .join(touches, touches.c.touch_id == messages.c.touch_id)
    .join(customers, customers.c.customer_key == touches.c.customer_key)
    .join(identities, identities.c.customer_key == touches.c.customer_key)
)


@dataclass(frozen=True, slots=True)
class Share:
    """What one batch may hold: a range of messages of one channel that re-issue one batch, or none.

    ``supersedes`` is the batch they were in before, ``attempt`` how often they were offered.
    """

    channel: str
    supersedes: str | None
    attempt: int
    first: str
    last: str

    def holds(self) -> ColumnElement[bool]:
        """The condition that a message is in it."""
        return and_(
            messages.c.channel == self.channel,
            messages.c.batch_id.is_not_distinct_from(self.supersedes),
            messages.c.attempt == self.attempt,
            messages.c.message_id.between(self.first, self.last),
        )


def list_shares(connection: Connection, *, opens_before: datetime, at_most: int) -> list[Share]:
    """Cut what can be sealed now into shares of ``at_most`` messages each."""
    kind = [messages.c.channel, messages.c.batch_id, messages.c.attempt]
    query = (
        select(*kind, messages.c.message_id)
        .join(campaign_nights, _OF_ITS_CAMPAIGN)
        .where(
            messages.c.state == "rendered",
            messages.c.not_before <= opens_before,
            campaign_nights.c.state == "approved",
        )
    )
    ready: dict[tuple[str, str | None, int], list[str]] = defaultdict(list)
    for row in connection.execute(query):
        ready[row.channel, row.batch_id, row.attempt].append(row.message_id)
    shares = []
    for (channel, supersedes, attempt), ids in sorted(ready.items(), key=str):
        ids.sort()
        for start in range(0, len(ids), at_most):
            held = ids[start : start + at_most]
            shares.append(Share(channel, supersedes, attempt, held[0], held[-1]))
    return shares


def read_ready(
    connection: Connection, share: Share, *, opens_before: datetime
) -> list[dict[str, Any]]:
    """What of a share can be sealed now: all that lines are made of, bodies still sealed.

    The rows stay locked until the transaction ends, so that two releases cannot claim one.
    """
    query = (
        _LINE.join(campaign_nights, _OF_ITS_CAMPAIGN)
        .join(decisions, decisions.c.decision_id == campaign_nights.c.approval_id)
        .where(share.holds(), messages.c.state == "rendered", messages.c.not_before <= opens_before)
        .order_by(messages.c.message_id)
        .with_for_update(of=messages)
    )
    return [row._asdict() for row in connection.execute(query)]


def read_batch(connection: Connection, batch_id: str) -> list[dict[str, Any]]:
    """All that a batch's lines are made of, bodies still sealed."""
    query = (
        _LINE.join(deliveries, deliveries.c.message_id == messages.c.message_id)
        .join(decisions, decisions.c.decision_id == deliveries.c.approval_id)
        .where(deliveries.c.batch_id == batch_id)
        .order_by(deliveries.c.position)
    )
    return [row._asdict() for row in connection.execute(query)]


def count_answers(connection: Connection, *, since: date, until: date) -> pd.DataFrame:
    """``night, channel, state, batches, records, accepted, rejected`` of days, both included."""
    answered = {
        state: func.sum(case((deliveries.c.state == state, 1), else_=0)).label(state)
        for state in ("accepted", "rejected")
    }
    each = (
        select(deliveries.c.batch_id, *answered.values())
        .join(batches, batches.c.batch_id == deliveries.c.batch_id)
        .where(batches.c.night.between(since, until))
        .group_by(deliveries.c.batch_id)
        .subquery()
    )
    by = batches.c["night", "channel", "state"]
    query = (
        select(
            *by,
            func.count().label("batches"),
            func.sum(batches.c.records).label("records"),
            *(func.coalesce(func.sum(each.c[name]), 0).label(name) for name in answered),
        )
        .outerjoin(each, each.c.batch_id == batches.c.batch_id)
        .where(batches.c.night.between(since, until))
        .group_by(*by)
        .order_by(*by)
    )
    return read_frame(connection, query)


def give_up(connection: Connection, batch_id: str, why: str) -> None:
    """End a batch that the gateway did not get; its messages wait for another one."""
    ended = connection.execute(
        update(batches)
        .where(batches.c.batch_id == batch_id, batches.c.state == "sealing")
        .values(state="rejected")
        .returning(batches.c.batch_id)
    )
    if ended.one_or_none() is None:
        return
    connection.execute(
        update(deliveries)
        .where(deliveries.c.batch_id == batch_id)
        .values(state="rejected", code=why)
    )
    connection.execute(
        update(messages)
        .where(messages.c.batch_id == batch_id, messages.c.state == "sealed")
        .values(state="rendered")
    )


def mark_offered(connection: Connection, batch_id: str, manifest_sha256: str) -> bool:
    """From now on the gateway may see the batch; with no hash, it certainly does not.

    Tells whether the batch is still there to be handed over.
    """
    offered = connection.execute(
        update(batches)
        .where(batches.c.batch_id == batch_id, batches.c.state == "sealing")
        .values(manifest_sha256=manifest_sha256)
        .returning(batches.c.batch_id)
    )
    return offered.one_or_none() is not None


def mark_submitted(connection: Connection, batch_id: str, manifest_sha256: str) -> None:
    """The gateway can see the batch."""
    connection.execute(
        update(batches)
        .where(batches.c.batch_id == batch_id, batches.c.state == "sealing")
        .values(state="submitted", manifest_sha256=manifest_sha256)
    )


def acknowledge(
    connection: Connection, batch_id: str, state: str, rejected: Mapping[str, str], retry: set[str]
) -> tuple[list[int], list[int]]:
    """Record a gateway's answer.

    ``rejected``: message id → code; those in ``retry`` go back to wait for another batch, the
    others end. Returns the touches accepted and the touches rejected for good. A batch that was
    answered already is left alone, and two empty lists come back.
    """
    open_batch = connection.execute(
        select(batches.c.batch_id)
        .where(batches.c.batch_id == batch_id, batches.c.state == "submitted")
        .with_for_update()
    ).one_or_none()
    if open_batch is None:
        return [], []
    connection.execute(update(batches).where(batches.c.batch_id == batch_id).values(state=state))
    rows = connection.execute(
        select(deliveries.c.message_id, messages.c.touch_id)
        .join(messages, messages.c.message_id == deliveries.c.message_id)
        .where(deliveries.c.batch_id == batch_id, deliveries.c.state == "sending")
        .order_by(deliveries.c.position)
    ).all()
    accepted = [row for row in rows if row.message_id not in rejected]
    refused = [row for row in rows if row.message_id in rejected]
    delivery = update(deliveries).where(
        deliveries.c.batch_id == batch_id, deliveries.c.message_id == bindparam("message")
    )
    message = update(messages).where(messages.c.message_id == bindparam("message"))
    if accepted:
        ids = [{"message": row.message_id} for row in accepted]
        connection.execute(delivery.values(state="accepted"), ids)
        connection.execute(message.values(state="accepted"), ids)
    if refused:
        codes = [{"message": row.message_id, "why": rejected[row.message_id]} for row in refused]
        connection.execute(delivery.values(state="rejected", code=bindparam("why")), codes)
    again = [{"message": row.message_id} for row in refused if row.message_id in retry]
    if again:
        connection.execute(message.values(state="rendered"), again)
    ended = [row for row in refused if row.message_id not in retry]
    if ended:
        connection.execute(
            message.values(state="rejected", state_reason=bindparam("why")),
            [{"message": row.message_id, "why": rejected[row.message_id]} for row in ended],
        )
    return [row.touch_id for row in accepted], [row.touch_id for row in ended]


def read_deliveries(connection: Connection, batch_id: str) -> pd.DataFrame:
    """``message_id, state, code`` of a batch, in its order."""
    columns = [deliveries.c[name] for name in ("message_id", "state", "code")]
    query = select(*columns).where(deliveries.c.batch_id == batch_id)
    return read_frame(connection, query.order_by(deliveries.c.position))
