"""Answers in the folder: what cannot be read is put aside without losing what comes next."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from care.gateways.contract import (
    Submission,
    UnableToReadAcknowledgement,
    read_acknowledgement,
)
from care.gateways.file_drop import FileDrop, gateway
from tests.gateways.builders import a_batch


def submitted(outbound: Path) -> tuple[FileDrop, Submission, Path]:
    """Publish a batch and give where its answer belongs."""
    drop = FileDrop(outbound)
    submission = drop.submit(a_batch())
    return drop, submission, Path(submission.location) / "ack.json"


def an_answer(submission: Submission, **changes: Any) -> bytes:
    """Accept all of the batch."""
    answer = {
        "batch_id": submission.batch_id,
        "manifest_sha256": submission.manifest_sha256,
        "status": "accepted",
        "accepted": 3,
        "rejects": [],
    }
    return json.dumps(answer | changes).encode()


def test_an_unreadable_answer_is_kept_aside_under_the_name_the_error_gives(tmp_path: Path) -> None:
    drop, submission, path = submitted(tmp_path)
    path.write_bytes(b"{half")

    with pytest.raises(UnableToReadAcknowledgement, match="Ask the gateway") as error:
        drop.collect(submission.batch_id)
    (kept,) = path.parent.glob("ack.unreadable-*.json")
    assert str(kept) in str(error.value)
    assert kept.read_bytes() == b"{half"
    assert drop.collect(submission.batch_id) is None


def test_an_answer_mended_while_the_bad_one_is_read_is_not_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop, submission, path = submitted(tmp_path)
    path.write_bytes(b"{half")

    def mended_meanwhile(answer: bytes, **batch: Any) -> Any:
        if answer == b"{half":
            draft = path.with_name(".ack.tmp")
            draft.write_bytes(an_answer(submission))
            draft.replace(path)
        return read_acknowledgement(answer, **batch)

    monkeypatch.setattr(gateway, "read_acknowledgement", mended_meanwhile)
    with pytest.raises(UnableToReadAcknowledgement):
        drop.collect(submission.batch_id)
    (kept,) = path.parent.glob("ack.unreadable-*.json")
    assert kept.read_bytes() == b"{half"
    mended = drop.collect(submission.batch_id)
    assert mended is not None
    assert mended.status == "accepted"


def test_an_answer_that_cannot_be_opened_is_said_plainly(tmp_path: Path) -> None:
    drop, submission, path = submitted(tmp_path)
    path.mkdir()

    with pytest.raises(UnableToReadAcknowledgement, match="this user may read"):
        drop.collect(submission.batch_id)


@pytest.mark.parametrize("mark", [b"0" * 64, b"\xff"])
def test_a_damaged_manifest_or_marker_leaves_only_the_refusal_of_the_whole_to_believe(
    tmp_path: Path, mark: bytes
) -> None:
    drop, submission, path = submitted(tmp_path)
    (path.parent / "_SUCCESS").write_bytes(mark)

    path.write_bytes(an_answer(submission))
    with pytest.raises(UnableToReadAcknowledgement):
        drop.collect(submission.batch_id)
    path.write_bytes(an_answer(submission, status="rejected", accepted=0))
    refused = drop.collect(submission.batch_id)
    assert refused is not None
    assert refused.status == "rejected"


def test_rejects_cannot_be_checked_against_a_damaged_part(tmp_path: Path) -> None:
    drop, submission, path = submitted(tmp_path)
    (path.parent / "part-00000.jsonl").write_bytes(b"{half\n")
    reject = {"message_id": "m-1", "code": "550", "retryable": False}
    path.write_bytes(an_answer(submission, status="partial", accepted=2, rejects=[reject]))

    with pytest.raises(UnableToReadAcknowledgement, match=r"part-00000\.jsonl"):
        drop.collect(submission.batch_id)


def test_an_answer_whose_manifest_is_gone_cannot_be_read(tmp_path: Path) -> None:
    drop, submission, path = submitted(tmp_path)
    (path.parent / "manifest.json").unlink()
    path.write_bytes(an_answer(submission, manifest_sha256=hashlib.sha256(b"").hexdigest()))

    with pytest.raises(UnableToReadAcknowledgement, match=r"no manifest\.json"):
        drop.collect(submission.batch_id)
