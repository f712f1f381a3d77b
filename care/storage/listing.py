"""The messages of a campaign of the night one by one: filtered, and in pages by message id."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select

from care.storage.exclusions import is_out
from care.storage.people import find_customer
from care.storage.tables import customers, identities, messages, touches

LOOKED_THROUGH = 5_000
"""So many messages are looked at for one page."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which messages of a campaign; what is left out is any.

    ``text``: the whole customer_id, pseudonym or message id. ``gift``: its id, or ``none``.
    """

    text: str | None = None
    tier: str | None = None
    locale: str | None = None
    channel: str | None = None
    gift: str | None = None
    state: str | None = None

    @property
    def narrows(self) -> bool:
        """Whether it asks for anything, blanks aside."""
        asked = (self.text, self.tier, self.locale, self.channel, self.gift, self.state)
        return any(one and one.strip() for one in asked)


def _named(connection: Connection, campaign: str, text: str | None) -> list[str] | None:
    """The messages that a whole id or pseudonym stands for; nothing where there is no text.

    Parts of names are none: whoever may try them finds a hidden name letter by letter.
    """
    if not text:
        return None
    message = select(messages.c.message_id).where(messages.c.message_id == text)
    if found := list(connection.scalars(message)):
        return found
    customer = find_customer(connection, text)
    if customer is None:
        return []
    hers = select(touches.c.touch_id).where(
        touches.c.customer_key == customer.customer_key, touches.c.campaign == campaign
    )
    ids = list(connection.scalars(hers))
    return list(
        connection.scalars(select(messages.c.message_id).where(messages.c.touch_id.in_(ids)))
    )


def _of(
    night: date, campaign: str, chosen: Chosen, query: Select[Any], named: list[str] | None = None
) -> Select[Any]:
    query = (
        query.join(touches, touches.c.touch_id == messages.c.touch_id)
        .join(customers, customers.c.customer_key == touches.c.customer_key)
        .outerjoin(identities, identities.c.customer_key == touches.c.customer_key)
        .where(messages.c.night == night, messages.c.campaign == campaign)
        .order_by(messages.c.message_id)
    )
    for column, wanted in (
        (touches.c.tier, chosen.tier),
        (messages.c.locale, chosen.locale),
        (messages.c.channel, chosen.channel),
        (messages.c.state, chosen.state),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if chosen.gift is not None:
        none = touches.c.gift_id.is_(None)
        query = query.where(none if chosen.gift == "none" else touches.c.gift_id == chosen.gift)
    if named is not None:
        query = query.where(messages.c.message_id.in_(named))
    return query


def page_query(
    night: date,
    campaign: str,
    chosen: Chosen,
    *,
    after: str | None,
    limit: int,
    named: list[str] | None = None,
    until: str | None = None,
) -> Select[Any]:
    """The query of one page, walked along the index on night, campaign and message id.

    ``named``: the messages that the filter's text stands for, if it has one. ``until``: the last
    message that is looked at.
    """
    shown = ("message_id", "channel", "locale", "state", "state_reason", "items_source")
    query: Select[Any] = select(
        *messages.c[shown],
        *messages.c["segments", "not_before", "not_after"],
        *touches.c["tier", "gift_id", "gift_note"],
        customers.c.customer_ref,
        identities.c.name,
    )
    query = _of(night, campaign, chosen, query, named).limit(limit)
    if until is not None:
        query = query.where(messages.c.message_id <= until)
    return query if after is None else query.where(messages.c.message_id > after)


def read_page(
    connection: Connection,
    night: date,
    campaign: str,
    chosen: Chosen,
    *,
    after: str | None,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Rows of one page: what the desk's list shows, the name in the open.

    A filter may have to look at every message of a large campaign, so it looks through a part of
    them at a time; returned besides is where it stopped, if there are more.
    """
    named = _named(connection, campaign, chosen.text)
    until = None
    if named is None and chosen != Chosen():
        until = connection.scalar(
            _part_of(night, campaign, after).offset(LOOKED_THROUGH - 1).limit(1)
        )
    query = page_query(night, campaign, chosen, after=after, limit=limit, named=named, until=until)
    return [row._asdict() for row in connection.execute(query)], until


def _part_of(night: date, campaign: str, after: str | None) -> Select[Any]:
    """Message ids from one on, out of the index alone."""
    ids = messages.c.message_id
    query = select(ids).where(messages.c.night == night, messages.c.campaign == campaign)
    return (query if after is None else query.where(ids > after)).order_by(ids)


def unsent(connection: Connection, night: date, campaign: str, chosen: Chosen) -> list[str]:
    """The unsent messages that a filter finds."""
    named = _named(connection, campaign, chosen.text)
    query = _of(night, campaign, chosen, select(messages.c.message_id), named).where(
        messages.c.state == "rendered",
        ~is_out(messages.c.touch_id),
    )
    return list(connection.scalars(query))
