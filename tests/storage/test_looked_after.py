"""Households, advisors and wishes stand beside a customer's name, and follow what the shop says."""

import pandas as pd
from sqlalchemy import inspect, text

from care.storage import people, schema
from care.storage.database import reading, writing
from care.storage.vault import Vault
from tests.builders import NIGHT, a_customer, customers

VAULT = Vault(bytes(32))
COLUMNS = ["household_id", "advisor", "advisor_phone", "advisor_email", "festivals"]
TOLD = dict(zip(COLUMNS, ["H1", "沈青", "0571-8800 1234", "s@x.example", "qixi"], strict=True))


def sync(engine, *rows):
    with writing(engine) as connection:
        told = customers(*rows).drop(columns="customer_key")
        people.sync_people(connection, told, night=NIGHT, vault=VAULT)


def told(engine):
    with reading(engine) as connection:
        found = people.read_people(connection)[COLUMNS]
    return found.astype(object).where(found.notna(), None).to_dict("records")


def test_what_the_shop_tells_is_there_for_planning(engine):
    sync(engine, a_customer(1, **TOLD), a_customer(2))
    assert told(engine) == [TOLD, dict.fromkeys(COLUMNS)]


def test_another_advisor_takes_over_and_one_who_left_is_gone(engine):
    sync(engine, a_customer(1, **TOLD), a_customer(2, **TOLD))
    sync(engine, a_customer(1, **TOLD | {"advisor": "林晚"}), a_customer(2))
    assert told(engine) == [TOLD | {"advisor": "林晚"}, dict.fromkeys(COLUMNS)]


def test_a_ledger_from_before_knows_its_customers_and_tells_nothing_of_this(engine):
    sync(engine, a_customer(1, **TOLD))
    schema.downgrade(engine, "0003")
    with reading(engine) as connection:
        columns = {column["name"] for column in inspect(connection).get_columns("identities")}
        assert not columns & set(COLUMNS)
    schema.upgrade(engine)
    assert told(engine) == [dict.fromkeys(COLUMNS)]
    sync(engine, a_customer(1, **TOLD))
    assert told(engine) == [TOLD]


def test_nothing_of_it_stands_anywhere_but_among_the_identities(engine):
    with reading(engine) as connection:
        found = inspect(connection)
        holding = [
            table
            for table in found.get_table_names()
            if {column["name"] for column in found.get_columns(table)} & set(COLUMNS)
        ]
        assert holding == ["identities"]
        assert connection.scalar(text("SELECT count(*) FROM identities")) == 0
    assert pd.Series(COLUMNS).isin(people.DESCRIBING).all()
