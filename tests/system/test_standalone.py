"""The first evening of a data engineer: `airflow standalone` with the settings that are shipped."""

import json
from datetime import UTC, datetime
from secrets import token_hex

import pytest
from cryptography.fernet import Fernet

from care.settings import shipped
from tests.system.rest import Rest, UnableToCall
from tests.system.shop import a_living_shop, where_it_is_ten
from tests.system.stack import Airflow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def airflow(home, keep):
    """Airflow as `airflow.cfg.example` sets it up, with other folders and ports."""
    a_living_shop(home, where_it_is_ten(datetime.now(UTC)))
    airflow = keep(Airflow(home))
    example = shipped("airflow.cfg.example").read_text()
    here = {
        "/srv/nightcare/dags": shipped("dags"),
        "/srv/airflow": home / "airflow",
        "8080": airflow.port,
    }
    for shown, real in here.items():
        assert shown in example
        example = example.replace(shown, str(real))
    secrets = home / "airflow" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "fernet").write_text(Fernet.generate_key().decode())
    for name in ("api", "jwt"):
        (secrets / name).write_text(token_hex(32))
    (home / "airflow" / "airflow.cfg").write_text(example)
    airflow.start("standalone")
    return airflow


@pytest.fixture(scope="module")
def operator(home, airflow):
    """Logged in with the password that Airflow made."""
    made = home / "airflow" / "simple_auth_manager_passwords.json.generated"
    return Rest(airflow.url, user="operator", password=json.loads(made.read_text())["operator"])


def test_both_dags_load_and_wait_to_be_unpaused(operator):
    assert operator.call("GET", "/api/v2/importErrors")["import_errors"] == []
    dags = operator.call("GET", "/api/v2/dags")["dags"]
    assert {dag["dag_id"]: dag["is_paused"] for dag in dags} == {
        "care_nightly": True,
        "care_release": True,
    }


def test_a_run_told_nonsense_is_refused_at_the_door(operator):
    for conf in ({"night": "tonight"}, {"now": "2026-11-21T10:00:00"}):
        with pytest.raises(UnableToCall, match="Invalid input for param"):
            operator.trigger("care_nightly", conf)
    assert operator.runs("care_nightly") == []


def test_a_release_with_nothing_to_do_waits_for_its_pool_and_then_succeeds(airflow, operator):
    operator.pause("care_release", False)
    operator.trigger("care_release")
    # Shortly after a full ten minutes the schedule makes a run besides, and that one comes first.
    first = operator.running("care_release")
    operator.reached("care_release", first, collect="success", seal_and_submit="scheduled")
    assert "care_gateway" not in pools(operator)

    airflow.command("pools", "set", "care_gateway", "1", "one hand-over to the gateways at a time")

    assert pools(operator)["care_gateway"] == 1
    for run in operator.runs("care_release"):
        operator.succeeded("care_release", run["dag_run_id"])
    assert not (airflow.home / "outbound").exists()


def pools(operator):
    return {pool["name"]: pool["slots"] for pool in operator.call("GET", "/api/v2/pools")["pools"]}
