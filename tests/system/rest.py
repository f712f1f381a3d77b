"""Airflow's REST API, as an operator's scripts use it."""

import json
import urllib.error
import urllib.request
from datetime import date
from typing import Any
from urllib.parse import quote

from tests.system.patience import wait_for

Json = dict[str, Any]


class UnableToCall(Exception):
    """The API answered with an error."""

    def __init__(self, status: int, answer: str) -> None:
        super().__init__(f"HTTP {status}: {answer}")
        self.status = status


class Rest:
    """A logged-in operator."""

    def __init__(self, url: str, *, user: str, password: str) -> None:
        self.url = url
        self._token = ""
        login = {"username": user, "password": password}
        self._token = self.call("POST", "/auth/token", login)["access_token"]

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """One request; the answer, decoded."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise UnableToCall(error.code, error.read().decode()) from None
        return json.loads(text) if text else {}

    def pause(self, dag: str, paused: bool) -> None:
        """Keep the scheduler from running a DAG, or let it."""
        self.call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": paused})

    def trigger(self, dag: str, conf: Json | None = None, **told: Any) -> str:
        """Start a run by hand; return its id."""
        body = {"logical_date": None, "conf": conf or {}} | told
        run_id: str = self.call("POST", f"/api/v2/dags/{dag}/dagRuns", body)["dag_run_id"]
        return run_id

    def backfill(self, dag: str, first: date, last: date) -> None:
        """Ask for the partitions of some days, once no other backfill of the DAG is running."""
        others = f"/api/v2/backfills?dag_id={dag}"
        wait_for(
            lambda: all(one["completed_at"] for one in self.call("GET", others)["backfills"]),
            lambda: "an earlier backfill did not end",
        )
        body = {
            "dag_id": dag,
            "from_date": f"{first}T00:00:00Z",
            "to_date": f"{last}T23:59:59Z",
            "max_active_runs": 2,
            "run_backwards": False,
            "dag_run_conf": {},
        }
        self.call("POST", "/api/v2/backfills", body)

    def clear(self, dag: str, run_id: str) -> None:
        """Have all tasks of a run done again."""
        self.call("POST", f"{_run(dag, run_id)}/clear", {"dry_run": False})

    def runs(self, dag: str, kind: str = "") -> list[Json]:
        """The runs of a DAG, of one kind if told: scheduled, manual, backfill."""
        found: list[Json] = self.call("GET", f"/api/v2/dags/{dag}/dagRuns?limit=100")["dag_runs"]
        return [run for run in found if kind in ("", run["run_type"])]

    def tasks(self, dag: str, run_id: str) -> dict[str, Json]:
        """Task instances of a run by name, a mapped one with its number: `compose.0`."""
        found = self.call("GET", f"{_run(dag, run_id)}/taskInstances?limit=100")["task_instances"]
        return {f"{one['task_id']}.{one['map_index']}".removesuffix(".-1"): one for one in found}

    def log(self, dag: str, run_id: str, task: str) -> str:
        """What the first attempt of a task wrote."""
        return json.dumps(self.call("GET", f"{_run(dag, run_id)}/taskInstances/{task}/logs/1"))

    def running(self, dag: str) -> str:
        """Wait for a run to begin; its id."""
        return wait_for(
            lambda: next((r["dag_run_id"] for r in self.runs(dag) if r["state"] == "running"), ""),
            lambda: f"no run of {dag} began",
        )

    def ended(self, dag: str, run_id: str) -> Json:
        """Wait for a run to end; the run."""
        wait_for(
            lambda: self.call("GET", _run(dag, run_id))["state"] in ("success", "failed"),
            lambda: f"{run_id}: {self.states(dag, run_id)}",
        )
        return self.call("GET", _run(dag, run_id))

    def succeeded(self, dag: str, run_id: str) -> None:
        """Wait for a run to succeed."""
        assert self.ended(dag, run_id)["state"] == "success", self.states(dag, run_id)

    def reached(self, dag: str, run_id: str, **states: str) -> None:
        """Wait for tasks to be in these states."""
        wait_for(
            lambda: states.items() <= self.states(dag, run_id).items(),
            lambda: f"{run_id}: {self.states(dag, run_id)}",
        )

    def states(self, dag: str, run_id: str) -> dict[str, str]:
        """How far each task of a run is."""
        return {name: str(one["state"]) for name, one in self.tasks(dag, run_id).items()}


def _run(dag: str, run_id: str) -> str:
    return f"/api/v2/dags/{dag}/dagRuns/{quote(run_id)}"
