"""The contract of every gateway: a new one adds its bench below and inherits all of this."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from care.domain.batch import SealedBatch
from care.gateways.contract import (
    Gateway,
    Submission,
    UnableToReadAcknowledgement,
    UnableToReplaceBatch,
)
from care.gateways.file_drop import FileDrop
from tests.gateways.builders import CLOSES, OPENS, a_batch, messages


class Bench(Protocol):
    """A gateway with its peer's end in the test's hand."""

    gateway: Gateway

    def answer(self, submission: Submission, answer: bytes) -> None:
        """Answer a batch as the peer would."""


class FileDropBench:
    """The file drop; its peer writes into the batch's folder."""

    def __init__(self, home: Path) -> None:
        self.gateway: Gateway = FileDrop(home / "outbound")

    def answer(self, submission: Submission, answer: bytes) -> None:
        """Write ``ack.json``."""
        (Path(submission.location) / "ack.json").write_bytes(answer)


BENCHES: dict[str, Callable[[Path], Bench]] = {"file_drop": FileDropBench}


@pytest.fixture(params=list(BENCHES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """Give each gateway in turn."""
    return BENCHES[request.param](tmp_path)


def an_answer(submission: Submission, **changes: Any) -> dict[str, Any]:
    """Accept all three messages of the batch."""
    return {
        "batch_id": submission.batch_id,
        "manifest_sha256": submission.manifest_sha256,
        "status": "accepted",
        "accepted": 3,
        "rejects": [],
        **changes,
    }


def a_reject(message_id: str = "m-1", **changes: Any) -> dict[str, Any]:
    """Reject one message for now."""
    return {"message_id": message_id, "code": "451", "retryable": True, **changes}


def changed_window() -> SealedBatch:
    """Give a batch of the same name with other content."""
    return a_batch(messages(3, not_after=CLOSES + timedelta(hours=1)))


def test_a_batch_has_no_answer_until_the_peer_gives_one(bench: Bench) -> None:
    submission = bench.gateway.submit(a_batch())

    assert submission.batch_id == a_batch().batch_id
    assert bench.gateway.collect(submission.batch_id) is None


def test_submitting_again_gives_the_same_submission_even_when_sealed_later(bench: Bench) -> None:
    first = bench.gateway.submit(a_batch())

    assert bench.gateway.submit(a_batch()) == first
    assert bench.gateway.submit(a_batch(created_at=OPENS + timedelta(hours=1))) == first


def test_other_content_is_refused_and_the_first_batch_still_gets_its_answer(bench: Bench) -> None:
    submission = bench.gateway.submit(a_batch())
    with pytest.raises(UnableToReplaceBatch, match=submission.batch_id):
        bench.gateway.submit(changed_window())

    bench.answer(submission, json.dumps(an_answer(submission)).encode())
    collected = bench.gateway.collect(submission.batch_id)
    assert collected is not None
    assert collected.manifest_sha256 == submission.manifest_sha256


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"status": "partial", "accepted": 2, "rejects": [a_reject()]},
        {"status": "rejected", "accepted": 0, "rejects": [a_reject(f"m-{n}") for n in range(3)]},
        {"status": "rejected", "accepted": 0, "reason": "part-00000.jsonl has another sha256"},
    ],
    ids=["accepted", "partial", "rejected", "refused as a whole"],
)
def test_an_answer_is_collected_as_it_was_given(bench: Bench, answer: dict[str, Any]) -> None:
    submission = bench.gateway.submit(a_batch())
    given = an_answer(submission, **answer)
    bench.answer(submission, json.dumps(given).encode())

    collected = bench.gateway.collect(submission.batch_id)
    assert collected is not None
    assert collected.model_dump(mode="json", exclude_unset=True) == given
    assert bench.gateway.collect(submission.batch_id) == collected


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"batch_id": "another"}, "answers batch another"),
        ({"manifest_sha256": "0" * 64}, "answers a manifest"),
        ({"manifest_sha256": "none"}, "manifest_sha256"),
        ({"accepted": 2}, "2 of 3"),
        ({"accepted": 4}, "4 of 3"),
        ({"accepted": "3"}, "accepted"),
        ({"accepted": -3}, "accepted"),
        ({"accepted": 0}, "status accepted"),
        ({"status": "fine"}, "status"),
        ({"status": "partial"}, "status partial"),
        ({"status": "rejected"}, "status rejected"),
        ({"status": "partial", "accepted": 2, "rejects": [a_reject("m-99")]}, "m-99"),
        ({"status": "partial", "accepted": 1, "rejects": [a_reject()] * 2}, "twice"),
        ({"status": "partial", "accepted": 2, "rejects": [a_reject(code="\0")]}, "code"),
        ({"status": "partial", "accepted": 2, "rejects": [a_reject(retryable="no")]}, "retryable"),
        ({"status": "rejected", "accepted": 0, "rejects": [a_reject()]}, "1 of 3"),
        ({"note": "a field nobody knows"}, "note"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    bench: Bench, changes: dict[str, Any], fault: str
) -> None:
    submission = bench.gateway.submit(a_batch())
    bench.answer(submission, json.dumps(an_answer(submission, **changes)).encode())

    with pytest.raises(UnableToReadAcknowledgement, match=fault):
        bench.gateway.collect(submission.batch_id)


@pytest.mark.parametrize("answer", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"\\ud800"'])
def test_an_answer_that_is_none_is_refused_and_a_better_one_is_read(
    bench: Bench, answer: bytes
) -> None:
    submission = bench.gateway.submit(a_batch())
    bench.answer(submission, answer)
    with pytest.raises(UnableToReadAcknowledgement):
        bench.gateway.collect(submission.batch_id)

    assert bench.gateway.collect(submission.batch_id) is None
    bench.answer(submission, json.dumps(an_answer(submission)).encode())
    collected = bench.gateway.collect(submission.batch_id)
    assert collected is not None
    assert collected.accepted == 3


def test_one_bad_answer_does_not_hold_up_another_batch(bench: Bench) -> None:
    bad, good = bench.gateway.submit(a_batch()), bench.gateway.submit(a_batch(messages(2)))
    bench.answer(bad, b"{")
    bench.answer(good, json.dumps(an_answer(good, accepted=2)).encode())

    with pytest.raises(UnableToReadAcknowledgement):
        bench.gateway.collect(bad.batch_id)
    collected = bench.gateway.collect(good.batch_id)
    assert collected is not None
    assert collected.accepted == 2


def test_a_batch_that_was_never_submitted_has_no_answer_to_collect(bench: Bench) -> None:
    with pytest.raises(UnableToReadAcknowledgement, match="20260314-email-1-unknown"):
        bench.gateway.collect("20260314-email-1-unknown")
