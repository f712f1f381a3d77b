"""Rendered messages: one per touch and channel, their bodies sealed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, and_, bindparam, func, select, update

from care.domain.channel import Channel
from care.storage.batches import Share
from care.storage.bulk import insert_frame, read_frame
from care.storage.tables import (
    batches,
    campaign_nights,
    consents,
    customers,
    identities,
    messages,
    touches,
    voucher_codes,
)


def read_uncomposed(connection: Connection, night: date, shard: int) -> pd.DataFrame:
    """Planned touches of a shard that have no message yet, with the identity each speaks to.

    ``gift_code``: the voucher code that is reserved for the touch, where its gift has one.
    """
    query = (
        select(
            touches,
            *(c for c in identities.c if c.name != "customer_key"),
            customers.c.customer_ref,
            voucher_codes.c.code.label("gift_code"),
        )
        .join(identities, identities.c.customer_key == touches.c.customer_key)
        .join(customers, customers.c.customer_key == touches.c.customer_key)
        .outerjoin(voucher_codes, voucher_codes.c.touch_id == touches.c.touch_id)
        .where(touches.c.night == night, touches.c.shard == shard, touches.c.state == "planned")
        .order_by(touches.c.touch_id)
    )
    return read_frame(connection, query)


def save_messages(
    connection: Connection, composed: pd.DataFrame, failed: Mapping[int, str]
) -> None:
    """Write a shard's messages and mark their touches; a message already there stays as it is.

    ``failed``: touch id → why it could not be rendered.
    """
    insert_frame(connection, messages, composed, existing="skip")
    by_touch = touches.c.touch_id == bindparam("touch")
    waiting = update(touches).where(by_touch, touches.c.state == "planned")
    if len(composed):
        rendered = [{"touch": int(touch_id)} for touch_id in composed["touch_id"]]
        connection.execute(waiting.values(state="rendered"), rendered)
    if failed:
        connection.execute(
            waiting.values(state="failed", state_reason=bindparam("why")),
            [{"touch": touch_id, "why": why} for touch_id, why in sorted(failed.items())],
        )


def read_for_review(connection: Connection, night: date) -> pd.DataFrame:
    """``campaign, message_id, render_sha256, gift_cost, items_source`` of a night's messages."""
    columns = [messages.c[n] for n in ("campaign", "message_id", "render_sha256", "items_source")]
    query = (
        select(*columns, touches.c.gift_cost).join(touches).where(messages.c.night == night)
    ).order_by(messages.c.campaign, messages.c.message_id)
    return read_frame(connection, query)


def read_content(connection: Connection, night: date, campaign: str) -> list[tuple[str, str]]:
    """(message id, render hash) of everything rendered for a campaign of a night."""
    query = select(messages.c.message_id, messages.c.render_sha256).where(
        messages.c.night == night, messages.c.campaign == campaign
    )
    return [(row.message_id, row.render_sha256) for row in connection.execute(query)]


def read_samples(
    connection: Connection, night: date, campaign: str, count: int
) -> list[dict[str, Any]]:
    """Messages of a campaign for a reviewer, over channels and locales, bodies still sealed."""
    place = func.row_number().over(
        partition_by=(messages.c.channel, messages.c.locale), order_by=messages.c.message_id
    )
    query = (
        select(
            messages, touches.c.tier, touches.c.gift_id, identities.c.data_key, identities.c.name
        )
        .join(touches, touches.c.touch_id == messages.c.touch_id)
        .join(identities, identities.c.customer_key == touches.c.customer_key)
        .where(messages.c.night == night, messages.c.campaign == campaign)
        .order_by(place, messages.c.channel, messages.c.locale)
        .limit(count)
    )
    return [row._asdict() for row in connection.execute(query)]


