"""The example consumer: what it takes from the file drop, what it refuses and what it repeats."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from care.domain.batch import SealedBatch
from care.domain.outbound import OutboundMessage
from care.gateways.contract import Acknowledgement
from care.gateways.file_drop import FileDrop
from tests.gateways.builders import (
    CLOSES,
    CONSUMER,
    OPENS,
    ROOT,
    SECRET,
    a_batch,
    a_message,
    an_email,
    consumer,
    messages,
)

NOON = OPENS + timedelta(hours=3)
EXAMPLE = consumer()
# -I -S: neither the project nor any installed package can be imported.
COMMAND = [sys.executable, "-I", "-S", str(CONSUMER)]


class Peer:
    """A gateway's side of a drop folder, and the ledger it keeps."""

    def __init__(self, home: Path) -> None:
        self.outbound = home / "outbound"
        self.ledger = home / "outbound.ledger.sqlite"
        self.drop = FileDrop(self.outbound)

    def consume(self, *options: str, now: object = NOON, secret: str = SECRET.hex()) -> str:
        """Run the consumer once and give what it printed."""
        done = subprocess.run(
            [*COMMAND, str(self.outbound), "--once", "--now", str(now), *options],
            env={"CARE_GATEWAY_SECRET": secret},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def exchange(self, batch: SealedBatch, *options: str, **how: object) -> Acknowledgement:
        """Publish a batch, let it be consumed and collect the answer."""
        self.drop.submit(batch)
        self.consume(*options, **how)  # type: ignore[arg-type]
        answer = self.drop.collect(batch.batch_id)
        assert answer is not None
        return answer

    def states(self) -> dict[str, str]:
        """Every message the peer ever took over."""
        with sqlite3.connect(self.ledger) as ledger:
            return dict(ledger.execute("SELECT message_id, state FROM messages"))

    def folder(self, batch: SealedBatch) -> Path:
        """Give where the batch lies."""
        return self.outbound / "email" / batch.batch_id


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    """Give a peer with an empty folder and an empty ledger."""
    return Peer(tmp_path)


def ids(rows: Iterable[OutboundMessage]) -> set[str]:
    """Name messages."""
    return {row.message_id for row in rows}


def test_it_takes_a_batch_and_sends_every_message_of_it(peer: Peer) -> None:
    answer = peer.exchange(a_batch())

    assert (answer.status, answer.accepted) == ("accepted", 3)
    assert peer.states() == {"m-0": "sent", "m-1": "sent", "m-2": "sent"}


def test_it_says_what_it_did_for_people_to_read(peer: Peer) -> None:
    batch = a_batch()
    peer.drop.submit(batch)

    assert peer.consume() == (
        f"email/{batch.batch_id} accepted, 3 taken over\nsent 3, expired 0, waiting 0\n"
    )
    assert peer.consume() == "sent 0, expired 0, waiting 0\n"


def test_it_forgets_a_message_once_it_is_sent(peer: Peer) -> None:
    peer.exchange(a_batch())

    assert b"Happy birthday" not in peer.ledger.read_bytes()
    assert peer.ledger.stat().st_mode & 0o777 == 0o600


def test_it_leaves_what_is_not_complete_alone(peer: Peer) -> None:
    batch = a_batch()
    peer.drop.submit(batch)
    (peer.folder(batch) / "_SUCCESS").unlink()
    shutil.copytree(peer.folder(batch), peer.outbound / "email" / ".staging-x")
    (peer.outbound / "email" / ".staging-x" / "_SUCCESS").touch()

    assert peer.consume() == "sent 0, expired 0, waiting 0\n"
    assert not list(peer.outbound.rglob("ack.json"))


@pytest.mark.parametrize(
    "name", ["part-00000.jsonl", "part-00001.jsonl", "manifest.json", "_SUCCESS"]
)
def test_one_flipped_bit_anywhere_refuses_the_whole_batch(peer: Peer, name: str) -> None:
    batch = a_batch()
    peer.drop.submit(batch)
    damaged = peer.folder(batch) / name
    whole = damaged.read_bytes()
    ledger = EXAMPLE.open_ledger(peer.ledger)
    # The marker's line feed is no part of what it says.
    size = 64 if name == "_SUCCESS" else len(whole)
    for position in range(0, size, max(1, size // 40)):
        flipped = bytearray(whole)
        flipped[position] ^= 1
        damaged.write_bytes(flipped)
        answer = EXAMPLE.take(peer.folder(batch), ledger, secret=b"", reject_rate=0, now=NOON)
        assert (answer["status"], answer["accepted"], answer["rejects"]) == ("rejected", 0, [])

        EXAMPLE.write_answer(peer.folder(batch), answer)
        collected = peer.drop.collect(batch.batch_id)
        assert collected is not None
        assert collected.status == "rejected"
    assert peer.states() == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("part-00001.jsonl", "part-00001.jsonl is missing"),
        ("manifest.json", "manifest.json is not what _SUCCESS says"),
    ],
)
def test_a_damaged_batch_does_not_hold_up_the_others(peer: Peer, name: str, reason: str) -> None:
    damaged, good = a_batch(), a_batch([a_message("9")])
    for batch in (damaged, good):
        peer.drop.submit(batch)
    path = peer.folder(damaged) / name
    path.unlink() if name.startswith("part") else path.write_bytes(b"{}")

    said = peer.consume()
    assert f"email/{damaged.batch_id} rejected, {reason}" in said
    assert f"email/{good.batch_id} accepted, 1 taken over" in said


def forge(folder: Path, **changes: object) -> None:
    """Rewrite a manifest so that every checksum fits again; only the signature cannot."""
    manifest = json.loads((folder / "manifest.json").read_bytes()) | changes
    forged = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(forged)
    (folder / "_SUCCESS").write_text(hashlib.sha256(forged).hexdigest())


def test_with_the_secret_it_refuses_a_forged_manifest_and_without_it_it_cannot_tell(
    peer: Peer,
) -> None:
    batch = a_batch()
    peer.drop.submit(batch)
    forge(peer.folder(batch), approver="mallory")

    assert "the signature does not match" in peer.consume()
    (peer.folder(batch) / "ack.json").unlink()
    assert "accepted, 3 taken over" in peer.consume(secret="")


def test_another_secret_is_another_sender(peer: Peer) -> None:
    answer = peer.exchange(a_batch(secret=b"another" * 5))

    assert answer.status == "rejected"
    assert peer.states() == {}


MISCOUNTED = [asdict(part) | {"records": 9} for part in a_batch().manifest.parts]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": "nightcare.batch/9"}, "schema nightcare.batch/9 is not known here"),
        ({"batch_id": "another"}, "the folder holds batch another"),
        ({"records": 4}, "the batch holds 3 records, not 4"),
        ({"keys_sha256": "0" * 64}, "the idempotency keys are not those of the manifest"),
        (
            {"parts": [{"name": "../../../outbound.ledger.sqlite"}]},
            "outbound.ledger.sqlite is missing",
        ),
        ({"parts": MISCOUNTED}, "part-00000.jsonl holds 2 records, not 9"),
        ({"parts": [{}]}, "it is not as documented"),
    ],
)
def test_a_manifest_that_contradicts_its_batch_is_refused(
    peer: Peer, changes: dict[str, object], reason: str
) -> None:
    batch = a_batch()
    peer.drop.submit(batch)
    forge(peer.folder(batch), **changes)

    assert reason in peer.consume(secret="")


