"""The ledger of suppressions: added and lifted, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, and_, exists, insert, select

from care.storage.bulk import insert_frame, read_frame
from care.storage.database import lock_table
from care.storage.tables import customers, identities, suppressions

_lift = suppressions.alias("lift")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One suppression with what became of it; ``note`` is sealed under ``data_key``."""

    suppression_id: int
    event_id: str | None
    customer_key: int | None
    customer_id: str | None
    customer_ref: str | None
    address_hash: str | None
    channel: str | None
    occasion: str | None
    purpose: str
    reason: str
    source: str
    since: datetime
    until: datetime | None
    lifted_at: datetime | None
    note: bytes | None
    data_key: bytes | None


def add(connection: Connection, row: Mapping[str, Any]) -> tuple[int, bool]:
    """Write one suppression, or one that lifts another; its number, and whether it is new.

    One that is there, by its event, stays as it is.
    """
    lock_table(connection, suppressions)
    found: int | None = connection.scalar(
        select(suppressions.c.suppression_id).where(suppressions.c.event_id == row["event_id"])
    )
    if found is not None:
        return found, False
    done = connection.execute(insert(suppressions).values(dict(row)))
    assert done.inserted_primary_key is not None
    return int(done.inserted_primary_key[0]), True


def add_all(connection: Connection, rows: pd.DataFrame) -> None:
    """Write many; one that is there, by its event, stays as it is."""
    lock_table(connection, suppressions)
    insert_frame(connection, suppressions, rows, existing="skip")


def read_suppressions(connection: Connection, *, at: datetime) -> pd.DataFrame:
    """What holds at a moment: columns ``suppression.SUPPRESSIONS`` and ``address_hash``.

    Where ``address_hash`` is set, it is about whoever has that address.
    """
    names = ("customer_key", "address_hash", "channel", "occasion", "purpose", "reason")
    columns = [suppressions.c[name] for name in names]
    return read_frame(connection, select(*columns).where(_holds(at)))


def list_suppressions(
    connection: Connection,
    *,
    at: datetime | None = None,
    customer_key: int | None = None,
    suppression_id: int | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Suppression]:
    """Suppressions in the order they came: those that hold at a moment, or all there ever were.

    Of one customer or of one number where asked. ``limit``: so many, the newest first, from below
    the number ``before`` on.
    """
    query = _listed(at, customer_key, suppression_id)
    if limit is not None:
        query = query.order_by(None).order_by(suppressions.c.suppression_id.desc()).limit(limit)
    if before is not None:
        query = query.where(suppressions.c.suppression_id < before)
    return [Suppression(**row._asdict()) for row in connection.execute(query)]


def _listed(
    at: datetime | None, customer_key: int | None, suppression_id: int | None
) -> Select[Any]:
    columns = [suppressions.c[name] for name in Suppression.__slots__ if name in suppressions.c]
    query: Select[Any] = (
        select(
            *columns,
            identities.c.customer_id,
            customers.c.customer_ref,
            identities.c.data_key,
            _lift.c.since.label("lifted_at"),
        )
        .outerjoin(customers, customers.c.customer_key == suppressions.c.customer_key)
        .outerjoin(identities, identities.c.customer_key == suppressions.c.customer_key)
        .outerjoin(_lift, _lift.c.lifts == suppressions.c.suppression_id)
        .where(suppressions.c.lifts.is_(None))
        .order_by(suppressions.c.suppression_id)
    )
    if at is not None:
        query = query.where(_holds(at))
    if customer_key is not None:
        query = query.where(suppressions.c.customer_key == customer_key)
    if suppression_id is not None:
        query = query.where(suppressions.c.suppression_id == suppression_id)
    return query


def _holds(at: datetime) -> ColumnElement[bool]:
    again = suppressions.alias("again")  # the lift that a listing joins is another use of the table
    lifted = exists().where(again.c.lifts == suppressions.c.suppression_id)
    return and_(
        suppressions.c.lifts.is_(None),
        ~lifted,
        suppressions.c.until.is_(None) | (suppressions.c.until > at),
    )
