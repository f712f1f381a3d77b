"""A simulated year: every night of a shop that lives, and what must be true of each.

    python -m benchmarks.year --customers 20000 --nights 366

Plans, composes, decides, releases and answers night after night, and asserts after each the laws of
the ledger, that no step of a journey came twice or before the one before it, that nothing was sent
outside its occasion's window, and that points are the sum of their moves. At the end everybody who
had a birthday or an anniversary, by an almanac of its own, was met once, or the ledger says each
time why not. Prints what came of it and how long a night took, first and last.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
from lunar_python import Lunar, LunarMonth
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from benchmarks.growing_shop import GrowingShop, draw_shop
from benchmarks.measure import machine
from care import correspondence, desk, nightly, release, training
from care.domain.decision import Verdict
from care.domain.journey import JourneySettings
from care.runtime import Runtime, open_runtime
from care.settings import shipped
from care.storage.bulk import read_frame
from care.storage.database import reading
from care.storage.nights import latest_night
from care.storage.tables import exclusions, identities, messages, metadata, point_moves, touches
from tests.workflows.laws import assert_laws
from tests.workflows.peer import Line, Peer, Refusal, published

FIRST = date(2028, 1, 1)  # a leap year with a leap fifth month
TRAINED_EVERY = 30
REPEATED_EVERY = 45
KEY = "5c" * 32


@dataclass(frozen=True, slots=True)
class Year:
    """What came of some nights: seconds of each, and the numbers worth printing."""

    nights: list[date]
    seconds: list[float]
    touches: Counter[str]
    exclusions: Counter[str]
    occasions: int


def live_through(
    home: Path,
    *,
    customers: int,
    nights: int,
    first: date = FIRST,
    database_url: str | None = None,
    watch: Callable[[date, float], None] | None = None,
) -> Year:
    """Live through nights in a row; in a home where some were lived through, through the others.

    Raises:
        AssertionError: something that must hold did not.
    """
    shop = draw_shop(home / "shop", customers=customers, first=first, nights=nights)
    policy = home / "policy.toml"
    shutil.copy(shipped("policy.toml"), policy)
    runtime = open_runtime(
        home=home,
        database_url=database_url,
        policy_path=policy,
        master_key=KEY,
        gateway_secret=KEY,
    )
    peer = Peer(runtime.settings.outbound)
    days = [first + timedelta(days=n) for n in range(nights)]
    with reading(runtime.engine) as connection:
        begun = latest_night(connection) or first
    seconds = []
    for number, night in enumerate(days):
        if night < begun:
            continue
        began = time.perf_counter()
        live(runtime, shop, peer, night, trains=number % TRAINED_EVERY == 0)
        seconds.append(time.perf_counter() - began)
        hold(runtime, night)
        if number % REPEATED_EVERY == REPEATED_EVERY - 1:
            again_is_nothing(runtime, night)
        for folder in published(runtime.settings.outbound):
            if (folder / "ack.json").exists():
                shutil.rmtree(folder)
        if watch is not None:
            watch(night, seconds[-1])
    expected = occasions(shop, days[0], days[-1])
    everybody_was_met(runtime, expected)
    return Year(days, seconds, *_numbers(runtime), occasions=len(expected))


def live(
    runtime: Runtime, shop: GrowingShop, peer: Peer, night: date, *, trains: bool = False
) -> None:
    """One night and its day: planned at one, decided at six, released until the evening."""
    zone = runtime.policy.shop.zone

    def at(hour: int) -> datetime:
        return datetime.combine(night, datetime.min.time(), zone) + timedelta(hours=hour)

    shop.deliver(night)
    nightly.take_snapshot(runtime, night=night)
    if trains:
        training.train_items(runtime, night=night, now=at(1))
        training.train_timing(runtime, night=night, now=at(1))
    nightly.score(runtime, night=night)
    for shard in nightly.plan(runtime, night=night, now=at(1)):
        correspondence.compose(runtime, night=night, shard=shard)
    desk.queue(runtime, night=night, now=at(1))
    for number, waiting in enumerate(desk.list_campaigns(runtime, night=night, waiting_only=True)):
        verdict = Verdict.REJECT if (night.toordinal() + number) % 23 == 0 else Verdict.APPROVE
        desk.decide(
            runtime, night, waiting.campaign, verdict, actor="mei", reason="looked at", now=at(6)
        )
    for hour in (6, 12, 18):
        release.seal_and_submit(runtime, now=at(hour))
        peer.answer(_refuse)
        release.collect(runtime)


def _refuse(line: Line) -> Refusal | None:
    """A gateway's bad days: one message in two hundred not at all, as many not at once."""
    number = int(line["message_id"][:6], 16) % 200
    return {0: ("550", False), 1: ("451", True)}.get(number)


