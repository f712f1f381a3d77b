"""Nights and releases under a real scheduler, on PostgreSQL, with tasks that are killed midway.

The tests tell one story, in their order: they share a shop, its ledger and one Airflow.
"""

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import URL, create_engine, make_url

from care.settings import shipped
from tests.system.ledger import Ledger
from tests.system.patience import wait_for
from tests.system.rest import Rest
from tests.system.shop import a_living_shop, where_it_is_ten
from tests.system.stack import Airflow
from tests.workflows.peer import Peer, exported, published

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ZONE = where_it_is_ten(datetime.now(UTC))
TONIGHT = datetime.now(ZONE).date()
TOMORROW = TONIGHT + timedelta(days=1)
STALLS = Path(__file__).parent / "stall"


def at(hour, day=TONIGHT):
    return datetime(day.year, day.month, day.day, hour, 5, tzinfo=ZONE).isoformat()


@pytest.fixture(scope="module")
def databases(postgresql_url):
    """One for Airflow and one for the ledger, on the same server."""
    server = make_url(postgresql_url).set(drivername="postgresql+psycopg")
    names = ("system_airflow", "system_care")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in names:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield [server.set(database=name) for name in names]
    with engine.connect() as connection:
        for name in names:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@pytest.fixture(scope="module")
