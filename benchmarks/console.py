"""Every page of the console on a large ledger: how long the server takes, and how it reads.

    python -m benchmarks.console --customers 1000000 --touches 100000 --database sqlite --out folder

Makes a shop of that size and lives its night up to the review, then asks for every page and every
address of the API that can be asked for, as the application lists them, and prints milliseconds of
server time: of the first time, and the median of five that follow. Of the slowest answers it prints
the reads that took longest, each with the database's plan for it, and writes all of it as JSON.

An address with a place in it is filled with something that is there: the campaign that wrote most,
its first message, the customer who gets it. The picture of the nights ahead is left out: it is
worked out in a process of its own, and its page says so meanwhile.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from rich.console import Console
from rich.table import Table
from sqlalchemy import event, func, select
from starlette.testclient import TestClient

from benchmarks.measure import UnableToMeasure, machine
from benchmarks.night import NIGHT, NOW, open_database
from benchmarks.shop import Size, make_shop
from care import correspondence, desk, nightly, training
from care.console.alone import HOST, Turnstile, build_alone
from care.domain.role import Role
from care.runtime import Runtime, open_runtime
from care.storage import reviews
from care.storage.database import reading
from care.storage.tables import campaign_nights, customers, messages, touches

LINES_EACH = 20
"""Order lines for each customer of the shop."""
WARM = 5
SLOWEST = 8
"""So many of the slowest answers are told with the plans of their reads."""
PICTURES = ("funnel", "touches", "exclusions", "gifts", "batches", "items", "timing", "calibration")


@dataclass(frozen=True, slots=True)
class Answer:
    """One address. Milliseconds of server time, the first time and the median of those after it.

    ``reads``: its slowest reads, as (milliseconds, plan).
    """

    path: str
    asked: str
    status: int
    first_ms: float
    warm_ms: float
    reads: tuple[tuple[float, str], ...] = ()


def main() -> None:
    """Measure the console."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--touches", type=int, default=100_000, help="the night must bring as many")
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, postgresql (a server of its own), or a URL"
    )
    parser.add_argument("--home", type=Path, help="keep the shop and its night here")
    parser.add_argument("--out", type=Path, default=Path("var/benchmarks"))
    told = parser.parse_args()
    with ExitStack() as stack:
        home = told.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(open_database(told.database))
        runtime = open_house(home, told.customers, url)
        size = sizes(runtime)
        if size["touches"] < told.touches:
            raise UnableToMeasure(f"the night brings {size['touches']:,} touches; more customers")
        answers = measure(runtime)
    _report(answers, size, told.database.split(":")[0], told.out)


def open_house(home: Path, many: int, database_url: str | None) -> Runtime:
    """A shop of so many customers whose night waits for review; one that is there is opened."""
    if not (home / "shop" / "shop.toml").exists():
        make_shop(home / "shop", Size(many, LINES_EACH * many))
    runtime = open_runtime(home=home, database_url=database_url)
    with reading(runtime.engine) as connection:
        if reviews.list_campaigns(connection, night=NIGHT):
            return runtime
    for name, work in (
        ("snapshot", nightly.take_snapshot),
        ("timing", lambda house, night: training.train_timing(house, night=night, now=NOW)),
        ("score", nightly.score),
        ("plan", lambda house, night: nightly.plan(house, night=night, now=NOW)),
        ("compose", _compose),
        ("queue", lambda house, night: desk.queue(house, night=night, now=NOW)),
    ):
        began = time.perf_counter()
        work(runtime, night=NIGHT)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return runtime


def _compose(runtime: Runtime, *, night: Any) -> None:
    for shard in nightly.plan(runtime, night=night, now=NOW):
        correspondence.compose(runtime, night=night, shard=shard)


def sizes(runtime: Runtime) -> dict[str, int]:
    """How much there is."""
    with reading(runtime.engine) as connection:
        counted = {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (customers, touches, messages)
        }
        largest = connection.scalar(select(func.max(campaign_nights.c.messages))) or 0
    return counted | {"messages of the largest campaign": largest}


def measure(runtime: Runtime) -> list[Answer]:
    """Ask for everything that can be asked for, the slowest answers last told with their reads."""
    turnstile = Turnstile(name="benchmark", role=Role.ADMIN)
    app = build_alone(lambda: runtime, turnstile, clock=lambda: NOW.replace(hour=6))
    with TestClient(app, base_url=f"http://{HOST}", follow_redirects=False) as client:
        client.get("/enter", params={"token": turnstile.token})
        found = [_ask(client, path, asked) for path, asked in addresses(app, places(runtime))]
        slowest = sorted(found, key=lambda one: -one.warm_ms)[:SLOWEST]
        told = {one.asked: _with_reads(client, runtime, one) for one in slowest}
    return [told.get(one.asked, one) for one in found]


