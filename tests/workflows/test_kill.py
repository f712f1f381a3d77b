"""kill -9 at named points: whoever runs next completes what was begun, and the laws hold."""

import shutil

import pytest

from care import nightly, release
from care.runtime import Runtime
from care.storage import people
from care.storage.database import reading
from care.storage.snapshot import load_snapshot
from tests.workflows.builders import (
    NIGHT,
    a_house,
    after,
    approve,
    forget_plan,
    ledger_of,
    messages_of,
    release_at,
    reopened,
    run_night,
)
from tests.workflows.laws import assert_laws, everybody_is_accounted_for
from tests.workflows.peer import Peer, exported
from tests.workflows.victim import kill_during

PLANNED = ("nights", "touches", "exclusions", "gifts", "gift_moves")


@pytest.fixture(scope="module")
def undisturbed(first_night, tmp_path_factory) -> Runtime:
    """The first night as it is when nobody is killed."""
    return reopened(shutil.copytree(first_night, tmp_path_factory.mktemp("undisturbed") / "home"))


@pytest.fixture
def on_sqlite(planned_on_sqlite) -> Runtime:
    """The first night, taken and foretold but not yet planned."""
    forget_plan(planned_on_sqlite)
    return planned_on_sqlite


# ── The night ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("moment", "function"),
    [
        ("after", "care.storage.people.sync_people"),
        ("before", "care.nightly.open_orders"),
        ("after", "care.nightly.update_history"),
        ("before", "care.storage.store.Store.write_once"),
        ("after", "care.storage.store.Store.write_once"),
    ],
)
def test_take_snapshot(tmp_path, undisturbed, moment, function):
    runtime = a_house(tmp_path / "home")
    kill_during(runtime, "take_snapshot", moment, function)
    nightly.take_snapshot(runtime, night=NIGHT)
    assert load_snapshot(runtime.store, NIGHT) == load_snapshot(undisturbed.store, NIGHT)
    assert same_rows(runtime, undisturbed, "products", "product_types", "consents")
    with reading(runtime.engine) as mine, reading(undisturbed.engine) as theirs:
        everybody = people.read_people(mine), people.read_people(theirs)
    assert everybody[0].drop(columns="data_key").equals(everybody[1].drop(columns="data_key"))


def same_rows(one, other, *tables):
    mine, theirs = ledger_of(one.engine), ledger_of(other.engine)
    return all(mine[name] == theirs[name] != [] for name in tables)


@pytest.mark.parametrize(
    ("moment", "function"),
    [
        ("before", "care.storage.nights.save_plan"),
        ("before", "care.storage.nights.reserve"),
        ("after", "care.storage.nights.save_plan"),
    ],
)
def test_plan(on_sqlite, undisturbed, moment, function):
    kill_during(on_sqlite, "plan", moment, function)
    assert not any(ledger_of(on_sqlite.engine)[name] for name in PLANNED)
    run_night(on_sqlite)
    assert same_rows(on_sqlite, undisturbed, *PLANNED)
    assert_laws(on_sqlite)


@pytest.mark.parametrize(
    ("moment", "call"), [("before", 1), ("after", 1), ("before", 2), ("after", 2)]
)
def test_compose(on_sqlite, undisturbed, moment, call):
    kill_during(on_sqlite, "night", moment, "care.storage.messages.save_messages", call=call)
    everybody_is_accounted_for(on_sqlite)
    run_night(on_sqlite)
    assert same_rows(on_sqlite, undisturbed, *PLANNED, "campaign_nights")
    assert set(messages_of(on_sqlite)["message_id"]) == set(messages_of(undisturbed)["message_id"])
    assert_laws(on_sqlite)


@pytest.mark.parametrize(
    ("moment", "function", "call"),
    [
        ("before", "care.storage.reviews.queue_campaign", 2),
        ("after", "care.storage.reviews.queue_campaign", 3),
        ("before", "care.report.write_night_json", 1),
    ],
)
def test_queue(on_sqlite, undisturbed, moment, function, call):
    kill_during(on_sqlite, "night", moment, function, call=call)
    run_night(on_sqlite)
    assert same_rows(on_sqlite, undisturbed, *PLANNED, "campaign_nights")
    night = (on_sqlite.settings.home / "night.json").read_bytes()
    assert night == (undisturbed.settings.home / "night.json").read_bytes()
    assert_laws(on_sqlite)


# ── The release ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("moment", "function", "call"),
    [
        ("before", "care.storage.batches.claim", 1),
        ("after", "care.storage.batches.claim", 1),
        ("after", "care.storage.batches.claim", 2),
        ("before", "care.release._submit", 1),
        ("after", "care.storage.batches.mark_offered", 1),
        ("before", "care.gateways.file_drop.gateway.publish", 1),
        ("before", "care.gateways.file_drop.publication._rename_unless_there", 1),
        ("before", "care.gateways.file_drop.publication._mark_complete", 2),
        ("before", "care.storage.batches.mark_submitted", 1),
        ("after", "care.storage.batches.mark_submitted", 2),
        ("before", "care.report.write_night_json", 1),
    ],
)
def test_claim_and_submit(planned, moment, function, call):
    approve(planned)
    peer = Peer(planned.settings.outbound)
    kill_during(planned, "release", moment, function, call=call)
    peer.answer()  # what can be seen at all can be seen whole
    for clock in ("06:40", "06:50"):
        release_at(planned, clock)
        peer.answer()
    release_at(planned, "07:00")
    assert_all_of_today_left_once(planned, peer)


def assert_all_of_today_left_once(runtime, peer):
    found = messages_of(runtime)
    today = found[found["send_on"] == NIGHT]
    assert set(today["state"]) == {"accepted"}
    assert sorted(peer.taken.values()) == sorted(today["message_id"])
    assert len(exported(runtime.settings.outbound)) == len(today)
    assert_laws(runtime)


@pytest.mark.parametrize(
    ("moment", "function", "call"),
    [
        ("before", "care.storage.batches.acknowledge", 1),
        ("after", "care.storage.batches.acknowledge", 1),
        ("after", "care.storage.gifts.settle", 1),
        ("before", "care.storage.batches.acknowledge", 2),
    ],
)
def test_collect(planned_on_sqlite, moment, function, call):
    runtime = planned_on_sqlite
    approve(runtime)
    release_at(runtime, "06:30")
    peer = Peer(runtime.settings.outbound)
    peer.answer()
    kill_during(runtime, "collect", moment, function, call=call)
    release.collect(runtime)
    assert_all_of_today_left_once(runtime, peer)


@pytest.mark.parametrize(
    ("moment", "function"),
    [
        ("after", "care.storage.batches.mark_offered"),
        ("before", "care.storage.batches.mark_submitted"),
    ],
)
def test_a_release_that_died_handing_over_is_finished_however_late(
    planned_on_sqlite, moment, function
):
    """What the gateway may have seen is never taken back, even when its window has passed."""
    runtime = planned_on_sqlite
    approve(runtime, "birthday")
    kill_during(runtime, "release", moment, function)
    peer = Peer(runtime.settings.outbound)
    peer.answer()
    seen = sorted(peer.taken.values())
    for clock in ("07:00", "07:10", "07:20"):
        release_at(runtime, clock, after(1))
        peer.answer(lambda line: ("expired", False) if line["not_after"] < "2017-11-15" else None)
    found = messages_of(runtime, "birthday")
    accepted = set(found[found["state"] == "accepted"]["message_id"])
    assert accepted == set(peer.taken.values())
    assert accepted >= set(seen)
    assert_laws(runtime)