def test_a_secret_that_is_none_is_said_plainly(peer: Peer) -> None:
    with pytest.raises(AssertionError, match="CARE_GATEWAY_SECRET must be"):
        peer.consume(secret="not hexadecimal")


def test_a_replayed_batch_gets_the_same_answer_and_is_not_sent_again(peer: Peer) -> None:
    batch = a_batch(messages(40))
    peer.exchange(batch, "--reject-rate", "0.5")
    answer = peer.folder(batch) / "ack.json"
    first = answer.read_bytes()
    answer.unlink()

    said = peer.consume(now=CLOSES + timedelta(days=1))
    assert answer.read_bytes() == first
    assert "sent 0, expired 0" in said


def test_messages_that_come_again_in_another_batch_are_accepted_and_not_sent_again(
    peer: Peer,
) -> None:
    first = a_batch()
    peer.exchange(first)
    shutil.rmtree(peer.folder(first))

    assert peer.exchange(a_batch(created_at=NOON)).status == "accepted"
    assert peer.exchange(a_batch(attempt=2, supersedes=first.batch_id)).accepted == 3
    assert "sent 0" in peer.consume()
    assert len(peer.states()) == 3


def test_the_same_key_with_other_content_is_a_409(peer: Peer) -> None:
    first = a_batch()
    peer.exchange(first)
    edited = [a_message("0", says=an_email(subject="Dear Lin")), a_message("1")]

    answer = peer.exchange(a_batch(edited, attempt=2, supersedes=first.batch_id))
    assert answer.status == "partial"
    assert [(r.message_id, r.code, r.retryable) for r in answer.rejects] == [("m-0", "409", False)]


