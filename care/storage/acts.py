"""What staff did about customers: only ever added to.

A line names what it is about; what was said of it, such as a note, is kept sealed where it belongs.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from care.domain.act import Act
from care.storage.database import lock_table
from care.storage.tables import (
    consent_entries,
    customers,
    identities,
    staff_acts,
    suppressions,
)

NAMES = ("name", "family_name", "given_name", "spouse_name", "email", "phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Who did what, and when; ``count``: rows taken of a ``file``, or customers found."""

    act: Act
    actor: str
    at: datetime
    reason: str = ""
    suppression_id: int | None = None
    event_id: str | None = None
    gift_id: str | None = None
    file: str | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines; what is left out is any. ``since`` ≤ done at < ``until``."""

    act: str | None = None
    actor: str | None = None
    customer_key: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def add(
    connection: Connection, done: Done, *, customer_keys: Sequence[int | None] = (None,)
) -> None:
    """Write down what somebody did, a line for each customer whom it is about."""
    lock_table(connection, staff_acts)
    highest = connection.scalar(select(func.max(staff_acts.c.act_id))) or 0
    told = asdict(done) | {"act": str(done.act)}
    rows = [
        told | {"act_id": number, "customer_key": key}
        for number, key in enumerate(customer_keys, start=highest + 1)
    ]
    if rows:
        connection.execute(insert(staff_acts), rows)


def page_query(asked: Asked, *, before: int | None, limit: int) -> Select[Any]:
    """The query of one page, walked down the primary key.

    With each line come the suppression and the word of consent that it names, what is sealed of
    both, and whom it names, so that her name can be hidden in what staff wrote.
    """
    line, stop, word = staff_acts.c, suppressions.c, consent_entries.c
    query = (
        select(
            *staff_acts.c,
            customers.c.customer_ref,
            *identities.c[("data_key", *NAMES)],
            stop.event_id.label("stop_event"),
            stop.channel.label("stop_channel"),
            *stop["occasion", "until", "note"],
            word.channel.label("word_channel"),
            *word["purpose", "word", "proof"],
        )
        .outerjoin(customers, customers.c.customer_key == line.customer_key)
        .outerjoin(identities, identities.c.customer_key == line.customer_key)
        .outerjoin(suppressions, stop.suppression_id == line.suppression_id)
        .outerjoin(consent_entries, word.event_id == line.event_id)
        .order_by(line.act_id.desc())
        .limit(limit)
    )
    for column, wanted in (
        (line.act, asked.act),
        (line.actor, asked.actor),
        (line.customer_key, asked.customer_key),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if asked.since is not None:
        query = query.where(line.at >= asked.since)
    if asked.until is not None:
        query = query.where(line.at < asked.until)
    return query if before is None else query.where(line.act_id < before)


def read_page(
    connection: Connection, asked: Asked, *, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Lines, the newest first, from before one on, as ``page_query`` describes them."""
    return [
        row._asdict() for row in connection.execute(page_query(asked, before=before, limit=limit))
    ]
