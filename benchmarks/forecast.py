"""What was foretold beside what then came: the demo's shop, whose purchases are real.

    python -m benchmarks.forecast --lived 21 --ahead 14

Lives through some nights, forecasts those that follow, lives through them too, and prints for each
campaign how many touches were foretold and how many there were. Everything is approved and taken
over, as a forecast assumes. Beside it stands the simplest forecast there is: every campaign each
night as on the mean night of the last week.
"""

import argparse
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from benchmarks.measure import machine
from care import desk, nightly, release
from care.demo.shop import build_shop
from care.domain.decision import Verdict
from care.domain.holdout import TREATED
from care.forecast import forecast
from care.runtime import Runtime, open_runtime
from care.storage.bulk import read_frame
from care.storage.database import reading
from care.storage.tables import touches
from tests.workflows.peer import Peer

FIRST = date(2017, 10, 2)
WEEK = 7


def live(runtime: Runtime, peer: Peer, night: date) -> None:
    """A night on which everything is approved, and taken over."""
    zone = runtime.policy.shop.zone

    def at(hour: int) -> datetime:
        return datetime.combine(night, datetime.min.time(), zone) + timedelta(hours=hour)

    nightly.run(runtime, night=night, now=at(1))
    for one in desk.list_campaigns(runtime, night=night, waiting_only=True):
        desk.decide(
            runtime, night, one.campaign, Verdict.APPROVE, actor="mei", reason="", now=at(6)
        )
    release.seal_and_submit(runtime, now=at(12))
    peer.answer()
    release.collect(runtime)


def touched(runtime: Runtime) -> pd.DataFrame:
    """Treated touches of the ledger: a row a night, a column a campaign."""
    columns = touches.c["night", "campaign"]
    query = select(*columns, func.count().label("touches")).where(touches.c.arm == TREATED)
    with reading(runtime.engine) as connection:
        rows = read_frame(connection, query.group_by(*columns))
    return rows.pivot_table(index="night", columns="campaign", values="touches", aggfunc="sum")


def measure(home: Path, *, lived: int, ahead: int) -> dict[str, Any]:
    """Live, foretell, live on, and compare."""
    build_shop(home / "shop")
    runtime = open_runtime(home=home, sources_path=home / "shop" / "shop.toml")
    peer = Peer(runtime.settings.outbound)
    past = [FIRST + timedelta(days=number) for number in range(lived)]
    coming = [past[-1] + timedelta(days=number) for number in range(1, ahead + 1)]
    for night in past:
        live(runtime, peer, night)
        print(night, file=sys.stderr, flush=True)
    began = time.perf_counter()
    found = forecast(runtime, count=ahead)
    seconds = time.perf_counter() - began
    for night in coming:
        live(runtime, peer, night)
        print(night, file=sys.stderr, flush=True)

    made = touched(runtime).fillna(0)
    told = found.treated.pivot_table(
        index="night", columns="campaign", values="touches", aggfunc="sum"
    )
    campaigns = sorted({*made.columns, *told.columns})
    was = made.reindex(index=pd.DatetimeIndex(coming), columns=campaigns, fill_value=0).fillna(0)
    told = told.reindex(index=pd.DatetimeIndex(coming), columns=campaigns, fill_value=0).fillna(0)
    last_week = made.reindex(index=pd.DatetimeIndex(past[-WEEK:]), columns=campaigns).fillna(0)
    plain = pd.DataFrame({name: last_week[name].mean() for name in campaigns}, index=was.index)
    total = was.to_numpy().sum()

    def missed(guess: pd.DataFrame) -> dict[str, float]:
        """Mean absolute errors, as shares of what came."""
        by_night = (guess.sum(axis=1) - was.sum(axis=1)).abs().sum()
        by_campaign = (guess.sum() - was.sum()).abs().sum()
        return {
            "of a night": round(float(by_night / total), 3),
            "of a campaign": round(float(by_campaign / total), 3),
            "of a campaign and night": round(
                float((guess - was).abs().to_numpy().sum() / total), 3
            ),
            "of all": round(float(guess.to_numpy().sum() / total - 1), 3),
        }

    return {
        "machine": machine(),
        "lived": lived,
        "ahead": ahead,
        "first": str(coming[0]),
        "seconds": round(seconds, 1),
        "campaigns": {
            name: {
                "foretold": int(told[name].sum()),
                "came": int(was[name].sum()),
                "as_last_week": round(float(plain[name].sum()), 1),
                "known_ahead": name in found.known_ahead,
            }
            for name in campaigns
        },
        "missed": {"forecast": missed(told), "as last week": missed(plain)},
    }


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lived", type=int, default=21)
    parser.add_argument("--ahead", type=int, default=14)
    parser.add_argument("--out", type=Path, default=Path("var/benchmarks"))
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), lived=told.lived, ahead=told.ahead)
    table = Table("Campaign", "Foretold", "Came", "As last week", "Known ahead")
    for name, one in found["campaigns"].items():
        known = "yes" if one["known_ahead"] else ""
        numbers = (one["foretold"], one["came"], one["as_last_week"])
        table.add_row(name, *map(str, numbers), known)
    Console().print(table)
    print(found["missed"], f"{found['seconds']} s", found["machine"])
    told.out.mkdir(parents=True, exist_ok=True)
    (told.out / "forecast.json").write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