def test_what_is_refused_for_now_goes_out_when_it_is_issued_again(peer: Peer) -> None:
    rows = messages(60)
    batch = a_batch(rows)
    answer = peer.exchange(batch, "--reject-rate", "0.5")
    retryable = {reject.message_id for reject in answer.rejects if reject.retryable}
    permanent = {reject.message_id for reject in answer.rejects if not reject.retryable}
    assert answer.status == "partial"
    assert {r.code for r in answer.rejects} == {"451", "550"}
    assert peer.states().keys() == ids(rows) - retryable - permanent

    again = a_batch(
        [row for row in rows if row.message_id in retryable],
        attempt=2,
        supersedes=batch.batch_id,
    )
    assert peer.exchange(again, "--reject-rate", "0.5").status == "accepted"
    assert peer.states().keys() == ids(rows) - permanent


def test_a_message_that_comes_too_late_is_answered_expired(peer: Peer) -> None:
    late = a_message("1", not_after=NOON - timedelta(minutes=1))
    answer = peer.exchange(a_batch([late, a_message("2")]))

    assert [(r.message_id, r.code, r.retryable) for r in answer.rejects] == [
        ("m-1", "expired", False)
    ]
    assert peer.states() == {"m-2": "sent"}


def test_a_message_that_comes_early_waits_for_its_window(peer: Peer) -> None:
    early = a_message("1", not_before=NOON + timedelta(hours=1))
    answer = peer.exchange(a_batch([early, a_message("2")]))

    assert answer.status == "accepted"
    assert peer.states() == {"m-1": "waiting", "m-2": "sent"}
    assert peer.consume(now=NOON + timedelta(hours=2)) == "sent 1, expired 0, waiting 0\n"
    assert peer.states()["m-1"] == "sent"


def test_a_message_that_waits_past_its_window_is_never_sent(peer: Peer) -> None:
    peer.exchange(a_batch([a_message("1", not_before=NOON + timedelta(hours=1))]))

    assert peer.consume(now=CLOSES + timedelta(hours=1)) == "sent 0, expired 1, waiting 0\n"
    assert peer.states() == {"m-1": "expired"}


def test_killed_while_it_serves_and_started_again_it_answers_everything_once(peer: Peer) -> None:
    batches = [a_batch(messages(200), night=OPENS.date() + timedelta(days=n)) for n in range(4)]
    serve = [*COMMAND, str(peer.outbound), "--every", "0.01", "--now", str(NOON)]
    for number, batch in enumerate(batches):
        peer.drop.submit(batch)
        server = subprocess.Popen(serve, env=os.environ | {"CARE_GATEWAY_SECRET": SECRET.hex()})
        time.sleep(0.06 + 0.02 * number)
        server.kill()
        server.wait()
    peer.consume()

    for batch in batches:
        answer = peer.drop.collect(batch.batch_id)
        assert answer is not None
        assert answer.accepted == 200
    assert list(peer.states().values()) == ["sent"] * 200
