"""The messages of a campaign one by one: filtered, in pages, names masked until asked for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from care.desk.page import Page
from care.desk.verdict import UnableToDecide, find
from care.domain.act import Act
from care.domain.mask import masked
from care.runtime import Runtime
from care.storage import acts, listing, people
from care.storage.acts import Done
from care.storage.database import reading, writing
from care.storage.listing import Chosen

__all__ = ["Chosen", "Revealed", "TouchRow", "as_revealed", "refuse_unasked", "reveal", "touches"]


@dataclass(frozen=True, slots=True)
class TouchRow:
    """One message in the list. ``name`` is masked, such as ``E… C…``, unless revealed."""

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

    @property
    def waits(self) -> bool:
        """Whether it can still be changed."""
        return self.state == "rendered"


@dataclass(frozen=True, slots=True)
class Revealed:
    """Who somebody is, in the open; all but the pseudonym missing of who was erased."""

    customer_ref: str
    customer_id: str | None
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
    revealed: Collection[str] = (),
) -> Page[TouchRow]:
    """A page of a campaign's messages, by message id; those taken out are among them.

    ``revealed``: pseudonyms of the customers whose names are shown; that somebody asked for them is
    written down by whoever gave her leave.

    A filter that finds little in a large campaign may end a page early, even an empty one, with
    ``next`` to look on from.

    Raises:
        UnableToDecide: no such campaign.
    """
    with reading(runtime.engine) as connection:
        find(connection, night, campaign)
        rows, until = listing.read_page(
            connection, night, campaign, chosen or Chosen(), after=after, limit=limit + 1
        )
    shown = [
        TouchRow(**row if row["customer_ref"] in revealed else row | {"name": masked(row["name"])})
        for row in rows[:limit]
    ]
    return Page(shown, shown[-1].message_id if len(rows) > limit else until)


def reveal(
    runtime: Runtime, customers: Sequence[str], *, actor: str, reason: str, now: datetime
) -> list[Revealed]:
    """Tell who customers (pseudonyms or customer_ids) are; that it was asked stays on record.

    Raises:
        UnableToDecide: no reason, or no such customer.
    """
    refuse_unasked(reason)
    with writing(runtime.engine) as connection:
        known = people.read_names(connection, customers)
        if lacking := [one for one in customers if one not in known]:
            raise UnableToDecide(
                f"there is no customer {lacking[0]!r}. Give the shop's customer_id, or the "
                "pseudonym."
            )
        keys = list({row["customer_key"]: row for row in known.values()})
        done = Done(act=Act.NAME, actor=actor, at=now, reason=reason)
        acts.add(connection, done, customer_keys=keys)
    return [as_revealed(known[one]) for one in customers]


def as_revealed(row: Mapping[str, Any]) -> Revealed:
    """Somebody as ``people.read_names`` tells her."""
    return Revealed(**{name: row[name] for name in Revealed.__slots__})


def refuse_unasked(reason: str) -> None:
    """Show nobody to whom it is not worth a word.

    Raises:
        UnableToDecide: no reason.
    """
    if not reason.strip():
        raise UnableToDecide("say why: to see who somebody is needs a reason, which is kept")
