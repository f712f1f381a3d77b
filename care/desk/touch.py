"""The messages of a campaign one by one: filtered, in pages, names masked until asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from care.desk.page import Page
from care.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which messages of a campaign; what is left out is any.

    ``text``: part of a name, or the whole customer_id, pseudonym or message id. ``gift``: its id,
    or ``none``.
    """

    text: str | None = None
    tier: str | None = None
    locale: str | None = None
    channel: str | None = None
    gift: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class TouchRow:
    """One message in the list. ``name`` is masked, such as ``E… C…``."""

    message_id: str
    customer_ref: str
    name: str
    channel: str
    locale: str
    tier: str
    gift_id: str | None
    gift_note: str
    state: str
    state_reason: str
    items_source: str
    segments: int
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Revealed:
    """Who somebody is, in the open."""

    customer_ref: str
    customer_id: str
    name: str | None
    email: str | None
    phone: str | None


def touches(
    runtime: Runtime,
    night: date,
    campaign: str,
    *,
    chosen: Chosen | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[TouchRow]:
    """A page of a campaign's messages, by message id.

    Raises:
        UnableToDecide: no such campaign.
    """
    raise NotImplementedError


def reveal(
    runtime: Runtime, customers: Sequence[str], *, actor: str, reason: str, now: datetime
) -> list[Revealed]:
    """Tell who customers (pseudonyms or customer_ids) are; that it was asked stays on record.

    Raises:
        UnableToDecide: no reason, or no such customer.
    """
    raise NotImplementedError