# ── What must hold after each night ─────────────────────────────────────────────────────────────


def hold(runtime: Runtime, night: date) -> None:
    """Assert the laws of the ledger, of journeys, of windows and of points."""
    assert_laws(runtime, of=night)
    journeys_go_forward(runtime)
    nothing_leaves_its_window(runtime, night)
    points_are_the_sum_of_their_moves(runtime)


def journeys_go_forward(runtime: Runtime) -> None:
    """No step of an entry twice, and none before the one before it."""
    with reading(runtime.engine) as connection:
        for name, settings in runtime.policy.enabled.items():
            if not isinstance(settings, JourneySettings):
                continue
            made = read_frame(
                connection,
                select(touches.c["customer_key", "occasion_key", "night"]).where(
                    touches.c.campaign == name
                ),
            )
            if made.empty:
                continue
            places = {
                step.name: place
                for steps in settings.branches.values()
                for place, step in enumerate(steps)
            }
            entry = made["occasion_key"].str.rpartition("-")
            told = made.assign(entry=entry[0], place=entry[2].map(places))
            assert told["place"].notna().all(), name
            told = told.sort_values(["customer_key", "entry", "night", "place"])
            steps = told.groupby(["customer_key", "entry"])
            assert not told.duplicated(["customer_key", "entry", "place"]).any(), name
            assert (told["place"] == steps.cumcount()).all(), name


def nothing_leaves_its_window(runtime: Runtime, night: date) -> None:
    """What was planned tonight is for now or later; greetings reach nobody after their day."""
    with reading(runtime.engine) as connection:
        planned = read_frame(
            connection,
            select(
                touches.c["campaign", "occasion_on", "send_on", "send_until"],
                messages.c["not_before", "not_after", "timezone"],
            )
            .join(messages, messages.c.touch_id == touches.c.touch_id)
            .where(touches.c.night == night),
        )
    assert (planned["send_on"] >= pd.Timestamp(night)).all()
    assert (planned["send_until"] >= planned["send_on"]).all()
    for name in ("birthday", "wedding_anniversary"):
        dated = planned[planned["campaign"] == name]
        for zone, group in dated.groupby("timezone"):
            last = pd.to_datetime(group["not_after"], utc=True).dt.tz_convert(str(zone))
            local = last.dt.tz_localize(None).dt.normalize()
            assert (local.to_numpy() <= group["occasion_on"].to_numpy()).all(), (name, zone)


def points_are_the_sum_of_their_moves(runtime: Runtime) -> None:
    """No balance below zero, after any move and at the end; nothing expires that was not there."""
    with reading(runtime.engine) as connection:
        total = func.sum(point_moves.c.points)
        below = select(point_moves.c.customer_key).group_by(point_moves.c.customer_key)
        assert connection.execute(below.having(total < 0)).all() == []


def again_is_nothing(runtime: Runtime, night: date) -> None:
    """The same night once more writes no row and seals nothing.

    Most nights here were not trained, so the first run may add the record of that; after it,
    nothing at all is new.
    """
    now = datetime.combine(night, datetime.min.time(), runtime.policy.shop.zone)
    record = {"models", "title_events"}
    before = _sizes(runtime)
    nightly.run(runtime, night=night, now=now + timedelta(hours=20))
    trained = _sizes(runtime)
    assert {name: size for name, size in trained.items() if name not in record} == {
        name: size for name, size in before.items() if name not in record
    }
    nightly.run(runtime, night=night, now=now + timedelta(hours=20))
    assert _sizes(runtime) == trained


def _sizes(runtime: Runtime) -> dict[str, int]:
    with reading(runtime.engine) as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


# ── Who should have been met ────────────────────────────────────────────────────────────────────


def occasions(shop: GrowingShop, first: date, last: date) -> pd.DataFrame:
    """Every birthday and anniversary from some days after ``first`` to ``last``, counted anew.

    ``customer_id, campaign, occasion_key, on``. Lunar days are those of ``lunar_python``.
    """
    begins, rows = first + timedelta(days=3), []
    for one in shop.customers.itertuples():
        joined = one.joined_on.date()
        for year in range(first.year, last.year + 1):
            if joined.year < year:
                rows.append((one, "membership_anniversary", f"{year}", _in_year(joined, year)))
            if pd.notna(one.wedding_on) and one.wedding_on.year < year:
                on = _in_year(one.wedding_on.date(), year)
                rows.append((one, "wedding_anniversary", f"{year}", on))
            if _keeps_birthday(one) and one.birth_calendar == "gregorian":
                on = _in_year(date(2000, one.birth_month, one.birth_day), year)
                rows.append((one, "birthday", f"{year}", on))
        if _keeps_birthday(one) and one.birth_calendar == "lunar":
            for year in range(first.year - 1, last.year + 1):
                on = _in_lunar_year(one.birth_month, one.birth_day, one.birth_leap, year)
                rows.append((one, "birthday", f"lunar-{year}", on))
    found = [
        (one.customer_id, campaign, f"{campaign.replace('_', '-')}-{year}", on)
        for one, campaign, year, on in rows
        if max(begins, one.joined_on.date() + timedelta(days=4)) <= on <= last
    ]
    return pd.DataFrame(found, columns=["customer_id", "campaign", "occasion_key", "on"])


