"""Rendered messages: one per touch and channel, their bodies sealed."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import (
    Connection,
    Integer,
    Select,
    bindparam,
    case,
    func,
    select,
    update,
)

from care.domain.channel import Channel
from care.storage.bulk import insert_frame, read_frame, rows_alike
from care.storage.exclusions import is_out
from care.storage.tables import (
    customers,
    identities,
    message_tallies,
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


LEFT = ("sealed", "accepted", "rejected")
"""The states of a message that left the house."""

_WAITS = case((messages.c.state == "rendered", 1), else_=0) == 1
"""The same as ``state = 'rendered'``, but no reason to walk all that waits for a few known ids."""


def read_composed(connection: Connection, message_ids: Sequence[str]) -> pd.DataFrame:
    """What unsent messages were written from, as ``read_uncomposed`` has it, to write them anew.

    Besides ``message_id``, its window, ``recommended`` and the sealed ``body``; locale and timezone
    are those that it was written in.
    """
    kept = ("message_id", "locale", "timezone", "not_before", "not_after", "recommended", "body")
    hers = [c for c in identities.c if c.name not in ("customer_key", "locale", "timezone")]
    asked_for = pd.DataFrame({"message_id": pd.Series(list(message_ids), dtype="str")})
    parts = [
        read_frame(
            connection,
            select(
                touches,
                *hers,
                customers.c.customer_ref,
                voucher_codes.c.code.label("gift_code"),
                *messages.c[kept],
            )
            .select_from(messages)
            .join(asked, matches)
            .join(touches, touches.c.touch_id == messages.c.touch_id)
            .join(identities, identities.c.customer_key == touches.c.customer_key)
            .join(customers, customers.c.customer_key == touches.c.customer_key)
            .outerjoin(voucher_codes, voucher_codes.c.touch_id == touches.c.touch_id)
            .where(_WAITS),
        )
        for asked, matches in rows_alike(connection, messages, asked_for)
    ]
    return pd.concat(parts).sort_values("touch_id", ignore_index=True)


def replace_content(connection: Connection, composed: Sequence[Mapping[str, Any]]) -> None:
    """Give unsent messages what they say now; rows as ``save_messages`` takes them."""
    changed = ("template", "template_version", "render_sha256", "body", "segments", "items_source")
    if composed:
        connection.execute(
            update(messages)
            .where(messages.c.message_id == bindparam("message"), messages.c.state == "rendered")
            .values({name: bindparam(f"new_{name}") for name in changed}),
            [
                {"message": row["message_id"]} | {f"new_{name}": row[name] for name in changed}
                for row in composed
            ],
        )


def read_versions(
    connection: Connection, night: date, campaign: str | None = None
) -> list[tuple[str, str, str, str, str]]:
    """Campaign, channel, locale, template and version of whatever a night's messages come from."""
    names = ("campaign", "channel", "locale", "template", "template_version")
    query = select(*messages.c[names]).where(messages.c.night == night).distinct()
    if campaign is not None:
        query = query.where(messages.c.campaign == campaign)
    return [
        (row.campaign, row.channel, row.locale, row.template, row.template_version)
        for row in connection.execute(query.order_by(*messages.c[names]))
    ]


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


_NOT_TAKEN_OUT = ~is_out(messages.c.touch_id)


def read_for_review(
    connection: Connection, night: date, campaign: str | None = None
) -> pd.DataFrame:
    """``campaign, message_id, render_sha256, gift_cost, items_source`` of a night's messages.

    Of all its campaigns or one. What a reviewer took out is not among them.
    """
    columns = [messages.c[n] for n in ("campaign", "message_id", "render_sha256", "items_source")]
    query = (
        select(*columns, touches.c.gift_cost)
        .join(touches)
        .where(messages.c.night == night, _NOT_TAKEN_OUT)
        .order_by(messages.c.campaign, messages.c.message_id)
    )
    if campaign is not None:
        query = query.where(messages.c.campaign == campaign)
    return read_frame(connection, query)


def read_content(connection: Connection, night: date, campaign: str) -> list[tuple[str, str]]:
    """(message id, render hash) of all that was rendered for a campaign and not taken out of it."""
    query = select(messages.c.message_id, messages.c.render_sha256).where(
        messages.c.night == night, messages.c.campaign == campaign, _NOT_TAKEN_OUT
    )
    return [(row.message_id, row.render_sha256) for row in connection.execute(query)]


_SHOWN = (
    select(messages, touches.c.tier, touches.c.gift_id, identities.c.data_key, identities.c.name)
    .join(touches, touches.c.touch_id == messages.c.touch_id)
    .join(identities, identities.c.customer_key == touches.c.customer_key)
)


def read_samples(
    connection: Connection, night: date, campaign: str, count: int
) -> list[dict[str, Any]]:
    """Messages of a campaign for a reviewer, over channels and locales, bodies still sealed."""
    place = func.row_number().over(
        partition_by=(messages.c.channel, messages.c.locale), order_by=messages.c.message_id
    )
    query = (
        _SHOWN.where(messages.c.night == night, messages.c.campaign == campaign, _NOT_TAKEN_OUT)
        .order_by(place, messages.c.channel, messages.c.locale)
        .limit(count)
    )
    return [row._asdict() for row in connection.execute(query)]


