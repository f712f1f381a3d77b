"""Sums over the messages and exclusions of a night, so that nobody counts to look at it."""

from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, case, delete, func, insert, literal, select

from care.domain.recommendation import FALLBACKS
from care.storage.bulk import read_frame
from care.storage.exclusions import is_out
from care.storage.tables import (
    exclusion_tallies,
    exclusions,
    message_tallies,
    messages,
    touches,
)


def tally(connection: Connection, night: date, campaign: str | None = None) -> None:
    """Bring the sums of a night, or of one campaign of it, up to what there is now."""
    for table in (message_tallies, exclusion_tallies):
        old = delete(table).where(table.c.night == night)
        connection.execute(old if campaign is None else old.where(table.c.campaign == campaign))
    gift = func.coalesce(touches.c.gift_id, "")
    kept = ("night", "campaign", "channel", "locale")
    of_night, of_campaign, channel, locale = messages.c[kept]
    by = (of_night, of_campaign, touches.c.tier, channel, locale, gift)
    written = (
        select(
            *by,
            func.count(),
            func.sum(touches.c.gift_cost),
            func.sum(case((messages.c.items_source != "none", 1), else_=0)),
            func.sum(case((messages.c.items_source.in_(FALLBACKS), 1), else_=0)),
            func.min(messages.c.not_before),
            func.max(messages.c.not_after),
            func.min(messages.c.not_after),
        )
        .join(touches, touches.c.touch_id == messages.c.touch_id)
        .where(messages.c.night == night, ~is_out(messages.c.touch_id))
        .group_by(*by)
    )
    about = exclusions.c["night", "campaign", "outcome", "reason"]
    left_out = select(*about, func.count()).where(exclusions.c.night == night).group_by(*about)
    if campaign is not None:
        written = written.where(messages.c.campaign == campaign)
        left_out = left_out.where(exclusions.c.campaign == campaign)
    unwritten = _unwritten(night)
    if campaign is not None:
        unwritten = unwritten.where(touches.c.campaign == campaign)
    for table, rows in (
        (message_tallies, written),
        (exclusion_tallies, left_out),
        (exclusion_tallies, unwritten),
    ):
        names = [column.name for column in table.c]
        connection.execute(insert(table).from_select(names, rows))


def _unwritten(night: date) -> Select[Any]:
    """Touches that have no message: of the control group, or such as could not be written."""
    by = touches.c["night", "campaign", "state"]
    return (
        select(*by, literal(""), func.count())
        .where(touches.c.night == night, touches.c.state.in_(("held_out", "failed")))
        .group_by(*by)
    )


def read_messages(
    connection: Connection, *, since: date, until: date, campaign: str | None = None
) -> pd.DataFrame:
    """The sums over messages of the nights from ``since`` to ``until``, both included.

    Columns of ``message_tallies``: night, campaign, tier, channel, locale, gift_id (empty for
    none), messages, gift_cost (minor units), with_items, fallbacks; not_before, not_after: the
    earliest opening and the latest closing of their windows; closes_from: the earliest closing.
    """
    table = message_tallies
    query = select(table).where(table.c.night.between(since, until))
    if campaign is not None:
        query = query.where(table.c.campaign == campaign)
    return read_frame(connection, query.order_by(*table.primary_key))


def read_exclusions(connection: Connection, *, since: date, until: date) -> pd.DataFrame:
    """``night, campaign, outcome, reason, count`` of the nights from a day to another.

    ``outcome``: ``excluded``, ``deferred``, and, with no reason, ``held_out`` and ``failed``.
    """
    table = exclusion_tallies
    query = select(table).where(table.c.night.between(since, until))
    return read_frame(connection, query.order_by(*table.primary_key))
