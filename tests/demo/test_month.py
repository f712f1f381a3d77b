"""The demo's month: every campaign that can be due in it has somebody to write to."""

from datetime import date

import pytest

from care import nightly, training
from care.demo.shop import build_shop
from care.domain.due import find_due
from care.intake.localday import night_begins
from care.rhythms import read_habits
from care.runtime import open_runtime
from care.standing import find_all_standings, settle_points
from care.storage.history import open_history
from care.storage.snapshot import load_snapshot, read_pinned
from care.tables import open_tables

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NIGHTS = [date(2017, 11, day) for day in (14, 15, 20, 21)]
NOT_YET = {"keep_in_touch"}  # counts from the ledger's first night, and the demo's is a week old


def test_every_campaign_has_somebody_due_in_the_demos_month(tmp_path):
    build_shop(tmp_path / "shop")
    runtime = open_runtime(home=tmp_path, sources_path=tmp_path / "shop" / "shop.toml")
    decisions = runtime.policy.decisions()
    found: dict[str, int] = {}
    for night in NIGHTS:
        nightly.take_snapshot(runtime, night=night)
        if night == NIGHTS[0]:
            training.train_timing(
                runtime, night=night, now=night_begins(night, runtime.policy.shop.timezone)
            )
        nightly.score(runtime, night=night)
        snapshot = load_snapshot(runtime.store, night)
        history = open_history(runtime.store, snapshot.history, night=night)
        standings = find_all_standings(runtime.policy, history, night)
        settle_points(runtime, history, standings, night=night)
        tables = open_tables(
            runtime,
            snapshot,
            history,
            standings,
            read_habits(runtime.store, night),
            read_pinned(runtime.store, snapshot.products),
            night=night,
        )
        due = find_due(tables, decisions.campaigns, night=night)
        for name, count in due["campaign"].value_counts().items():
            found[str(name)] = found.get(str(name), 0) + int(count)
    assert sorted(found) == sorted(set(runtime.policy.enabled) - NOT_YET)
    assert all(count > 0 for count in found.values())
