"""Customers and, in one place, who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, func, or_, select

from care.domain.consent import COLUMN_OF
from care.storage.bulk import insert_frame, read_frame, rows_alike
from care.storage.codes import AT_ONCE
from care.storage.database import lock_table
from care.storage.tables import consents, customers, identities
from care.storage.vault import Vault

DESCRIBING = [
    column.name
    for column in identities.c
    if column.name not in ("customer_key", "customer_id", "data_key")
]

SPREAD = 2_654_435_761
"""Knuth's multiplicative hash, 2**32 divided by the golden ratio: neighbours fall far apart."""


def sync_people(
    connection: Connection, people: pd.DataFrame, *, night: date, vault: Vault
) -> pd.DataFrame:
    """Bring identities to what the shop says; new customers get a key and a pseudonym.

    ``people`` has canonical customer columns. Only rows that differ are written. Customers the shop
    no longer lists are left alone: a feed that lost half its rows must not erase anybody. Returns
    ``customer_id, customer_key`` of everybody known.
    """
    lock_table(connection, customers)
    known = read_frame(connection, select(identities))
    new = people[~people["customer_id"].isin(known["customer_id"])].sort_values("customer_id")
    highest = connection.scalar(select(func.max(customers.c.customer_key))) or 0
    keys = np.arange(highest + 1, highest + 1 + len(new), dtype="int64")
    refs = [vault.customer_ref(customer_id) for customer_id in new["customer_id"]]
    insert_frame(
        connection,
        customers,
        pd.DataFrame({"customer_key": keys, "customer_ref": refs, "first_night": night}),
    )
    insert_frame(
        connection,
        identities,
        new[["customer_id", *DESCRIBING]].assign(
            customer_key=keys, data_key=[vault.new_key() for _ in refs]
        ),
    )
    pairs = pd.concat(
        [
            known[["customer_id", "customer_key"]],
            pd.DataFrame({"customer_id": new["customer_id"], "customer_key": keys}),
        ],
        ignore_index=True,
    ).astype({"customer_key": "int64"})
    _replace_changed_identities(connection, known, people)
    return pairs


def _replace_changed_identities(
    connection: Connection, known: pd.DataFrame, people: pd.DataFrame
) -> None:
    both = known[["customer_id", "customer_key", "data_key"]].merge(people, on="customer_id")
    before = known.set_index("customer_id").loc[both["customer_id"], DESCRIBING]
    changed = np.zeros(len(both), dtype=bool)
    for name in DESCRIBING:
        old = before[name].astype(both[name].dtype).reset_index(drop=True)
        same = (old == both[name]).fillna(False).to_numpy(bool)
        changed |= ~(same | (old.isna() & both[name].isna()).to_numpy())
    columns = ["customer_key", "customer_id", "data_key", *DESCRIBING]
    insert_frame(connection, identities, both.loc[changed, columns], existing="replace")


@dataclass(frozen=True, slots=True)
class Known:
    """The names under which the house knows a customer."""

    customer_key: int
    customer_ref: str


def find_customer(connection: Connection, name: str) -> Known | None:
    """A customer by the shop's customer_id or by her pseudonym."""
    known = select(customers.c.customer_key, customers.c.customer_ref)
    by_id = known.join(identities).where(identities.c.customer_id == name)
    # One after the other: asked for at once, neither index would be used.
    for query in (by_id, known.where(customers.c.customer_ref == name)):
        row = connection.execute(query).one_or_none()
        if row is not None:
            return Known(row.customer_key, row.customer_ref)
    return None


NAMED = ("customer_key", "customer_ref")
REACHED = ("customer_id", "name", "email", "phone")


