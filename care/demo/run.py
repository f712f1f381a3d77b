"""The demo: three nights of a shop through Airflow's own task runner, and what came of them.

Airflow runs in a process of its own, because it reads its settings on import and writes its logs
where a person wants to read a summary; that process reports here line by line.
"""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from care import desk, report
from care.demo.codes import fill_pools
from care.demo.facts import TERMS, ShopFacts
from care.demo.shop import build_shop
from care.policy import read_policy
from care.runtime import Runtime
from care.settings import Settings, read_settings, shipped
from care.terminal.night import print_night, print_nights
from care.terminal.review import sample_panel
from care.terminal.screen import WIDTH, console

TASKS_BESIDE_COMPOSE = 10
"""Of one night: six of the nightly DAG, and two runs of the release DAG with two each."""
PEOPLE_LOOK_AT = clock(9, 30)


class UnableToRunDemo(Exception):
    """The demo's nights did not go through."""


def run_demo(home: Path | None, *, first: date, nights: int) -> None:
    """Build the shop, run the nights, print the summary.

    Raises:
        UnableToReadSettings, UnableToReadConfiguration: before anything is made.
        UnableToRunDemo: naming the log that tells why.
    """
    settings = demo_settings(home)
    policy = read_policy(settings.policy_path)
    settings.make_home()
    began = time.monotonic()
    console.print(
        Panel(
            "[bold]nightcare[/]: every night, the right touch for each customer who is due.\n"
            f"This demo runs {_count(nights, 'night')} of a shop through Airflow: the nightly DAG, "
            "then the release DAG with a make-believe gateway at the other end.",
            border_style="cyan",
            width=WIDTH,
        )
    )
    log = settings.home / "logs" / "nights.log"
    with _airflow(settings, first, nights, log) as process:
        with console.status("building the demo shop"):
            facts = build_shop(settings.sources.parent)
            codes = fill_pools(Runtime(settings, policy))
        console.print(_shop(facts, codes))
        _follow(process, settings, nights, log)
    _summarise(Runtime(settings, policy), first, nights, time.monotonic() - began)


def demo_settings(home: Path | None) -> Settings:
    """Settings under which every file of the demo lies in its home, whatever else is set up here.

    Policy, templates, shards and keys are those of the environment.
    """
    settings = read_settings(home=home)
    home = settings.home.absolute()
    return read_settings(
        home=home,
        database_url=f"sqlite:///{home / 'care.sqlite'}",
        store_url=str(home / "store"),
        outbound_path=home / "outbound",
        sources_path=home / "shop" / "shop.toml",
    )


def environment(settings: Settings) -> dict[str, str]:
    """What Airflow and care are told, beside what the environment says already."""
    airflow = settings.home / "airflow"
    return {
        "CARE_HOME": str(settings.home),
        "CARE_DATABASE_URL": settings.ledger_url,
        "CARE_STORE_URL": settings.store,
        "CARE_OUTBOUND_PATH": str(settings.outbound),
        "CARE_SOURCES_PATH": str(settings.sources),
        "AIRFLOW_HOME": str(airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(shipped("dags")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(airflow / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_CARE_DB": quote(settings.ledger_url, safe=":/"),
        "PYTHONWARNINGS": "ignore",
    }


@contextmanager
def _airflow(
    settings: Settings, first: date, nights: int, log: Path
) -> Iterator["subprocess.Popen[str]"]:
    """Airflow takes seconds to start, so it starts now and waits to be told to begin."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as out,
        subprocess.Popen(
            [sys.executable, "-m", "care.demo.nights", first.isoformat(), str(nights)],
            env=os.environ | environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _follow(process: "subprocess.Popen[str]", settings: Settings, nights: int, log: Path) -> None:
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        steps = nights * (TASKS_BESIDE_COMPOSE + settings.shards)
        bar = progress.add_task("Airflow is starting", total=steps)
        for report in _reports(process):
            progress.update(bar, advance=report.get("steps", 0), description=report.get("now"))
            if said := report.get("said"):
                progress.console.print(Padding(Text(said), (0, 0, 0, 2)))
    if process.wait() != 0:
        raise UnableToRunDemo(f"the nights did not go through; {log} tells why, at its end")


def _reports(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):  # it ended already, and its log tells why
        process.stdin.write("begin\n")
        process.stdin.flush()
    for line in process.stdout:
        yield json.loads(line)


def _shop(facts: ShopFacts, codes: str) -> Table:
    told = Table.grid(padding=(0, 1))
    for sentence in filter(None, [*facts.sentences, codes]):
        told.add_row("·", sentence)
    told.add_row("", Text(TERMS, style="dim"))
    told.add_row()
    return told


def _summarise(runtime: Runtime, first: date, nights: int, seconds: float) -> None:
    reports = [report.night_report(runtime, first + timedelta(days=n)) for n in range(nights)]
    last = reports[-1]
    print_night(last)
    if nights > 1:
        print_nights(reports)
    samples = [
        sample
        for campaign in last.campaigns
        for sample in desk.show(runtime, campaign.night, campaign.campaign, samples=1)[1]
    ]
    if samples:
        console.rule(f"[bold]{_count(len(samples), 'message')} of the last night", style="cyan")
    for sample in samples:
        console.print(sample_panel(sample))
    home = runtime.settings.home
    told = f" in {seconds:.0f} seconds. Everything lies under {home}\n"
    console.print(Text.assemble("\n", ("Done", "bold green"), told), soft_wrap=True)
    look = datetime.combine(last.record.night, PEOPLE_LOOK_AT, runtime.policy.shop.zone)
    _suggest(home, last.waiting, look)


def _suggest(home: Path, waiting: list[str], look: datetime) -> None:
    console.print("[bold]Try next[/]")
    usual = Path(os.environ.get("CARE_HOME") or "var").absolute()
    here = "" if home == usual else f" --home {shlex.quote(str(home))}"
    prefix = ".venv/bin/" if Path(".venv/bin/care").exists() else ""
    night, now = f"--night {look:%Y-%m-%d}", f"--now {look.isoformat(timespec='minutes')}"
    for campaign in waiting[:1]:
        _command(f"{prefix}care review show {campaign} {night}{here}")
        _command(f"{prefix}care review approve {campaign} {night} {now}{here}")
        _command(f"{prefix}care release {now}{here}")
    _command(f"{prefix}care status{here}")
    _command(f"{prefix}care forecast --nights 14{here}")
    console.print("[bold]Or look at it all in a browser[/]")
    _command(f"{prefix}care console {now}{here}")


def _command(text: str) -> None:
    """A line that a terminal does not break, so that it can be copied."""
    console.print(Text(f"  {text}"), soft_wrap=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
