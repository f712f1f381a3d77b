"""The demo's nights: both DAGs through Airflow's ``dag.test()``, with a gateway at the other end.

Run as a program in an environment that ``care.demo.run.environment`` describes; it begins when its
standard input says so. Standard output carries one JSON object a line for the parent; everything
else goes to standard error.
"""

import fcntl
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from care.policy import read_policy
from care.settings import read_settings, shipped

PLANNED_AT = time(1, 0)
RELEASED_AT = time(6, 30)
"""In New York, when it is still evening in Shanghai."""
SENT_AT = time(12, 30)
"""By now every channel's sending hours have begun in all American time zones of the shop."""


class Reporter(logging.Handler):
    """Tells the parent what is being done, which step came to an end, and what care warns of."""

    def __init__(self, parent: TextIO) -> None:
        super().__init__(logging.WARNING)
        self._parent = parent
        self.night = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on a warning of care's own log."""
        self.tell(said=record.getMessage())

    def tell(self, **report: Any) -> None:
        """Say what is being done ``now``, how many ``steps`` are done, or what is ``said``."""
        print(json.dumps(report), file=self._parent, flush=True)

    def watch_tasks(self) -> None:
        """Let Airflow say which task begins and which one is done."""
        from airflow.listeners import hookimpl
        from airflow.sdk.listener import get_listener_manager

        reporter = self

        class Listener:
            @hookimpl
            def on_task_instance_running(self, task_instance: Any) -> None:
                reporter.tell(now=f"{reporter.night}: {task_instance.task_id.replace('_', ' ')}")

            @hookimpl
            def on_task_instance_success(self) -> None:
                reporter.tell(steps=1)

        manager: Any = get_listener_manager()
        manager.add_listener(Listener())


def main(first: date, nights: int) -> None:
    """Run the nights in a row, each released and answered by the gateway."""
    parent = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    reporter = Reporter(parent)
    _prepare_airflow(Path(os.environ["AIRFLOW_HOME"]))
    dags = _load_dags()
    reporter.watch_tasks()
    logging.getLogger("care").addHandler(reporter)
    if not sys.stdin.readline():
        return  # the parent gave up
    zone = read_policy(read_settings().policy_path).shop.zone
    for night in (first + timedelta(days=n) for n in range(nights)):
        reporter.night = f"{night:%d %B}"
        _run_night(dags["care_nightly"], dags["care_release"], night, zone)
        reporter.tell(said=_told(night))


def _run_night(nightly: Any, release: Any, night: date, zone: ZoneInfo) -> None:
    planned, released, sent = (
        datetime.combine(night, moment, zone) for moment in (PLANNED_AT, RELEASED_AT, SENT_AT)
    )
    _run(nightly, {"night": night.isoformat(), "now": planned.isoformat()})
    _run(release, {"now": released.isoformat()})
    _let_the_gateway_work(released)
    _run(release, {"now": (released + timedelta(minutes=10)).isoformat()})
    _let_the_gateway_work(sent)


def _told(night: date) -> str:
    """One night in a line, for those who watch."""
    from care import report
    from care.runtime import open_runtime

    found = report.night_report(open_runtime(), night)
    due, touched = sum(found.record.due.values()), sum(found.count("treated").values())
    handed_over = sum(batch.records for batch in found.batches)
    waiting = sum(one.messages for one in found.campaigns if one.campaign in found.waiting)
    return (
        f"{night:%a %d %b}  {due} due, {touched} touched; {handed_over} messages to the gateway, "
        f"{waiting} wait for a person"
    )


def _prepare_airflow(home: Path) -> None:
    """Migrate Airflow's own database; of two fresh starts at once, one waits for the other."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = home / f"migrated-{version('apache-airflow')}"
        if not done.exists():
            from airflow.utils.db import initdb

            initdb()
            done.touch()


def _load_dags() -> Mapping[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(shipped("dags")))
    if bag.import_errors:
        raise SystemExit(f"DAG files do not load: {bag.import_errors}")
    dags: Mapping[str, Any] = bag.dags
    for dag in dags.values():
        for task in dag.tasks:
            task.retries = 0  # nobody who watches wants to wait for the second attempt
    return dags


def _run(dag: Any, conf: dict[str, str]) -> None:
    run = dag.test(run_conf=conf)
    if str(run.state) != "success":
        raise SystemExit(f"{dag.dag_id} ended as {run.state}")


def _let_the_gateway_work(now: datetime) -> None:
    outbound = os.environ["CARE_OUTBOUND_PATH"]
    consumer = shipped("examples") / "gateway_consumer.py"
    command = [sys.executable, str(consumer), outbound, "--once", "--now", now.isoformat()]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]), int(sys.argv[2]))