def airflow(home, keep, databases):
    a_living_shop(home, ZONE)
    (home / "stalls").mkdir()
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({"operator": "secret"}))
    metadata, ledger = map(spelled, databases)
    airflow = keep(Airflow(home))
    airflow.environment |= {
        "AIRFLOW__CORE__DAGS_FOLDER": str(shipped("dags")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "operator:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        # Both are needed: Airflow would look for the driver asyncpg, which nothing else wants.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(airflow.port),
        "AIRFLOW__API__BASE_URL": airflow.url,
        "AIRFLOW__API__SECRET_KEY": token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": token_hex(32),
        "AIRFLOW_CONN_CARE_DB": ledger.replace("postgresql+psycopg", "postgresql"),
        "PYTHONPATH": str(STALLS),
        "STALLS": str(home / "stalls"),
    }
    airflow.command("db", "migrate")
    airflow.command("pools", "set", "care_gateway", "1", "one hand-over to the gateways at a time")
    airflow.start("api-server", "scheduler", "dag-processor")
    return airflow


def spelled(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def operator(airflow):
    operator = Rest(airflow.url, user="operator", password="secret")
    operator.pause("care_nightly", False)
    return operator


@pytest.fixture(scope="module")
def ledger(databases):
    return Ledger(spelled(databases[1]))


@pytest.fixture(scope="module")
def first_run(operator):
    """Tonight, asked for twice at once: by hand and as a backfill, which waits for no other run."""
    run = operator.trigger("care_nightly", {"night": str(TONIGHT), "now": at(1)})
    operator.backfill("care_nightly", TONIGHT, TONIGHT)
    return run


def test_a_night_run_twice_at_once_makes_one_set_of_touches(operator, ledger, first_run):
    operator.succeeded("care_nightly", first_run)
    (other,) = operator.runs("care_nightly", "backfill")
    operator.succeeded("care_nightly", other["dag_run_id"])

    assert operator.states("care_nightly", first_run).keys() >= {"compose.0", "compose.1"}
    ledger.assert_laws()
    assert ledger.rows("SELECT night FROM nights") == [(TONIGHT,)]
    greeted = "SELECT count(*) FROM touches WHERE campaign <> 'replenishment'"
    assert ledger.rows(greeted) == [(12,)]
    assert ledger.rows("SELECT DISTINCT state FROM campaign_nights") == [("approved",)]


def test_a_task_killed_in_its_transaction_is_tried_again_and_doubles_nothing(
    airflow, operator, ledger
):
    arm(airflow, "save_plan")
    arm(airflow, "save_messages")

    run = operator.trigger("care_nightly", {"night": str(TOMORROW), "now": at(1, TOMORROW)})
    next_one = operator.trigger("care_nightly", {"night": "2020-02-02"})
    kill(airflow, "save_plan")
    assert ledger.rows("SELECT max(night) FROM nights") == [(TONIGHT,)]
    kill(airflow, "save_messages")
    operator.succeeded("care_nightly", run)

    tries = {name: one["try_number"] for name, one in operator.tasks("care_nightly", run).items()}
    assert tries["plan"] == 2
    assert sorted([tries["compose.0"], tries["compose.1"]]) == [1, 2]
    ledger.assert_laws()
    assert ledger.rows("SELECT night FROM nights ORDER BY night") == [(TONIGHT,), (TOMORROW,)]
    assert ledger.rows("SELECT touch_id FROM touches WHERE state = 'planned'") == []
    waited = operator.ended("care_nightly", next_one)["start_date"]
    assert waited >= operator.ended("care_nightly", run)["end_date"]


def test_a_backfill_of_old_nights_is_skipped_with_the_reason(airflow, operator, ledger, first_run):
    before = ledger.fingerprints()
    old = TONIGHT - timedelta(days=30)

    operator.backfill("care_nightly", old, old + timedelta(days=1))

    runs = [
        run["dag_run_id"]
        for run in operator.runs("care_nightly", "backfill")
        if run["partition_key"] != str(TONIGHT)
    ]
    assert len(runs) == 2
    for run in runs:
        operator.succeeded("care_nightly", run)
        assert set(operator.states("care_nightly", run).values()) == {"skipped"}
        assert "nights older than 7 days are not planned" in operator.log(
            "care_nightly", run, "take_snapshot"
        )
    assert ledger.fingerprints() == before
    assert not (airflow.home / "store" / "nights" / str(old)).exists()
    assert not (airflow.home / "outbound").exists()


def test_a_release_killed_between_outbound_folder_and_ledger_sends_once(airflow, operator, ledger):
    arm(airflow, "publish")

    operator.pause("care_release", False)
    run = operator.trigger("care_release", {"now": at(10)})
    kill(airflow, "publish")
    operator.succeeded("care_release", run)

    left = exported(airflow.home / "outbound")
    assert {folder.parent.name for folder in published(airflow.home / "outbound")} == {
        "email",
        "sms",
    }
    ledger.assert_left(left)
    ledger.assert_laws()
    unsent = "SELECT DISTINCT night FROM messages WHERE state = 'rendered'"
    assert ledger.rows(unsent) == [(TOMORROW,)]


def test_a_finished_night_cleared_and_run_again_writes_no_row(operator, ledger, first_run):
    before = ledger.fingerprints()

    operator.clear("care_nightly", first_run)
    operator.succeeded("care_nightly", first_run)

    assert {one["try_number"] for one in operator.tasks("care_nightly", first_run).values()} >= {2}
    assert ledger.fingerprints() == before


def test_the_gateways_answer_ends_in_the_ledger_and_nothing_leaves_again(airflow, operator, ledger):
    outbound = airflow.home / "outbound"
    left = exported(outbound)
    peer = Peer(outbound)
    peer.answer()

    operator.succeeded("care_release", operator.trigger("care_release"))

    assert exported(outbound) == left
    accepted = "SELECT idempotency_key FROM messages WHERE state = 'accepted'"
    assert sorted(key for (key,) in ledger.rows(accepted)) == sorted(peer.taken)
    ledger.assert_laws()
    assert {run["state"] for run in operator.runs("care_release")} == {"success"}


# ── Holding and killing ─────────────────────────────────────────────────────────────────────────


def arm(airflow, place):
    """The next task that comes through this place is held there."""
    (airflow.home / "stalls" / place).touch()


def kill(airflow, place):
    """Wait for a task to be held at a place, then kill it as a system out of memory would."""
    held = wait_for(
        lambda: list((airflow.home / "stalls").glob(f"{place}.*")),
        lambda: f"nobody came to {place}",
    )
    os.kill(int(held[0].suffix.removeprefix(".")), signal.SIGKILL)