def _keeps_birthday(one: Any) -> bool:
    """A day is known, and it is no stand-in."""
    return pd.notna(one.birth_month) and not (pd.notna(one.birth_year) and one.birth_year == 1900)


def _in_year(day: date, year: int) -> date:
    """The same day of another year; 29 February is kept on the 28th of a common one."""
    common = (day.month, day.day) == (2, 29) and not (year % 4 == 0 and year % 100)
    return date(year, 2, 28) if common else date(year, day.month, day.day)


def _in_lunar_year(month: int, day: int, leap: bool, year: int) -> date:
    own = LunarMonth.fromYm(year, -month if leap else month) or LunarMonth.fromYm(year, month)
    kept = Lunar.fromYmd(year, own.getMonth(), min(day, own.getDayCount())).getSolar()
    return date(kept.getYear(), kept.getMonth(), kept.getDay())


def everybody_was_met(runtime: Runtime, expected: pd.DataFrame) -> None:
    """Each occasion has one touch and one only, or a reason of the ledger for its absence."""
    with reading(runtime.engine) as connection:
        ids = identities.c["customer_id", "customer_key"]
        known = read_frame(connection, select(*ids))
        names = ("customer_key", "campaign", "occasion_key")
        made = read_frame(connection, select(*touches.c[names]))
        told = read_frame(connection, select(*exclusions.c[names]).distinct())
    wanted = expected.merge(known, on="customer_id")
    assert len(wanted) == len(expected)
    keys = pd.MultiIndex.from_frame(wanted[list(names)])
    touched = keys.isin(pd.MultiIndex.from_frame(made))
    excused = keys.isin(pd.MultiIndex.from_frame(told))
    missed = wanted[~touched & ~excused]
    assert missed.empty, missed.head(20).to_string()
    dated = made[made["campaign"].isin(expected["campaign"].unique())]
    assert not dated.duplicated().any()


# ── What to print ───────────────────────────────────────────────────────────────────────────────


def _numbers(runtime: Runtime) -> tuple[Counter[str], Counter[str]]:
    with reading(runtime.engine) as connection:
        made = connection.execute(
            select(touches.c.campaign, func.count()).group_by(touches.c.campaign)
        )
        told = connection.execute(
            select(exclusions.c.reason, func.count()).group_by(exclusions.c.reason)
        )
        return Counter(dict(map(tuple, made))), Counter(dict(map(tuple, told)))


def main() -> None:
    """Live through a year and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--nights", type=int, default=366)
    parser.add_argument("--home", type=Path, help="keep all here, and go on where it stopped")
    parser.add_argument("--out", type=Path, default=Path("var/benchmarks"))
    told = parser.parse_args()

    def watch(night: date, seconds: float) -> None:
        print(f"{night}: {seconds:.1f} s", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        year = live_through(
            told.home or Path(folder), customers=told.customers, nights=told.nights, watch=watch
        )
    table = Table(
        "Campaign", "Touches", title=f"{len(year.nights)} nights, {told.customers} people"
    )
    for name, count in sorted(year.touches.items()):
        table.add_row(name, f"{count:,}")
    Console().print(table)
    reasons = ", ".join(f"{name} {count:,}" for name, count in sorted(year.exclusions.items()))
    print(f"Not touched: {reasons}")
    early, late = np.median(year.seconds[:30]), np.median(year.seconds[-30:])
    print(
        f"{year.occasions:,} birthdays and anniversaries, each met once or excused; "
        f"a night took {early:.1f} s in the first thirty of this run, {late:.1f} s in the last"
    )
    told.out.mkdir(parents=True, exist_ok=True)
    result = {
        "machine": machine(),
        "customers": told.customers,
        "nights": len(year.nights),
        "first": str(year.nights[0]),
        "occasions": year.occasions,
        "touches": dict(year.touches),
        "exclusions": dict(year.exclusions),
        "seconds_first_month": round(float(early), 2),
        "seconds_last_month": round(float(late), 2),
        "seconds": round(sum(year.seconds)),
    }
    (told.out / "year.json").write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