def read_names(connection: Connection, named: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Who customers are, by the customer_id or pseudonym that they were asked for by.

    Of each ``customer_key``, ``customer_ref``, ``customer_id``, ``name``, ``email``, ``phone``.
    """
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(named), AT_ONCE):
        some = list(named[start : start + AT_ONCE])
        query = (
            select(*customers.c[NAMED], *identities.c[REACHED])
            .outerjoin(identities, identities.c.customer_key == customers.c.customer_key)
            .where(or_(customers.c.customer_ref.in_(some), identities.c.customer_id.in_(some)))
        )
        for row in connection.execute(query):
            told = row._asdict()
            found |= dict.fromkeys(set(some) & {row.customer_ref, row.customer_id}, told)
    return found


def find_named(connection: Connection, text: str, *, limit: int) -> list[dict[str, Any]]:
    """So many at most of those who have a text in their name, as ``read_names`` tells them."""
    query = (
        select(*customers.c[NAMED], *identities.c[REACHED])
        .join(identities, identities.c.customer_key == customers.c.customer_key)
        .where(identities.c.name.icontains(text, autoescape=True))
        .order_by(customers.c.customer_key)
        .limit(limit)
    )
    return [row._asdict() for row in connection.execute(query)]


def read_refs(connection: Connection, customer_keys: Sequence[int]) -> list[str]:
    """Customers' pseudonyms, in the order of their keys."""
    query = select(customers.c.customer_ref).where(customers.c.customer_key.in_(customer_keys))
    return list(connection.scalars(query.order_by(customers.c.customer_key)))


def read_keys(connection: Connection) -> pd.DataFrame:
    """``customer_id, customer_key, data_key`` of everybody who was not erased."""
    names = ("customer_id", "customer_key", "data_key")
    found = read_frame(connection, select(*(identities.c[name] for name in names)))
    return found.astype({"customer_key": "int64"})


def some_customers(connection: Connection, count: int) -> NDArray[np.int64]:
    """About so many customers' keys at most, ascending: the same part of them every night."""
    key = customers.c.customer_key
    total = connection.scalar(select(func.count(key))) or 0
    one_in = max(-(-total // count), 1)
    some = select(key).where(key * SPREAD % 2**32 % one_in == 0).order_by(key)
    return np.fromiter(connection.scalars(some), dtype=np.int64)


def find_data_key(connection: Connection, customer_key: int) -> bytes | None:
    """The key that what is kept of a customer is sealed with; nothing once she was erased."""
    key: bytes | None = connection.scalar(
        select(identities.c.data_key).where(identities.c.customer_key == customer_key)
    )
    return key


def read_people(connection: Connection, *, customer_key: int | None = None) -> pd.DataFrame:
    """Everybody, or one, as planning needs them: key, canonical columns and consents."""
    query = select(identities, customers.c.customer_ref).select_from(identities.join(customers))
    granted = {}
    for column, (channel, purpose) in COLUMN_OF.items():
        consent = consents.alias(column)
        query = query.outerjoin(
            consent,
            and_(
                consent.c.customer_key == identities.c.customer_key,
                consent.c.channel == str(channel),
                consent.c.purpose == str(purpose),
            ),
        ).add_columns(consent.c.granted.label(column))
        granted[column] = "bool"
    if customer_key is not None:
        query = query.where(identities.c.customer_key == customer_key)
    people = read_frame(connection, query.order_by(identities.c.customer_key))
    people = people.fillna(dict.fromkeys(granted, False))
    return people.astype(granted | {"customer_key": "int64"})


def read_traits(connection: Connection, names: Sequence[str]) -> pd.DataFrame:
    """``customer_key`` and some canonical columns of everybody who was not erased."""
    query = select(*identities.c["customer_key", *names]).order_by(identities.c.customer_key)
    return read_frame(connection, query).astype({"customer_key": "int64"})


def read_homes(connection: Connection) -> pd.DataFrame:
    """Everybody who shares a household: ``customer_key, home_key``, by customer.

    A home is known by the lowest key of those who live there; who lives alone is not listed.
    """
    of = identities.c
    home = func.min(of.customer_key).over(partition_by=of.household_id).label("home_key")
    members = func.count().over(partition_by=of.household_id).label("members")
    known = select(of.customer_key, home, members).where(of.household_id.is_not(None)).subquery()
    query = select(known.c.customer_key, known.c.home_key).where(known.c.members > 1)
    found = read_frame(connection, query.order_by(known.c.customer_key))
    return found.astype({"customer_key": "int64", "home_key": "int64"})


def read_households(connection: Connection, customers: pd.DataFrame) -> pd.DataFrame:
    """Who lives with whom, herself included: ``customer_key, member_key``.

    ``customers``: ``customer_key, household_id``, the latter missing where it is not known.
    """
    alone = customers[["customer_key"]].assign(member_key=customers["customer_key"])
    known = customers.loc[customers["household_id"].notna(), ["customer_key", "household_id"]]
    if known.empty:
        return alone.drop_duplicates().reset_index(drop=True)
    of = identities.c["customer_key", "household_id"]
    asked = known[["household_id"]].drop_duplicates()
    found = pd.concat(
        [
            read_frame(connection, select(*of).join(rows, matches))
            for rows, matches in rows_alike(connection, identities, asked)
        ]
    )
    together = known.merge(found.rename(columns={"customer_key": "member_key"}), on="household_id")
    both = pd.concat([alone, together[["customer_key", "member_key"]]])
    return both.astype("int64").drop_duplicates().reset_index(drop=True)
