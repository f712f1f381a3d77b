"""Airflow as real processes over a home of its own, each with a log of its own."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from tests.system.patience import SECONDS, wait_for

TAIL_LINES = 40
PARENT_DIED = 1  # PR_SET_PDEATHSIG


class UnableToRunAirflow(Exception):
    """A process of Airflow ended; the message holds what it wrote."""


class Airflow:
    """The processes of one Airflow; ``environment`` is theirs, to be completed before they start.

    It says what tells one Airflow on this machine from another, and nothing of what it is to do.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.logs = home / "process-logs"
        self.logs.mkdir(parents=True)
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        others = ("AIRFLOW", "CARE_", "PYTEST")
        plain = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        self.environment = plain | {
            # `airflow standalone` looks its components up on the path.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{plain['PATH']}",
            "CARE_HOME": str(home),
            "CARE_POLICY_PATH": str(home / "policy.toml"),
            "AIRFLOW_HOME": str(home / "airflow"),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(_free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(_free_port()),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def command(self, *words: str) -> str:
        """Run `airflow …` to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        if done.returncode:
            raise UnableToRunAirflow(f"airflow {' '.join(words)}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def start(self, *components: str) -> None:
        """Start components, and wait until each says that it is well."""
        self.begin(*components)
        wait_for(self._well, self.tails)

    def begin(self, *components: str) -> None:
        """Start components, and wait for nothing."""
        for component in components:
            with (self.logs / f"{component}.log").open("ab") as log:
                self._started[component] = subprocess.Popen(
                    [sys.executable, "-m", "airflow", component],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=_end_with_parent,
                )

    def health(self) -> dict[str, Any]:
        """What Airflow says of itself to anybody who asks; empty while nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/monitor/health", timeout=5) as answer:
                said: dict[str, Any] = json.loads(answer.read())
                return said
        except (urllib.error.URLError, OSError):
            return {}

    def _well(self) -> bool:
        self.refuse_dead()
        said = self.health()
        needed = {"metadatabase", "scheduler", "dag_processor"}
        if "standalone" in self._started:
            needed.add("triggerer")
        return all(said.get(name, {}).get("status") == "healthy" for name in needed)

    def refuse_dead(self) -> None:
        """Fail if a process that should be running is not."""
        for component, process in self._started.items():
            if process.poll() is not None:
                raise UnableToRunAirflow(f"{component} ended\n{self.tails()}")

    def stop(self) -> None:
        """Kill every process of every session, whoever started it and whatever it does."""
        while alive := self._alive():
            for process in alive:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            for started in self._started.values():
                started.poll()
            psutil.wait_procs(alive, timeout=1)
        for started in self._started.values():
            started.wait(timeout=10)

    def _alive(self) -> list[psutil.Process]:
        """All that descends from what was started; a session outlives the process that led it."""
        sessions = {started.pid for started in self._started.values()}
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                ours = os.getsid(process.pid) in sessions
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def tails(self) -> str:
        """The ends of all logs, those of failed tasks among them."""
        tasks = sorted((self.home / "airflow" / "logs").glob("dag_id=*/**/*.log"))
        failed = [log for log in tasks if '"level":"error"' in log.read_text(errors="replace")]
        return "\n".join(
            f"── {log.relative_to(self.home)}\n{_tail(log)}"
            for log in (*sorted(self.logs.iterdir()), *failed)
        )


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(line[:1000] for line in lines)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end_with_parent() -> None:
    """Even if the tests are killed, and clean nothing up, Airflow ends with them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGTERM)
