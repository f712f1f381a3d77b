"""Whatever ran may run again: it writes no row, and from an old backup it makes the same bytes."""

import shutil
from datetime import UTC, timedelta

import orjson
import pytest

from care import correspondence, desk, nightly, training
from care.nightly import UnableToPlan
from care.storage.database import reading
from care.storage.nights import find_night
from tests.workflows.builders import (
    NIGHT,
    a_house,
    a_shop,
    after,
    approve,
    at,
    forget_plan,
    ledger_of,
    release_at,
    reopened,
    run_night,
    some_customers,
)
from tests.workflows.laws import assert_laws
from tests.workflows.peer import acknowledge, manifest_of, parts_of, published

NOW = at("02:00")

STAGES = {
    "take_snapshot": lambda runtime: nightly.take_snapshot(runtime, night=NIGHT),
    "train_items": lambda runtime: training.train_items(runtime, night=NIGHT, now=NOW),
    "train_timing": lambda runtime: training.train_timing(runtime, night=NIGHT, now=NOW),
    "score": lambda runtime: nightly.score(runtime, night=NIGHT),
    "plan": lambda runtime: nightly.plan(runtime, night=NIGHT, now=NOW),
    "compose": lambda runtime: [
        correspondence.compose(runtime, night=NIGHT, shard=n) for n in (0, 1)
    ],
    "queue": lambda runtime: desk.queue(runtime, night=NIGHT, now=NOW),
    "all of it": lambda runtime: run_night(runtime),
}


def files_of(runtime):
    """Every file of the store, with its bytes."""
    root = runtime.settings.home / "store"
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_ran_writes_nothing_when_it_runs_again(planned, stage):
    before = ledger_of(planned.engine), files_of(planned)
    STAGES[stage](planned)
    assert (ledger_of(planned.engine), files_of(planned)) == before


def test_a_night_run_again_after_its_release_changes_nothing_and_sends_nothing(planned):
    approve(planned)
    release_at(planned, "06:30")
    sent = parts_of(planned.settings.outbound)
    before = ledger_of(planned.engine)
    run_night(planned)
    assert release_at(planned, "06:40") == 0
    assert ledger_of(planned.engine) == before
    assert parts_of(planned.settings.outbound) == sent


def test_a_night_once_taken_stays_as_it_is_whatever_the_shop_says_later(planned_on_sqlite):
    home = planned_on_sqlite.settings.home
    a_shop(home / "shop", customers=some_customers()[:5])
    changed = reopened(home, policy={"campaigns": {"birthday": {"enabled": False}}})
    before = ledger_of(changed.engine)
    run_night(changed)
    assert ledger_of(changed.engine) == before


def test_a_night_that_is_too_old_is_refused_before_anything_is_written(tmp_path):
    runtime = a_house(tmp_path / "home")
    late = at("01:00", after(8))
    with pytest.raises(UnableToPlan, match="8 days ago"):
        nightly.run(runtime, night=NIGHT, now=late)
    assert not any(ledger_of(runtime.engine).values())
    assert files_of(runtime) == {}


def test_seven_days_are_counted_on_the_shops_wall(planned_on_sqlite):
    still_the_seventh = at("23:59", after(7))
    assert still_the_seventh.astimezone(UTC).date() == after(8)
    nightly.refuse_stale(planned_on_sqlite, night=NIGHT, now=still_the_seventh)
    with pytest.raises(UnableToPlan):
        nightly.refuse_stale(
            planned_on_sqlite, night=NIGHT, now=still_the_seventh + timedelta(minutes=1)
        )


# ── From a backup ───────────────────────────────────────────────────────────────────────────────

MAY_DIFFER = ("created_at", "attempt", "signature")


def same_but_for_the_time(one, other):
    theirs = [[manifest_of(folder) for folder in published(home)] for home in (one, other)]
    said = [
        [{k: v for k, v in manifest.items() if k not in MAY_DIFFER} for manifest in manifests]
        for manifests in theirs
    ]
    assert said[0] == said[1]
    assert theirs[0] != theirs[1]


def test_a_ledger_restored_to_before_the_release_seals_the_same_bytes(planned_on_sqlite, tmp_path):
    approve(planned_on_sqlite)
    restored = reopened(shutil.copytree(planned_on_sqlite.settings.home, tmp_path / "restored"))
    release_at(planned_on_sqlite, "06:30")
    release_at(restored, "06:45")
    first, second = planned_on_sqlite.settings.outbound, restored.settings.outbound
    assert len(parts_of(first)) == 2
    assert parts_of(first) == parts_of(second)
    same_but_for_the_time(first, second)


def test_a_ledger_restored_to_before_the_plan_plans_and_seals_the_same_bytes(
    planned_on_sqlite, tmp_path
):
    restored = reopened(shutil.copytree(planned_on_sqlite.settings.home, tmp_path / "restored"))
    forget_plan(restored)
    run_night(restored)
    for runtime, clock in ((planned_on_sqlite, "06:30"), (restored, "06:45")):
        approve(runtime)
        release_at(runtime, clock)
    assert parts_of(planned_on_sqlite.settings.outbound) == parts_of(restored.settings.outbound)
    same_but_for_the_time(planned_on_sqlite.settings.outbound, restored.settings.outbound)


def test_a_restored_ledger_finds_what_left_before_and_sends_nothing_twice(planned_on_sqlite):
    runtime, ledger = planned_on_sqlite, planned_on_sqlite.settings.home / "care.sqlite"
    approve(runtime)
    shutil.copy(ledger, backup := ledger.with_suffix(".backup"))
    release_at(runtime, "06:30")
    left = {path: path.read_bytes() for path in runtime.settings.outbound.rglob("*.*")}

    for stale in ledger.parent.glob("care.sqlite-*"):
        stale.unlink()
    shutil.copy(backup, ledger)
    restored = reopened(runtime.settings.home)
    assert release_at(restored, "06:45") == 2
    found = {path: path.read_bytes() for path in restored.settings.outbound.rglob("*.*")}
    assert found == left
    for folder in published(restored.settings.outbound):
        acknowledge(folder)
    release_at(restored, "06:50")
    with reading(restored.engine) as connection:
        assert find_night(connection, NIGHT) is not None
    assert_laws(restored)


def test_night_json_is_written_whole_and_again_the_same(planned_on_sqlite):
    path = planned_on_sqlite.settings.home / "night.json"
    before = path.read_bytes()
    path.unlink()
    desk.queue(planned_on_sqlite, night=NIGHT, now=NOW)
    assert path.read_bytes() == before
    assert orjson.loads(before)["night"] == "2017-11-14"
    assert not path.with_suffix(".tmp").exists()