def read_some(connection: Connection, message_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Messages by id, as ``read_samples`` has them; bodies of who was erased open no more."""
    query = _SHOWN.where(messages.c.message_id.in_(message_ids)).order_by(messages.c.message_id)
    return [row._asdict() for row in connection.execute(query)]


def sketch_query(
    night: date, campaign: str, *, begins: str, before: str | None, limit: int
) -> Select[Any]:
    """Messages of a campaign from an id on, or up to one, along the index on night and campaign."""
    query = (
        select(
            *messages.c["message_id", "locale", "channel", "items_source"],
            messages.c.segments.label("parts"),
            func.length(messages.c.body, type_=Integer).label("length"),
            *touches.c["tier", "gift_note"],
        )
        .join(touches, touches.c.touch_id == messages.c.touch_id)
        .where(
            messages.c.night == night,
            messages.c.campaign == campaign,
            messages.c.message_id >= begins,
            _NOT_TAKEN_OUT,
        )
        .order_by(messages.c.message_id)
        .limit(limit)
    )
    return query if before is None else query.where(messages.c.message_id < before)


def read_sketches(
    connection: Connection, night: date, campaign: str, *, begins: str, limit: int
) -> pd.DataFrame:
    """Up to so many messages of a campaign from an id on, and then from the first one on.

    Columns of ``sampling.SKETCH``.
    """
    last = read_frame(
        connection, sketch_query(night, campaign, begins=begins, before=None, limit=limit)
    )
    first = read_frame(
        connection,
        sketch_query(night, campaign, begins="", before=begins, limit=limit - len(last)),
    )
    return pd.concat([last, first], ignore_index=True)


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


def find_told(connection: Connection, message_id: str) -> dict[str, Any] | None:
    """All that a message's touch says of why it is written, or nothing."""
    about = (
        "message_class",
        "tier",
        "occasion_key",
        "occasion_on",
        "years",
        "product_key",
        "facts",
    )
    query = (
        select(
            *messages.c["night", "campaign", "channel", "not_before", "not_after", "recommended"],
            *touches.c[about],
            *touches.c["window_from", "window_to", "gift_id", "gift_note"],
            customers.c.customer_ref,
        )
        .join(touches, touches.c.touch_id == messages.c.touch_id)
        .join(customers, customers.c.customer_key == touches.c.customer_key)
        .where(messages.c.message_id == message_id)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else row._asdict()


def find_unsent(
    connection: Connection,
    night: date,
    campaign: str,
    *,
    customer_keys: Sequence[int] = (),
    message_ids: Sequence[str] = (),
) -> tuple[list[str], int]:
    """Unsent messages of some customers, or some by id, in order; and how many of them have none.

    What a reviewer took out is not found again.
    """
    keys = pd.DataFrame({"customer_key": pd.Series(list(customer_keys), dtype="int64")})
    ids = pd.DataFrame({"message_id": pd.Series(list(message_ids), dtype="str")}).drop_duplicates()
    of, asked_for = (touches, keys) if len(keys) else (messages, ids)
    found: list[tuple[str, int]] = []
    for asked, matches in rows_alike(connection, of, asked_for):
        query = (
            select(messages.c.message_id, touches.c.customer_key)
            .join(touches, touches.c.touch_id == messages.c.touch_id)
            .join(asked, matches)
            .where(
                messages.c.night == night,
                messages.c.campaign == campaign,
                messages.c.state == "rendered",
                _NOT_TAKEN_OUT,
            )
        )
        found += [(row.message_id, row.customer_key) for row in connection.execute(query)]
    there = {key for _, key in found} if len(keys) else {message_id for message_id, _ in found}
    return sorted(message_id for message_id, _ in found), len(asked_for) - len(there)


def written_as(
    connection: Connection,
    night: date,
    campaign: str,
    channel: str,
    locale: str,
    *,
    limit: int | None = None,
) -> list[str]:
    """The unsent messages of a campaign in one channel and locale, by id; all, or the first."""
    query = select(messages.c.message_id).where(
        messages.c.night == night,
        messages.c.campaign == campaign,
        messages.c.channel == channel,
        messages.c.locale == locale,
        messages.c.state == "rendered",
        _NOT_TAKEN_OUT,
    )
    return list(connection.scalars(query.order_by(messages.c.message_id).limit(limit)))


def places_of(connection: Connection, night: date, campaign: str) -> list[tuple[str, str]]:
    """Channel and locale of a campaign's messages, each pair once, out of the night's sums."""
    of = message_tallies.c
    query = (
        select(of.channel, of.locale)
        .where(of.night == night, of.campaign == campaign)
        .distinct()
        .order_by(of.channel, of.locale)
    )
    return [(row.channel, row.locale) for row in connection.execute(query)]


def count_sealed(connection: Connection, night: date, campaign: str) -> int:
    """How many messages of a campaign have left review for a batch."""
    query = select(func.count()).where(
        messages.c.night == night, messages.c.campaign == campaign, messages.c.batch_id.is_not(None)
    )
    return connection.scalar(query) or 0


def count_left(connection: Connection, night: date) -> dict[tuple[str, str], int]:
    """Messages of a night that left the house, by campaign and state; out of an index alone."""
    by = messages.c["campaign", "state"]
    query = (
        select(*by, func.count())
        .where(messages.c.night == night, messages.c.state.in_(LEFT))
        .group_by(*by)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


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
