"""The log of who asked to see who a customer is: only ever added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select

from care.storage.codes import AT_ONCE
from care.storage.database import lock_table
from care.storage.tables import access_log, customers, identities


@dataclass(frozen=True, slots=True)
class Asking:
    """One line of the log; ``what`` was shown: ``name`` or ``record``."""

    access_id: int
    at: datetime
    actor: str
    customer_ref: str
    what: str
    reason: str


def log_access(
    connection: Connection,
    customer_keys: Sequence[int],
    *,
    what: str,
    actor: str,
    reason: str,
    at: datetime,
) -> None:
    """Write down that somebody asked to see customers."""
    lock_table(connection, access_log)
    highest = connection.scalar(select(func.max(access_log.c.access_id))) or 0
    told = {"at": at, "actor": actor, "what": what, "reason": reason}
    rows = [
        told | {"access_id": number, "customer_key": key}
        for number, key in enumerate(customer_keys, start=highest + 1)
    ]
    if rows:
        connection.execute(insert(access_log), rows)


def read_accesses(connection: Connection, *, before: int | None = None, limit: int) -> list[Asking]:
    """Lines of the log, the newest first, from before one on."""
    query = (
        select(
            *access_log.c["access_id", "at", "actor"],
            customers.c.customer_ref,
            *access_log.c["what", "reason"],
        )
        .join(customers, customers.c.customer_key == access_log.c.customer_key)
        .order_by(access_log.c.access_id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(access_log.c.access_id < before)
    return [Asking(**row._asdict()) for row in connection.execute(query)]


def read_names(connection: Connection, named: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Who customers are, by the customer_id or pseudonym that they were asked for by."""
    about = ("customer_id", "name", "email", "phone")
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(named), AT_ONCE):
        some = list(named[start : start + AT_ONCE])
        query = (
            select(*customers.c["customer_key", "customer_ref"], *identities.c[about])
            .outerjoin(identities, identities.c.customer_key == customers.c.customer_key)
            .where(or_(customers.c.customer_ref.in_(some), identities.c.customer_id.in_(some)))
        )
        for row in connection.execute(query):
            told = row._asdict()
            found |= dict.fromkeys(set(some) & {row.customer_ref, row.customer_id}, told)
    return found