def places(runtime: Runtime) -> dict[str, str]:
    """Something that is there for every place of an address."""
    with reading(runtime.engine) as connection:
        campaign = connection.scalar(
            select(campaign_nights.c.campaign).order_by(campaign_nights.c.messages.desc()).limit(1)
        )
        one = connection.execute(
            select(*messages.c["message_id", "channel", "locale"], customers.c.customer_ref)
            .join(touches, touches.c.touch_id == messages.c.touch_id)
            .join(customers, customers.c.customer_key == touches.c.customer_key)
            .where(messages.c.night == NIGHT, messages.c.campaign == campaign)
            .order_by(messages.c.message_id)
            .limit(1)
        ).one()
    return {
        "night": str(NIGHT),
        "campaign": str(campaign),
        "message_id": one.message_id,
        "channel": one.channel,
        "locale": one.locale,
        "customer": one.customer_ref,
        "gift_id": next(iter(runtime.policy.gifts), "none"),
        "suppression_id": "1",
    }


def addresses(app: FastAPI, there: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every path that can be got, and an address of it: whatever was added since is among them."""
    console: Any = app.routes[-1]
    for route in console.app.routes:
        if not isinstance(route, APIRoute) or "GET" not in route.methods:
            continue
        names = [""]
        if route.path.startswith("/static/"):
            names = ["console.css"]
        elif "{name}" in route.path:
            names = list(PICTURES)
        for name in names:
            filled = route.path
            for place, thing in {**there, "name": name}.items():
                filled = filled.replace(f"{{{place}}}", thing)
            yield route.path.replace("{name}", name), filled
        if route.path.endswith("/messages"):
            yield f"{route.path}?text=a whole id", f"{filled}?text={there['customer']}"


def _ask(client: TestClient, path: str, asked: str) -> Answer:
    taken = []
    for _ in range(1 + WARM):
        began = time.perf_counter()
        status = client.get(asked).status_code
        taken.append(1000 * (time.perf_counter() - began))
    if status >= 400:
        raise UnableToMeasure(f"{asked}: {status}")
    print(f"{statistics.median(taken[1:]):8.0f} ms  {asked}", file=sys.stderr, flush=True)
    return Answer(path, asked, status, round(taken[0], 1), round(statistics.median(taken[1:]), 1))


def _with_reads(client: TestClient, runtime: Runtime, one: Answer) -> Answer:
    with _watched(runtime) as reads:
        client.get(one.asked)
    slowest = sorted(reads, key=lambda read: -read[0])[:3]
    told = tuple((round(ms, 1), _plan(runtime, sql, values)) for ms, sql, values in slowest)
    return Answer(one.path, one.asked, one.status, one.first_ms, one.warm_ms, told)


@contextmanager
def _watched(runtime: Runtime) -> Iterator[list[tuple[float, str, Any]]]:
    """Every statement that is run meanwhile: milliseconds until its first row, text, values."""
    reads: list[tuple[float, str, Any]] = []
    began = [0.0]

    def before(*_: object) -> None:
        began[0] = time.perf_counter()

    def after(_c: object, _cursor: object, sql: str, values: Any, *_: object) -> None:
        if sql.lstrip().upper().startswith(("SELECT", "WITH")):
            reads.append((1000 * (time.perf_counter() - began[0]), sql, values))

    event.listen(runtime.engine, "before_cursor_execute", before)
    event.listen(runtime.engine, "after_cursor_execute", after)
    try:
        yield reads
    finally:
        event.remove(runtime.engine, "before_cursor_execute", before)
        event.remove(runtime.engine, "after_cursor_execute", after)


def _plan(runtime: Runtime, sql: str, values: Any) -> str:
    """What the database says it does for a read."""
    on_sqlite = runtime.engine.dialect.name == "sqlite"
    with reading(runtime.engine) as connection:
        rows = connection.exec_driver_sql(
            f"{'EXPLAIN QUERY PLAN' if on_sqlite else 'EXPLAIN'} {sql}", values
        )
        return "\n".join(str(row[-1]) for row in rows)


def _report(answers: list[Answer], size: dict[str, int], database: str, out: Path) -> None:
    console = Console(width=140)
    ran_on = machine() | {"database": database}
    console.print(
        ", ".join(f"{count:,} {what}" for what, count in size.items())
        + ", on "
        + ", ".join(f"{name} {value}" for name, value in ran_on.items() if name != "versions")
    )
    table = Table("path", "status", "first ms", "median ms")
    for one in answers:
        table.add_row(one.path, str(one.status), f"{one.first_ms:.0f}", f"{one.warm_ms:.0f}")
    console.print(table)
    for one in sorted(answers, key=lambda one: -one.warm_ms):
        for milliseconds, plan in one.reads:
            console.print(f"[bold]{one.path}[/]: a read of {milliseconds:.0f} ms", highlight=False)
            console.print(plan, markup=False, highlight=False)
    out.mkdir(parents=True, exist_ok=True)
    name = f"console-{size['customers']}-{database}"
    document = {"size": size, "ran_on": ran_on, "answers": [asdict(one) for one in answers]}
    (out / f"{name}.json").write_text(json.dumps(document, indent=2))
    console.print(f"written to {out / name}.json")


if __name__ == "__main__":
    main()
