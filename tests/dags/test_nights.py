"""The DAGs through Airflow's own ``dag.test()`` on a small shop: what a fault stops, what not."""

import json
import logging
import os
import sqlite3
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from care.scheduling import open_task_runtime
from care.settings import shipped
from care.storage.database import open_engine
from tests.cli.shop import NIGHT, NOW, a_shop

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # Airflow's own
]
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(shipped("dags"))  # read when Airflow is imported
CONF = {"night": NIGHT.isoformat(), "now": NOW}
MORNING = {"now": "2017-11-14T09:30:00-05:00"}


@pytest.fixture(scope="module")
def dags():
    """Both DAGs, in an Airflow whose database is migrated; nobody waits for a second attempt."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    level = logging.getLogger().level
    initdb()
    logging.getLogger().setLevel(level)
    bag = DagBag(dag_folder=str(shipped("dags")))
    for dag in bag.dags.values():
        for task in dag.tasks:
            task.retries = 0
    return bag.dags


@pytest.fixture
def home(monkeypatch, tmp_path) -> Path:
    """A home with a small shop, and the ledger's connection as Airflow knows it."""
    for name in [name for name in os.environ if name.startswith("CARE_")]:
        monkeypatch.delenv(name)
    a_shop(tmp_path / "shop")
    monkeypatch.setenv("CARE_HOME", str(tmp_path))
    return tmp_path


def run(dag, conf) -> tuple[str, dict[str, str]]:
    """How a run ended, and each of its tasks (those of several shards in one word)."""
    from airflow.utils.session import create_session

    ended = dag.test(run_conf=conf)
    with create_session() as session:
        states: dict[str, set[str]] = {}
        for task in ended.get_task_instances(session=session):
            states.setdefault(task.task_id, set()).add(str(task.state))
    return str(ended.state), {name: " ".join(sorted(found)) for name, found in states.items()}


def count(home: Path, table: str) -> int:
    ledger = sqlite3.connect(home / "care.sqlite")
    (found,) = ledger.execute(f"SELECT count(*) FROM {table}").fetchone()
    ledger.close()
    return found


def fails(*_args, **_told):
    raise RuntimeError("the machine ran out of patience")


def test_a_night_runs_through_and_is_released_once_somebody_approved_it(dags, home):
    state, tasks = run(dags["care_nightly"], CONF)
    assert state == "success"
    assert set(tasks.values()) == {"success"}
    numbers = json.loads((home / "night.json").read_text())
    assert numbers["touched"] == {"birthday": 3, "membership_anniversary": 2}
    assert numbers["waiting_review"] == ["birthday", "membership_anniversary"]

    from care import desk
    from care.domain.decision import Verdict
    from care.runtime import open_runtime

    now = datetime.fromisoformat(MORNING["now"])
    desk.decide(open_runtime(), NIGHT, "birthday", Verdict.APPROVE, actor="mei", reason="", now=now)
    assert run(dags["care_release"], MORNING) == (
        "success",
        {"collect": "success", "seal_and_submit": "success"},
    )
    (part,) = home.glob("outbound/email/*/part-*.jsonl")
    assert [json.loads(line)["campaign"] for line in part.read_text().splitlines()] == ["birthday"]


@pytest.mark.parametrize("training", [["train_items"], ["train_items", "train_timing"]])
def test_training_that_fails_does_not_cancel_the_night(dags, home, monkeypatch, training):
    for name in training:
        monkeypatch.setattr(f"care.training.{name}", fails)
    state, tasks = run(dags["care_nightly"], CONF)
    assert state == "success"
    assert {name for name, ended in tasks.items() if ended != "success"} == set(training)
    assert count(home, "touches") == 5
    assert count(home, "messages") == 5
    assert count(home, "campaign_nights") == 2


def test_without_a_snapshot_nothing_is_planned(dags, home, monkeypatch):
    monkeypatch.setattr("care.nightly.take_snapshot", fails)
    state, tasks = run(dags["care_nightly"], CONF)
    assert state == "failed"
    assert tasks.pop("take_snapshot") == "failed"
    assert set(tasks.values()) == {"upstream_failed"}
    assert not (home / "night.json").exists()
    assert not (home / "care.sqlite").exists() or count(home, "nights") == 0


def test_a_shard_that_fails_does_not_keep_the_others_from_review(dags, home, monkeypatch):
    from care import correspondence

    compose = correspondence.compose

    def compose_all_but_the_first(runtime, *, night, shard):
        return fails() if shard == 0 else compose(runtime, night=night, shard=shard)

    monkeypatch.setattr("care.correspondence.compose", compose_all_but_the_first)
    _, tasks = run(dags["care_nightly"], CONF)
    assert tasks["compose"] == "failed success"
    assert tasks["queue"] == "success"
    assert count(home, "touches") == 5
    assert 0 < count(home, "messages") < 5
    assert count(home, "campaign_nights") == 2


