"""The demo: three nights of a shop through Airflow's own task runner, and what came of them.

Airflow runs in a process of its own, because it reads its settings on import and writes its logs
where a person wants to read a summary; that process reports here line by line.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from care.demo.facts import TERMS
from care.demo.shop import build_shop
from care.settings import shipped
from care.terminal import console

STEPS_PER_NIGHT = 11
"""Lines the nights' process reports for one night: nine tasks and two runs of the gateway."""


class UnableToRunDemo(Exception):
    """The demo's nights did not go through."""


def run_demo(home: Path, *, first: date, nights: int) -> None:
    """Build the shop, run the nights, print the summary.

    Raises:
        UnableToRunDemo: naming the log that tells why.
    """
    home = home.absolute()
    began = time.monotonic()
    console.print(
        Panel(
            "[bold]nightcare[/]: every night, the right touch for each customer who is due.\n"
            "This demo runs the nightly and the release DAG of a shop for "
            f"{nights} night{'s' if nights > 1 else ''}.",
            border_style="cyan",
            width=88,
        )
    )
    with console.status("building the demo shop"):
        facts = build_shop(home / "shop")
    for sentence in facts.sentences:
        console.print(Text(f"· {sentence}"))
    console.print(Text(TERMS, style="dim"), "")
    last = first + timedelta(days=nights - 1)
    log = home / "logs" / "nights.log"
    _follow(_start(home, first, nights, log), nights, log)
    _summarise(home, first, last, time.monotonic() - began)


def _start(home: Path, first: date, nights: int, log: Path) -> "subprocess.Popen[str]":
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | airflow_environment(home)
    with log.open("a") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "care.demo.nights", first.isoformat(), str(nights)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
        )


def airflow_environment(home: Path) -> dict[str, str]:
    """What Airflow and care are told for a run whose every file lies under ``home``."""
    airflow = home / "airflow"
    return {
        "CARE_HOME": str(home),
        "AIRFLOW_HOME": str(airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(shipped("dags")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(airflow / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_CARE_DB": f"sqlite:///{home / 'care.sqlite'}",
        "PYTHONWARNINGS": "ignore",
    }


def _follow(process: "subprocess.Popen[str]", nights: int, log: Path) -> None:
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        bar = progress.add_task("Airflow is starting", total=nights * STEPS_PER_NIGHT)
        for report in _reports(process):
            progress.update(bar, advance=report["steps"], description=report["now"])
            if said := report.get("said"):
                progress.console.print(Text(f"  {said}", style="dim"))
    if process.wait() != 0:
        raise UnableToRunDemo(f"the nights did not go through; {log} tells why, at its end")


def _reports(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def _summarise(home: Path, first: date, last: date, seconds: float) -> None:
    from care import desk, report
    from care.runtime import open_runtime
    from care.terminal import print_night, print_nights, sample_panel

    runtime = open_runtime(home=home)
    reports = [
        report.night_report(runtime, first + timedelta(days=n))
        for n in range((last - first).days + 1)
    ]
    print_night(reports[-1])
    if len(reports) > 1:
        print_nights(reports)
    console.rule("[bold]Three messages of the last night", style="cyan")
    for campaign in reports[-1].campaigns:
        _, samples, _ = desk.show(runtime, last, campaign.campaign, samples=1)
        for sample in samples:
            console.print(sample_panel(sample))
    console.print(f"\n[bold green]Done[/] in {seconds:.0f} seconds; everything lies under {home}\n")
    _suggest(home, reports[-1].waiting, last)


def _suggest(home: Path, waiting: list[str], night: date) -> None:
    console.print("[bold]Try next[/]")
    here = "" if home == (Path.cwd() / "var") else f" --home {home}"
    prefix = ".venv/bin/" if Path(".venv/bin/care").exists() else ""
    moment = f"--now {night}T09:30-05:00"
    for campaign in waiting[:1]:
        _command(f"{prefix}care review show {campaign} --night {night}{here}")
        _command(f"{prefix}care review approve {campaign} --night {night} {moment}{here}")
        _command(f"{prefix}care release {moment}{here}")
    _command(f"{prefix}care status{here}")


def _command(text: str) -> None:
    """A line that a terminal does not break, so that it can be copied."""
    console.print(Text(f"  {text}"), soft_wrap=True)
