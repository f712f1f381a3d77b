"""The schema goes forward and back on both databases, and is what the tables declare."""

import sqlite3
import threading
from datetime import UTC, date, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, inspect, select, text
from sqlalchemy.exc import DatabaseError

from care.storage import schema
from care.storage.database import UnableToOpenLedger, open_engine, reading, writing
from care.storage.tables import metadata, product_types, staff_acts


def test_the_migrated_schema_is_what_the_tables_declare(engine):
    with writing(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_it_goes_back_and_forward_again_with_rows_in_it(engine):
    with writing(engine) as connection:
        connection.execute(product_types.insert().values(type_key=1, product_type="tea"))
    schema.downgrade(engine, "base")
    with reading(engine) as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    schema.upgrade(engine)
    with reading(engine) as connection:
        assert connection.execute(select(product_types)).all() == []


def test_an_upgrade_keeps_what_is_there(engine):
    with writing(engine) as connection:
        connection.execute(product_types.insert().values(type_key=1, product_type="tea"))
    schema.upgrade(engine)
    with reading(engine) as connection:
        assert connection.scalars(select(product_types.c.product_type)).all() == ["tea"]


def test_what_staff_did_before_there_was_a_table_for_it_is_taken_over_in_order(engine):
    schema.downgrade(engine, "0013")
    of_then = MetaData()
    with writing(engine) as connection:
        of_then.reflect(connection)
        add = {name: table.insert() for name, table in of_then.tables.items()}
        connection.execute(
            add["customers"].values(customer_key=1, customer_ref="r1", first_night=date(2017, 1, 1))
        )
        stop = {"purpose": "everything", "reason": "manual", "source": "desk"}
        asked = {"customer_key": 1, "what": "name", "reason": "she called"}
        connection.execute(add["access_log"].values(access_id=1, at=_noon(1), actor="mei", **asked))
        connection.execute(
            add["suppressions"].values(suppression_id=1, customer_key=1, since=_noon(2), **stop)
        )
        gateways = stop | {"source": "gateway", "reason": "bounce"}
        connection.execute(
            add["suppressions"].values(suppression_id=2, customer_key=1, since=_noon(2), **gateways)
        )
        lifting = stop | {"source": "ada", "lifts": 1}
        connection.execute(
            add["suppressions"].values(suppression_id=3, customer_key=1, since=_noon(3), **lifting)
        )
        connection.execute(add["access_log"].values(access_id=2, at=_noon(4), actor="jo", **asked))
    schema.upgrade(engine)
    query = select(staff_acts.c["act", "actor", "suppression_id"]).order_by(staff_acts.c.act_id)
    with reading(engine) as connection:
        assert connection.execute(query).all() == [
            ("name", "mei", None),
            ("suppress", "desk", 1),
            ("lift", "ada", 1),
            ("name", "jo", None),
        ]
    with pytest.raises(DatabaseError, match="never changed"), writing(engine) as connection:
        connection.execute(staff_acts.update().values(actor="jo"))
    schema.downgrade(engine, "0013")
    with reading(engine) as connection:
        kept = connection.execute(text("SELECT access_id, actor FROM access_log ORDER BY 1")).all()
    assert kept == [(1, "mei"), (2, "jo")]
    with pytest.raises(DatabaseError, match="never changed"), writing(engine) as connection:
        connection.execute(text("DELETE FROM access_log"))


def _noon(day):
    return datetime(2017, 11, day, 12, tzinfo=UTC)


def test_who_opens_a_new_file_while_another_writes_waits_for_it(tmp_path):
    path = tmp_path / "care.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    later = threading.Timer(0.2, other.execute, ["COMMIT"])
    later.start()
    with reading(open_engine(f"sqlite:///{path}")) as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    later.join()
    other.close()


def test_many_that_start_at_once_migrate_once(database_url):
    errors = []

    def start():
        try:
            schema.upgrade(open_engine(database_url))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with reading(open_engine(database_url)) as connection:
        assert schema.revision_of(connection) == schema.HEAD


def test_a_ledger_of_a_newer_version_is_refused_with_the_remedy(engine):
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnableToOpenLedger, match="Upgrade care"):
        schema.upgrade(engine)


def test_a_url_that_leads_nowhere_is_refused_with_the_remedy():
    with pytest.raises(UnableToOpenLedger, match="sqlite:///FILE"):
        open_engine("nosuchdatabase://x/y")


def test_the_ledgers_file_is_for_its_owner_alone(tmp_path):
    schema.upgrade(open_engine(f"sqlite:///{tmp_path / 'new' / 'care.sqlite'}"))
    made = tmp_path / "new" / "care.sqlite"
    assert made.stat().st_mode & 0o777 == 0o600


def test_a_url_that_cannot_be_opened_is_not_repeated_with_its_password():
    with pytest.raises(UnableToOpenLedger) as refused:
        open_engine("nosuchdatabase://user:hush@host/x")
    assert "hush" not in str(refused.value)
