"""The gateway's answers: what was taken, what is offered again, and what has come to an end."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter

import orjson
import pytest

from care import desk, release
from care.settings import shipped
from tests.workflows.builders import after, approve, at, ledger_of, messages_of, release_at
from tests.workflows.laws import assert_laws
from tests.workflows.peer import Peer, acknowledge, lines_of, manifest_of, published


@pytest.fixture
def sent(planned):
    """A house whose birthdays and anniversaries of the day were handed over."""
    approve(planned, "birthday", "membership_anniversary")
    release_at(planned, "06:30")
    return planned


def peer_of(runtime):
    return Peer(runtime.settings.outbound)


def handed_over(runtime):
    found = messages_of(runtime)
    return found[found["batch_id"].notna()]


def test_what_the_gateway_takes_is_accepted_and_its_gifts_are_given(sent):
    peer = peer_of(sent)
    assert len(peer.answer()) == 2
    assert release.collect(sent) == 2
    found = handed_over(sent)
    assert set(found["state"]) == {"accepted"}
    assert sorted(found["message_id"]) == sorted(peer.taken.values())
    gifted = found[found["gift_id"].notna()]
    assert set(gifted["gift_was"]) == {"commit"}
    assert_laws(sent)


def test_an_answer_read_twice_changes_nothing(sent):
    peer_of(sent).answer()
    release.collect(sent)
    before = ledger_of(sent.engine)
    assert release.collect(sent) == 0
    assert ledger_of(sent.engine) == before


def test_without_an_answer_everything_waits(sent):
    before = ledger_of(sent.engine)
    assert release.collect(sent) == 0
    assert release_at(sent, "06:40") == 0
    assert ledger_of(sent.engine) == before


def test_a_message_refused_for_good_ends_and_its_gift_goes_back(sent):
    victim = messages_of(sent).loc["c05"].message_id
    peer_of(sent).answer(lambda line: ("550", False) if line["message_id"] == victim else None)
    release_at(sent, "06:40")
    hers = messages_of(sent).loc["c05"]
    assert (hers.state, hers.state_reason, hers.gift_was) == ("rejected", "550", "release")
    assert set(handed_over(sent).drop("c05")["state"]) == {"accepted"}
    assert len(published(sent.settings.outbound)) == 2
    assert_laws(sent)


def test_what_may_be_tried_again_comes_alone_in_a_batch_that_supersedes_the_first(sent):
    victims = {messages_of(sent).loc[name].message_id for name in ("c05", "c22")}
    (first,) = [f for f in published(sent.settings.outbound) if f.parent.name == "email"]
    keys = {line["idempotency_key"] for line in lines_of(first) if line["message_id"] in victims}
    peer = peer_of(sent)
    peer.answer(lambda line: ("451", True) if line["message_id"] in victims else None)
    assert release_at(sent, "06:40") == 1
    (again,) = [f for f in published(sent.settings.outbound) if not (f / "ack.json").exists()]
    said = manifest_of(again)
    assert (said["supersedes"], said["attempt"], said["records"]) == (first.name, 2, 2)
    assert {line["idempotency_key"] for line in lines_of(again)} == keys
    assert_laws(sent)

    peer.answer()
    release_at(sent, "06:50")
    assert set(handed_over(sent)["state"]) == {"accepted"}
    assert Counter(peer.offered.values()) == {1: len(peer.taken) - 2, 2: 2}
    assert_laws(sent)


def test_after_three_attempts_it_is_over(sent):
    victim = messages_of(sent).loc["c05"].message_id
    peer = peer_of(sent)
    for minute in ("40", "50", "55"):
        peer.answer(lambda line: ("451", True) if line["message_id"] == victim else None)
        release_at(sent, f"06:{minute}")
    hers = messages_of(sent).loc["c05"]
    assert (hers.state, hers.state_reason, hers.attempt) == ("rejected", "451", 3)
    assert hers.gift_was == "release"
    attempts = [manifest_of(folder)["attempt"] for folder in published(sent.settings.outbound)]
    assert sorted(attempts) == [1, 1, 2, 3]
    assert peer.answer() == []
    assert_laws(sent)


def test_a_batch_refused_as_a_whole_is_offered_again_as_a_whole(sent):
    for folder in published(sent.settings.outbound):
        acknowledge(folder, status="rejected", accepted=0, reason="checksum")
    assert release_at(sent, "06:40") == 2
    again = [f for f in published(sent.settings.outbound) if not (f / "ack.json").exists()]
    assert sum(manifest_of(folder)["records"] for folder in again) == len(handed_over(sent))
    peer_of(sent).answer()
    release_at(sent, "06:50")
    assert set(handed_over(sent)["state"]) == {"accepted"}
    assert_laws(sent)


def test_what_waits_for_another_attempt_is_looked_at_once_more(sent):
    peer_of(sent).answer(lambda line: ("451", True))
    release_at(sent, "21:30")  # the answer comes after the day's hours
    found = handed_over(sent)
    assert set(found[found["not_after"] <= at("21:30")]["state"]) == {"expired"}
    # In New York they wait for the morning; in Shanghai it is morning.
    late = found[found["not_after"] > at("21:30")]
    assert set(late["state"]) == {"rendered", "sealed"}
    release_at(sent, "09:30", after(1))
    found = handed_over(sent)
    assert set(found[found["not_after"] > at("09:30", after(1))]["state"]) == {"sealed"}
    assert_laws(sent)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "ack.json").write_bytes(b'{"batch_id": '),
        lambda folder: (folder / "ack.json").write_bytes(b""),
        lambda folder: acknowledge(folder, batch_id="another"),
        lambda folder: acknowledge(folder, accepted=1),
        lambda folder: acknowledge(folder, manifest_sha256="0" * 64),
        lambda folder: acknowledge(folder, accepted=10**9),
    ],
    ids=["half", "empty", "another batch", "too few", "another manifest", "too many"],
)
def test_an_answer_that_makes_no_sense_is_put_aside_and_others_go_on(planned_on_sqlite, spoil):
    sent = planned_on_sqlite
    approve(sent, "birthday", "membership_anniversary")
    release_at(sent, "06:30")
    email, sms = published(sent.settings.outbound)
    spoil(email)
    acknowledge(sms)
    assert release.collect(sent) == 1
    found = handed_over(sent)
    assert set(found[found["channel"] == "sms"]["state"]) == {"accepted"}
    assert set(found[found["channel"] == "email"]["state"]) == {"sealed"}
    assert len(list(email.glob("ack.unreadable-*.json"))) == 1

    acknowledge(email)
    assert release.collect(sent) == 1
    assert set(handed_over(sent)["state"]) == {"accepted"}
    assert_laws(sent)


def test_a_reject_of_a_stranger_is_not_believed(planned_on_sqlite):
    approve(planned_on_sqlite, "membership_anniversary")
    release_at(planned_on_sqlite, "06:30")
    email, _ = published(planned_on_sqlite.settings.outbound)
    stranger = {"message_id": "f" * 32, "code": "550", "retryable": False}
    acknowledge(email, rejects=[stranger])
    assert release.collect(planned_on_sqlite) == 0
    assert set(handed_over(planned_on_sqlite)["state"]) == {"sealed"}


def test_what_the_shipped_consumer_took_is_what_the_ledger_says_was_accepted(planned):
    """Three days with the example gateway, which refuses a third, half of that for good."""
    approve(planned)
    outbound = planned.settings.outbound
    command = [sys.executable, str(shipped("examples") / "gateway_consumer.py"), str(outbound)]
    secret = planned.settings.batch_key.hex()
    for day in range(3):
        for clock in ("06:30", "06:40", "09:30", "20:00"):
            release_at(planned, clock, after(day))
            now = at(clock, after(day)).isoformat()
            subprocess.run(
                [*command, "--once", "--reject-rate", "0.34", "--now", now],
                check=True,
                env=os.environ | {"CARE_GATEWAY_SECRET": secret},
                stdout=subprocess.DEVNULL,
            )
    release_at(planned, "22:00", after(2))
    with sqlite3.connect(outbound.with_name("outbound.ledger.sqlite")) as theirs:
        taken = {row[0] for row in theirs.execute("SELECT message_id FROM messages")}
    found = messages_of(planned)
    assert set(found[found["state"] == "accepted"]["message_id"]) == taken
    assert set(found["state"]) <= {"accepted", "rejected"}
    assert {"accepted", "rejected"} <= set(found["state"])
    assert {one.state for one in desk.list_campaigns(planned)} == {"approved"}
    assert_laws(planned)


def test_the_numbers_of_a_released_night_name_its_batches(planned_on_sqlite):
    approve(planned_on_sqlite)
    release_at(planned_on_sqlite, "06:30")
    said = orjson.loads((planned_on_sqlite.settings.home / "night.json").read_bytes())
    there = [manifest_of(folder) for folder in published(planned_on_sqlite.settings.outbound)]
    assert said["batches"] == [
        {"channel": one["channel"], "batch_id": one["batch_id"], "records": one["records"]}
        for one in there
    ]
