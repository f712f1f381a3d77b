"""Every DAG file obeys the house's rules for DAGs."""

import ast
import subprocess
import sys
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from care.oversight import LOOKED_AT_EVERY_MINUTES
from care.scheduling import UnableToResolveNight, resolve_night, resolve_now, shop_timezone
from care.settings import shipped

DAGS = sorted(shipped("dags").glob("care_*.py"))
MODULES = [pytest.param(path, id=path.stem) for path in DAGS]


@pytest.fixture(scope="module")
def bag():
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(shipped("dags")))


def test_every_dag_file_loads_and_holds_the_dag_of_its_name(bag):
    assert bag.import_errors == {}
    assert sorted(bag.dags) == [path.stem for path in DAGS]


@pytest.mark.parametrize("path", MODULES)
def test_dag_files_are_thin_and_explain_themselves(path):
    source = path.read_text()
    assert len(source.splitlines()) <= 130
    assert ast.get_docstring(ast.parse(source))
    assert "doc_md=__doc__" in source


@pytest.mark.parametrize("path", MODULES)
def test_nothing_heavy_is_imported_when_a_dag_file_is_parsed(path):
    program = (
        f"import sys, runpy; sys.path.insert(0, {str(path.parent)!r}); import airflow.sdk;"
        "before = set(sys.modules);"
        f"runpy.run_path({str(path)!r});"
        "new = set(sys.modules) - before;"
        "heavy = {'pandas', 'ibis', 'duckdb', 'implicit', 'scipy', 'care.policy', 'care.runtime'};"
        "sys.exit(', '.join(sorted(heavy & new)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("path", MODULES)
def test_dags_are_safe_to_unpause(bag, path):
    dag = bag.dags[path.stem]
    assert not dag.catchup
    assert dag.max_active_runs == 1
    assert dag.tags == {"care"}
    assert dag.dagrun_timeout
    assert str(dag.timetable.timezone) == shop_timezone()
    for task in dag.tasks:
        assert task.owner == "care"
        assert task.retries >= 1
        assert task.execution_timeout


@pytest.mark.parametrize("path", MODULES)
def test_params_have_a_schema_and_need_no_value(bag, path):
    params = bag.dags[path.stem].params
    assert all(params.get_param(name).schema.get("type") for name in params)
    params.validate()


def test_what_is_approved_goes_out_as_often_as_the_check_of_a_policy_believes():
    source = (shipped("dags") / "care_release.py").read_text()
    assert f'"*/{LOOKED_AT_EVERY_MINUTES} * * * *"' in source


def test_tasks_that_send_share_a_pool(bag):
    assert bag.dags["care_release"].get_task("seal_and_submit").pool == "care_gateway"


def test_the_night_is_drawn_as_it_flows(bag):
    dag = bag.dags["care_nightly"]
    flow = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
    assert flow == {
        "take_snapshot": ["plan", "score", "train_items", "train_timing"],
        "train_items": ["score"],
        "train_timing": ["score"],
        "score": ["plan"],
        "plan": ["compose", "queue"],
        "compose": ["queue"],
        "queue": [],
    }


# ── Which night a run is for ────────────────────────────────────────────────────────────────────


def a_run(**told):
    return SimpleNamespace(**({"partition_key": None, "conf": {}, "run_after": None} | told))


def test_a_partitioned_run_is_for_its_partition():
    run = a_run(partition_key="2026-11-21", conf={"night": "2020-01-01"})
    assert resolve_night(run, "Asia/Shanghai") == date(2026, 11, 21)


def test_a_run_started_by_hand_says_its_night():
    assert resolve_night(a_run(conf={"night": "2026-11-21"}), "UTC") == date(2026, 11, 21)


def test_otherwise_it_is_the_day_of_the_run_in_the_shops_own_time():
    run = a_run(run_after=datetime(2026, 11, 20, 17, tzinfo=UTC))
    assert resolve_night(run, "Asia/Shanghai") == date(2026, 11, 21)
    assert resolve_night(run, "America/New_York") == date(2026, 11, 20)


@pytest.mark.parametrize("run", [a_run(conf={"night": "tonight"}), a_run()])
def test_a_night_that_cannot_be_told_is_refused_with_the_remedy(run):
    with pytest.raises(UnableToResolveNight, match="YYYY-MM-DD"):
        resolve_night(run, "UTC")


def test_a_drill_must_name_its_offset():
    with pytest.raises(UnableToResolveNight, match="offset"):
        resolve_now(a_run(conf={"now": "2026-11-21T10:00:00"}))
    told = resolve_now(a_run(conf={"now": "2026-11-21T10:00:00-05:00"}))
    assert told == datetime(2026, 11, 21, 15, tzinfo=UTC)


def test_the_partition_of_a_nightly_run_is_the_shops_date(bag):
    import pendulum
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = coerce_to_core_timetable(bag.dags["care_nightly"].timetable)
    after = TimeRestriction(pendulum.datetime(2026, 11, 20, 2), None, True)
    run = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=after)
    assert run.partition_key == "2026-11-20"
    assert run.run_after == pendulum.datetime(2026, 11, 20, 6)  # one o'clock in New York