def test_the_night_of_a_scheduled_run_is_its_partition(dags, home, monkeypatch):
    from airflow.models import dagrun

    create = dagrun.get_or_create_dagrun

    def of_a_partition(*, session, **told):
        created = create(session=session, **told)
        created.partition_key = NIGHT.isoformat()
        session.commit()
        return created

    monkeypatch.setattr(dagrun, "get_or_create_dagrun", of_a_partition)
    assert run(dags["care_nightly"], {"night": "2017-11-13", "now": NOW})[0] == "success"
    assert json.loads((home / "night.json").read_text())["night"] == "2017-11-14"


def test_a_run_without_any_word_is_for_tonight_in_the_shops_own_time(dags, home, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "care.nightly.take_snapshot", lambda runtime, *, night: asked.append(night) or fails()
    )
    run(dags["care_nightly"], {})
    tonight = datetime.now(ZoneInfo("America/New_York")).date()
    assert len(asked) == 1
    assert abs((asked[0] - tonight).days) <= 1  # midnight may pass meanwhile


def test_a_night_long_past_plans_nothing(dags, home):
    _, tasks = run(dags["care_nightly"], {"night": "2017-11-14"})
    assert tasks["take_snapshot"] == "skipped"
    assert tasks["plan"] == "skipped"
    assert not (home / "night.json").exists()


@pytest.mark.parametrize(
    ("conf", "told"),
    [
        ({"night": "tonight"}, "param night: 'tonight' is not a 'date'"),
        ({"night": "2017-11-14", "now": "noon"}, "param now: 'noon' does not match"),
    ],
)
def test_a_run_that_says_no_date_or_no_moment_does_not_begin(dags, home, conf, told):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError, match=told):
        run(dags["care_nightly"], conf)


# ── Where the ledger is ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "kind",
    ["sqlite", "postgresql"],
)
def test_the_connection_of_airflow_is_the_ledger(dags, home, monkeypatch, request, kind):
    url = f"sqlite:///{home / 'elsewhere' / 'ledger.sqlite'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        with open_engine(url).begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    monkeypatch.setenv("AIRFLOW_CONN_CARE_DB", url)
    monkeypatch.setenv("CARE_DATABASE_URL", f"sqlite:///{home / 'unused.sqlite'}")
    state, tasks = run(dags["care_nightly"], CONF)
    assert (state, set(tasks.values())) == ("success", {"success"})
    with open_engine(url).connect() as connection:
        assert connection.execute(text("SELECT night FROM nights")).scalar() is not None
        assert connection.execute(text("SELECT count(*) FROM messages")).scalar() == 5
    assert not (home / "care.sqlite").exists()
    assert not (home / "unused.sqlite").exists()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///care.sqlite", "name the file in full: sqlite:////folder/care.sqlite"),
        ("mysql://db/care", "care_db is of type 'mysql'; use sqlite or postgres"),
    ],
)
def test_a_connection_that_leads_to_no_ledger_is_refused(home, monkeypatch, url, told):
    monkeypatch.setenv("AIRFLOW_CONN_CARE_DB", url)
    with pytest.raises(Exception, match="care_db") as refused:
        open_task_runtime()
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("url", "ledger"),
    [
        ("sqlite:////data/care.sqlite", "sqlite:////data/care.sqlite"),
        ("sqlite:////my%20data/care%23.sqlite", "sqlite:////my data/care#.sqlite"),
        (
            "postgres://me:p%40ss%2Fword@db:6543/care?sslmode=require",
            "postgresql+psycopg://me:p%40ss%2Fword@db:6543/care?sslmode=require",
        ),
        ("postgresql+psycopg://me@db/care", "postgresql+psycopg://me@db/care"),
    ],
)
def test_a_connection_is_read_as_airflow_writes_it(home, monkeypatch, url, ledger):
    monkeypatch.setenv("AIRFLOW_CONN_CARE_DB", url)
    assert open_task_runtime().settings.ledger_url == ledger


def test_without_a_connection_the_environment_says_where_the_ledger_is(home, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_CARE_DB", raising=False)
    assert open_task_runtime().settings.ledger_url == f"sqlite:///{home / 'care.sqlite'}"


# ── What is written down ────────────────────────────────────────────────────────────────────────


def test_nobody_is_named_in_logs_or_in_airflows_own_database(
    dags, home, monkeypatch, capfd, caplog
):
    caplog.set_level(logging.DEBUG, logger="care")
    monkeypatch.setattr("care.rendering.composition.Composition.render", _breaks_for("Ben"))
    assert run(dags["care_nightly"], CONF)[0] == "success"
    run(dags["care_release"], MORNING)
    assert count(home, "messages") == 4  # one letter broke, and the log says so
    heard = capfd.readouterr()
    written = [heard.out, heard.err, caplog.text]
    airflow = Path(os.environ["AIRFLOW_HOME"])
    written += [
        path.read_bytes().decode("latin-1") for path in airflow.rglob("*") if path.is_file()
    ]
    assert any("messages written" in log for log in written)
    assert any("set aside" in log for log in written)
    for log in written:
        assert "Testperson" not in log
        assert "@mail.example" not in log
        assert "518555" not in log


def _breaks_for(name):
    from care.rendering.composition import Composition

    render = Composition.render

    def broken(self, letter):
        if letter.addressee.given_name == name:
            raise ValueError(f"{letter.addressee.name} cannot be written to")
        return render(self, letter)

    return broken
