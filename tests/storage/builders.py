"""A ledger with something in it: people who were synced, a night that was planned and saved."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, Table, func, select

from care.domain.touch import Plan
from care.storage import consents, gifts, nights, people
from care.storage.database import reading, writing
from care.storage.vault import Vault
from tests.builders import NIGHT, a_policy, customers, decisions, ledger, plan_night, tables

VAULT = Vault(bytes(32))
BIRTHDAY = {"birth_month": 11, "birth_day": 14}


def shop_says(*rows: dict[str, Any]) -> pd.DataFrame:
    """Customers as intake hands them over."""
    return customers(*rows).drop(columns=["customer_key", "tier"])


def sync(engine: Engine, *rows: dict[str, Any], night: date = NIGHT) -> pd.DataFrame:
    """Bring people and consents to what the shop says; return ``customer_id, customer_key``."""
    with writing(engine) as connection:
        told = shop_says(*rows)
        known = people.sync_people(connection, told, night=night, vault=VAULT)
        as_of = datetime(night.year, night.month, night.day, tzinfo=UTC)
        before = as_of - timedelta(days=1)
        keyed = told.merge(known, on="customer_id")
        consents.sync_consents(connection, keyed, None, as_of=as_of, before=before)
        return known


def planned(
    engine: Engine, *rows: dict[str, Any], night: date = NIGHT, stock: int | None = None
) -> Plan:
    """Plan a night for these customers and write it down."""
    sync(engine, *rows)
    policy = a_policy()
    catalogue_of_gifts = {
        name: gift
        if stock is None or gift.stock is None
        else gift.model_copy(update={"stock": stock})
        for name, gift in policy.gifts.items()
    }
    with reading(engine) as connection:
        everybody = people.read_people(connection)
        sequence = nights.last_sequence(connection)
        left = gifts.pieces_left(connection, catalogue_of_gifts)
    tiers = {row["customer_id"]: row["tier"] for row in rows}
    everybody["tier"] = everybody["customer_id"].map(tiers).astype("str")
    plan = plan_night(
        tables(everybody), ledger(everybody, gifts_left=left), decisions(policy), night=night
    )
    with writing(engine) as connection:
        gifts.sync_gifts(connection, catalogue_of_gifts)
        save(connection, plan, night=night, after=sequence)
    return plan


def save(connection: Connection, plan: Plan, *, night: date, after: int) -> None:
    """Write a plan down as the night's."""
    nights.save_plan(
        connection,
        plan,
        night=night,
        after_sequence=after,
        snapshot_sha256="s",
        policy_sha256="p",
        champions={},
        paused={},
        shards=2,
    )


def count(engine: Engine, table: Table) -> int:
    """How many rows a table has."""
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table))
