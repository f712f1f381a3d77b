"""The ledger of suppressions: added and lifted, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, insert, select

from care.storage.bulk import insert_frame, read_frame, rows_alike
from care.storage.database import lock_table
from care.storage.tables import customers, identities, suppressions

TAKE_BACK = "take-back-"
"""How the event begins that lifts a suppression with all that its import brought."""
_lift = suppressions.alias("lift")
_OF_ITS_OWN = case((suppressions.c.lifts.is_(None), 1), else_=0) == 1
"""The same as ``lifts IS NULL``, but no reason to walk all that lifts nothing for a few of them."""


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
    import_id: str | None
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


def lock(connection: Connection) -> None:
    """Keep others from adding or lifting until the transaction ends."""
    lock_table(connection, suppressions)


def add_all(connection: Connection, rows: pd.DataFrame) -> None:
    """Write many; one that is there, by its event, stays as it is."""
    lock(connection)
    insert_frame(connection, suppressions, rows, existing="skip")


def known_events(connection: Connection, events: pd.Series) -> pd.DataFrame:
    """Those events that are there already: ``event_id, lifted, taken_back``.

    ``taken_back``: lifted with all that its import brought.
    """
    asked = pd.DataFrame({"event_id": events.drop_duplicates()})
    lifted = _lift.c.suppression_id.is_not(None).label("lifted")
    with_all = func.coalesce(_lift.c.event_id, "").like(f"{TAKE_BACK}%").label("taken_back")
    parts = [
        read_frame(
            connection,
            select(suppressions.c.event_id, lifted, with_all)
            .select_from(suppressions)
            .join(rows, matches)
            .outerjoin(_lift, _lift.c.lifts == suppressions.c.suppression_id),
        )
        for rows, matches in rows_alike(connection, suppressions, asked)
    ]
    return pd.concat(parts, ignore_index=True).astype({"lifted": "bool", "taken_back": "bool"})


def list_imports(connection: Connection) -> list[tuple[str, int, int]]:
    """Every file that was brought in, the newest first: its id, its suppressions, those lifted.

    A lift knows the import of what it lifts, so that an index counts both.
    """
    by = suppressions.c.import_id
    lifted = func.count(suppressions.c.lifts)
    query = (
        select(by, func.count() - lifted, lifted)
        .where(by.is_not(None))
        .group_by(by)
        .order_by(func.max(suppressions.c.suppression_id).desc())
    )
    return [(str(name), int(all_of), int(gone)) for name, all_of, gone in connection.execute(query)]


def read_import(connection: Connection, import_id: str) -> pd.DataFrame:
    """``suppression_id, customer_key, purpose, lifted`` of all that an import brought."""
    lifted = _lift.c.suppression_id.is_not(None).label("lifted")
    query = (
        select(*suppressions.c["suppression_id", "customer_key", "purpose"], lifted)
        .outerjoin(_lift, _lift.c.lifts == suppressions.c.suppression_id)
        .where(suppressions.c.lifts.is_(None), suppressions.c.import_id == import_id)
        .order_by(suppressions.c.suppression_id)
    )
    return read_frame(connection, query).astype({"lifted": "bool"})


def read_suppressions(
    connection: Connection, *, at: datetime, among: tuple[pd.Series, pd.Series] | None = None
) -> pd.DataFrame:
    """What holds at a moment: columns ``suppression.SUPPRESSIONS`` and ``address_hash``.

    Where ``address_hash`` is set, it is about whoever has that address. ``among``: the keys and the
    hashes of those who are asked about; only theirs are looked up, and those for everybody.
    """
    names = ("customer_key", "address_hash", "channel", "occasion", "purpose", "reason")
    query = select(*suppressions.c[names]).where(_holds(at))
    if among is None:
        return read_frame(connection, query)
    keys, hashes = (one.dropna().drop_duplicates().to_frame() for one in among)
    hers = query.where(suppressions.c.address_hash.is_(None))
    parts = [read_frame(connection, hers.where(suppressions.c.customer_key.is_(None)))]
    for asked, some in ((keys, hers), (hashes, query)):
        parts += [
            read_frame(connection, some.join(rows, matches))
            for rows, matches in rows_alike(connection, suppressions, asked)
        ]
    return pd.concat(parts, ignore_index=True)


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
        _OF_ITS_OWN,
        ~lifted,
        suppressions.c.until.is_(None) | (suppressions.c.until > at),
    )
