"""Who is due: every campaign's rule on a large shop, each beside the bare work that bounds it.

    python -m benchmarks.rules --customers 1000000 --orders 20000000 --out folder

Takes a night's snapshot and its habits, works out standings, settles the points of all orders since
the policy's first day (later nights settle what is new), opens the tables that rules look at, and
lets each rule find who is due, with the settings of the shipped policy. The bare limit of a rule is
one comparison for each row of the tables it looks at, and the taking of as many rows as it finds;
the bare limit of opening the tables is DuckDB's sum per customer over the same order lines.
"""

import argparse
import json
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from benchmarks.measure import Measured, machine, measured
from benchmarks.night import NIGHT, NOW
from benchmarks.shop import Size, make_shop
from care import nightly, training
from care.domain.campaign import CampaignSettings, Tables
from care.domain.campaigns import CAMPAIGNS
from care.rhythms import read_habits
from care.runtime import Runtime, open_runtime
from care.standing import find_all_standings, settle_points
from care.storage.database import reading
from care.storage.history import open_history, spend
from care.storage.snapshot import load_snapshot, read_pinned
from care.storage.tables import point_moves
from care.tables import open_tables

DATES = ("birthday", "wedding_anniversary", "membership_anniversary", "festival")
TIMES = 3
"""A rule is quick, so it is run so often, and the quickest run counts."""


class Watched:
    """Tables that remember which of them were looked at."""

    def __init__(self, tables: Tables) -> None:
        """``tables``: what a rule is to look at."""
        self._tables = tables
        self.seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        """The table of this name."""
        self.seen.add(name)
        return getattr(self._tables, name)


def measure_rules(home: Path) -> list[Measured]:
    """Open the tables, then run each rule beside its bare limit."""
    runtime = open_runtime(home=home)
    nightly.take_snapshot(runtime, night=NIGHT)
    training.train_timing(runtime, night=NIGHT, now=NOW)
    nightly.score(runtime, night=NIGHT)
    snapshot = load_snapshot(runtime.store, NIGHT)
    history = open_history(runtime.store, snapshot.history, night=NIGHT)
    lines = snapshot.counts["orders"].kept
    bare = {
        "bare": "DuckDB: one sum a customer",
        "bare_seconds": measured(lambda: spend(history))[1],
    }
    standings, seconds, peak = measured(lambda: find_all_standings(runtime.policy, history, NIGHT))
    found = [Measured("standings", seconds, lines, peak, **bare)]
    _, seconds, peak = measured(lambda: settle_points(runtime, history, standings, night=NIGHT))
    found.append(Measured("settling points", seconds, _moves(runtime), peak))
    tables, seconds, peak = measured(
        lambda: open_tables(
            runtime,
            snapshot,
            history,
            standings,
            read_habits(runtime.store, NIGHT),
            read_pinned(runtime.store, snapshot.products),
            night=NIGHT,
        )
    )
    found.append(Measured("tables", seconds, lines, peak, **bare))
    rows = {
        one.name: 0 if (frame := getattr(tables, one.name)) is None else len(frame)
        for one in fields(Tables)
    }
    print("tables:", ", ".join(f"{name} {count:,}" for name, count in rows.items()), flush=True)
    return [
        *found,
        *(
            _rule(name, chosen, tables, rows)
            for name, chosen in sorted(runtime.policy.enabled.items())
        ),
    ]


def _moves(runtime: Runtime) -> int:
    with reading(runtime.engine) as connection:
        return connection.scalar(select(func.count()).select_from(point_moves)) or 0


def _rule(name: str, settings: CampaignSettings, tables: Tables, rows: dict[str, int]) -> Measured:
    campaign = CAMPAIGNS[name]
    watched = Watched(tables)
    campaign.rule(watched, settings, night=NIGHT)
    runs = [
        measured(lambda: campaign.candidates(tables, settings, night=NIGHT)) for _ in range(TIMES)
    ]
    found, seconds, peak = min(runs, key=lambda run: run[1])
    looked_at = sum(rows[table] for table in watched.seen)
    return Measured(
        name,
        seconds,
        len(found),
        peak,
        bare=f"a comparison for each of {looked_at:,} rows: {', '.join(sorted(watched.seen))}",
        bare_seconds=min(_bare(looked_at, found) for _ in range(TIMES)),
    )


def _bare(rows: int, found: pd.DataFrame) -> float:
    days = np.arange(rows, dtype="int64").astype("datetime64[s]")
    edge = np.datetime64(NIGHT + timedelta(days=1), "s")
    place = np.arange(len(found))

    def work() -> pd.DataFrame:
        np.flatnonzero(days == edge)
        return found.take(place)

    return measured(work)[1]


def main() -> None:
    """Measure the rules."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=2_000_000, help="order lines")
    parser.add_argument("--home", type=Path, help="keep the shop and the run here")
    parser.add_argument("--out", type=Path, default=Path("var/benchmarks"))
    told = parser.parse_args()
    size = Size(told.customers, told.orders)
    with ExitStack() as stack:
        home = told.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (home / "shop" / "shop.toml").exists():
            make_shop(home / "shop", size)
        found = measure_rules(home)
    table = Table("Rule", "Seconds", "Due", "GiB", "Ratio", "Bare limit")
    for one in found:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        table.add_row(
            one.stage, f"{one.seconds:.2f}", f"{one.rows:,}", f"{one.peak_gib:.2f}", ratio, one.bare
        )
    Console(width=140).print(table)
    seconds = {one.stage: one.seconds for one in found}
    rules = [one for one in found if one.stage in CAMPAIGNS]
    dates = sum(one.seconds for one in rules if one.stage in DATES)
    print(
        f"{told.customers:,} customers, {told.orders:,} order lines: standings and tables in "
        f"{seconds['standings'] + seconds['tables']:.1f} s, all rules "
        f"{sum(one.seconds for one in rules):.1f} s, the dates among them {dates:.1f} s; points "
        f"settled in {seconds['settling points']:.1f} s; "
        f"at most {max(one.peak_gib for one in found):.1f} GiB"
    )
    told.out.mkdir(parents=True, exist_ok=True)
    document = {
        "size": asdict(size),
        "ran_on": machine() | {"database": "sqlite"},
        "stages": [asdict(one) for one in found],
    }
    (told.out / f"rules-{told.customers}.json").write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