def read_letters(connection: Connection, message_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Messages by their ids, bodies still sealed, each with the identity that it speaks to."""
    names = ("name", "family_name", "given_name", "spouse_name", "email", "phone", "data_key")
    query = (
        select(
            *messages.c["message_id", "channel", "body"],
            customers.c.customer_ref,
            *identities.c[names],
        )
        .join(touches, touches.c.touch_id == messages.c.touch_id)
        .join(customers, customers.c.customer_key == touches.c.customer_key)
        .join(identities, identities.c.customer_key == touches.c.customer_key)
        .where(messages.c.message_id.in_(message_ids))
    )
    return [row._asdict() for row in connection.execute(query)]


_LEAVING = (
    select(
        *(messages.c[n] for n in ("message_id", "night", "campaign", "channel", "batch_id")),
        messages.c.not_after,
        messages.c.items_source,
        touches.c.customer_key,
        touches.c.message_class,
        touches.c.occasion_key,
        touches.c.product_key,
        identities.c.email,
        identities.c.phone,
        consents.c.granted,
    )
    .join(touches, touches.c.touch_id == messages.c.touch_id)
    .join(identities, identities.c.customer_key == touches.c.customer_key)
    .outerjoin(
        consents,
        and_(
            consents.c.customer_key == touches.c.customer_key,
            consents.c.channel == messages.c.channel,
            consents.c.purpose == "marketing",
        ),
    )
    .order_by(messages.c.message_id)
)


def read_leaving(connection: Connection, share: Share, *, opens_before: datetime) -> pd.DataFrame:
    """A share of approved messages about to be sealed, as the last look at consent needs them.

    ``message_id, night, campaign, channel, batch_id, not_after, items_source, customer_key,
    message_class, occasion_key, product_key, email, phone, granted`` (her consent to marketing by
    this channel, missing where there is none).
    """
    query = _LEAVING.join(
        campaign_nights,
        and_(
            campaign_nights.c.night == messages.c.night,
            campaign_nights.c.campaign == messages.c.campaign,
        ),
    ).where(
        share.holds(),
        messages.c.state == "rendered",
        campaign_nights.c.state == "approved",
        messages.c.not_before <= opens_before,
    )
    return read_frame(connection, query)


def read_claimed(connection: Connection) -> pd.DataFrame:
    """Messages in batches that no gateway can see yet; columns as in ``read_leaving``."""
    query = _LEAVING.join(batches, batches.c.batch_id == messages.c.batch_id).where(
        messages.c.state == "sealed",
        batches.c.state == "sealing",
        batches.c.manifest_sha256 == "",
    )
    return read_frame(connection, query)


def end_messages(
    connection: Connection, message_ids: Sequence[str], state: str, reason: str
) -> list[int]:
    """Give rendered messages that will never leave their last state; return their touches."""
    if not message_ids:
        return []
    ids = [{"message": message_id} for message_id in message_ids]
    connection.execute(
        update(messages)
        .where(messages.c.message_id == bindparam("message"), messages.c.state == "rendered")
        .values(state=state, state_reason=reason),
        ids,
    )
    found: list[int] = []
    for start in range(0, len(message_ids), 500):
        query = select(messages.c.touch_id).where(
            messages.c.message_id.in_(message_ids[start : start + 500]), messages.c.state == state
        )
        found += connection.scalars(query)
    return found


def unsent_of(connection: Connection, night: date, campaign: str) -> list[str]:
    """Messages of a campaign that were not sealed."""
    query = select(messages.c.message_id).where(
        messages.c.night == night, messages.c.campaign == campaign, messages.c.state == "rendered"
    )
    return list(connection.scalars(query.order_by(messages.c.message_id)))


def count_sealed(connection: Connection, night: date, campaign: str) -> int:
    """How many messages of a campaign have left review for a batch."""
    query = select(func.count()).where(
        messages.c.night == night, messages.c.campaign == campaign, messages.c.batch_id.is_not(None)
    )
    return connection.scalar(query) or 0


def count_messages(connection: Connection, night: date) -> pd.DataFrame:
    """``campaign, channel, locale, state, count, segments`` of a night's messages."""
    keys = [messages.c[name] for name in ("campaign", "channel", "locale", "state")]
    query = (
        select(*keys, func.count().label("count"), func.sum(messages.c.segments).label("segments"))
        .where(messages.c.night == night)
        .group_by(*keys)
        .order_by(*keys)
    )
    return read_frame(connection, query)


def count_parts(connection: Connection, since: date) -> pd.DataFrame:
    """``campaign, messages, parts`` of the short messages written for the nights from a day on."""
    query = (
        select(
            messages.c.campaign,
            func.count().label("messages"),
            func.sum(messages.c.segments).label("parts"),
        )
        .where(messages.c.channel == str(Channel.SMS), messages.c.night >= since)
        .group_by(messages.c.campaign)
        .order_by(messages.c.campaign)
    )
    return read_frame(connection, query).astype({"messages": "int64", "parts": "int64"})
