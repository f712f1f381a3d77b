"""The demo's nights: both DAGs through Airflow's ``dag.test()``, with a gateway at the other end.

Run as a program in an environment that ``care.demo.run.airflow_environment`` describes. Standard
output carries one JSON object a line for the parent; everything else goes to standard error.
"""

import fcntl
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TextIO

from care.settings import shipped

PLANNED_AT, RELEASED_AT = time(1, 0), time(6, 30)
"""Local times of a night. At half past six in New York it is still evening in Shanghai."""


class Reporter(logging.Handler):
    """Tells the parent what care logs, and which task came to an end."""

    def __init__(self, parent: TextIO) -> None:
        super().__init__(logging.INFO)
        self._parent = parent

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on one line of care's own log."""
        self.tell(record.getMessage(), steps=0, said=record.getMessage())

    def tell(self, now: str, *, steps: int = 1, said: str | None = None) -> None:
        """Say what is being done, and how many steps that completes."""
        print(json.dumps({"now": now, "steps": steps, "said": said}), file=self._parent, flush=True)


def main(first: date, nights: int) -> None:
    """Run the nights in a row, each released and answered by the gateway."""
    parent = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    reporter = Reporter(parent)
    _prepare_airflow(Path(os.environ["AIRFLOW_HOME"]))
    dags = _load_dags()
    logger = logging.getLogger("care")
    logger.setLevel(logging.INFO)
    logger.addHandler(reporter)
    zone = dags["care_nightly"].timezone
    for night in (first + timedelta(days=n) for n in range(nights)):
        planned = datetime.combine(night, PLANNED_AT, zone)
        released = datetime.combine(night, RELEASED_AT, zone)
        reporter.tell(f"{night}: planning", steps=0)
        _run(dags["care_nightly"], {"night": night.isoformat(), "now": planned.isoformat()})
        _run(dags["care_release"], {"now": released.isoformat()})
        _let_the_gateway_work(released)
        reporter.tell(f"{night}: the gateway took the batches")
        _run(dags["care_release"], {"now": (released + timedelta(minutes=10)).isoformat()})


def _prepare_airflow(home: Path) -> None:
    """Migrate Airflow's own database; of two fresh starts at once, one waits for the other."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "airflow.db").exists():
            from airflow.utils.db import initdb

            initdb()


def _load_dags() -> Mapping[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(shipped("dags")))
    if bag.import_errors:
        raise SystemExit(f"DAG files do not load: {bag.import_errors}")
    dags: Mapping[str, Any] = bag.dags
    return dags


def _run(dag: Any, conf: dict[str, str]) -> None:
    run = dag.test(run_conf=conf)
    if str(run.state) != "success":
        raise SystemExit(f"{dag.dag_id} ended as {run.state}")


def _let_the_gateway_work(now: datetime) -> None:
    outbound = Path(os.environ["CARE_HOME"]) / "outbound"
    consumer = shipped("examples") / "gateway_consumer.py"
    command = [sys.executable, str(consumer), str(outbound), "--once", "--now", now.isoformat()]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]), int(sys.argv[2]))
