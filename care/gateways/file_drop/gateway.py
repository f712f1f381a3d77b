"""The gateway that is a directory: batches go out as folders, answers come back as ``ack.json``."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from care.domain.batch import SealedBatch
from care.domain.channel import Channel
from care.gateways.contract import (
    Acknowledgement,
    Submission,
    UnableToReadAcknowledgement,
    UnableToSubmitBatch,
    read_acknowledgement,
)
from care.gateways.file_drop.publication import MANIFEST, SUCCESS, promised_sha256, publish

ANSWER = "ack.json"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class FileDrop:
    """Publishes under ``outbound``, on a file system with atomic renames and flock."""

    outbound: Path

    @property
    def name(self) -> str:
        """The gateway's name, as manifests carry it."""
        return "file_drop"

    @property
    def dedupes_by_key(self) -> bool:
        """Whoever consumes the folder sends each idempotency key once; the contract asks for it."""
        return True

    def submit(self, batch: SealedBatch) -> Submission:
        """Publish the batch; see :class:`care.gateways.contract.Gateway`."""
        try:
            folder = publish(batch, self.outbound)
            return Submission(batch.batch_id, promised_sha256(folder), str(folder))
        except OSError as error:
            size = sum(len(data) for _, data in batch.parts)
            remedy = (
                f"free at least {size:,} bytes under {self.outbound}"
                if error.errno in _NO_ROOM
                else f"check that {self.outbound} can be written"
            )
            raise UnableToSubmitBatch(
                f"batch {batch.batch_id} was not published: {error.strerror or error}. First "
                f"{remedy}; the next release publishes it again"
            ) from error

    def collect(self, batch_id: str) -> Acknowledgement | None:
        """Read ``ack.json``; see :class:`care.gateways.contract.Gateway`."""
        folder = self._folder_of(batch_id)
        path = folder / ANSWER
        try:
            with path.open("rb") as file:
                answer = file.read()
                try:
                    return _hold_against(folder, batch_id, answer)
                except UnableToReadAcknowledgement as fault:
                    kept = _put_aside(path, os.fstat(file.fileno()), answer)
                    raise UnableToReadAcknowledgement(
                        f"{kept}: {fault}. Ask the gateway to write {ANSWER} anew; "
                        f"until then the batch counts as not answered"
                    ) from None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnableToReadAcknowledgement(
                f"{path}: {error.strerror}. Make it a file that this user may read"
            ) from error

    def _folder_of(self, batch_id: str) -> Path:
        for channel in Channel:
            folder = self.outbound / channel / batch_id
            if (folder / SUCCESS).exists():
                return folder
        raise UnableToReadAcknowledgement(
            f"batch {batch_id} is not under {self.outbound}: look where the folder went, or "
            f"release the batch again"
        )


def _hold_against(folder: Path, batch_id: str, answer: bytes) -> Acknowledgement:
    """Read the answer against what is published.

    A manifest that was damaged after publication vouches for no row: then only the refusal of the
    whole batch can be believed.
    """
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise UnableToReadAcknowledgement(f"there is no {MANIFEST} beside it any more") from None
    sha256 = hashlib.sha256(manifest).hexdigest()
    intact = sha256 == promised_sha256(folder)
    return read_acknowledgement(
        answer,
        batch_id=batch_id,
        manifest_sha256=sha256,
        records=orjson.loads(manifest)["records"] if intact else 0,
        message_ids=_message_ids(folder) if intact else (),
    )


def _message_ids(folder: Path) -> Iterator[str]:
    for part in sorted(folder.glob("part-*.jsonl")):
        with part.open("rb") as lines:
            for line in lines:
                try:
                    yield orjson.loads(line)["message_id"]
                except (orjson.JSONDecodeError, KeyError):
                    raise UnableToReadAcknowledgement(
                        f"{part.name} beside it was changed after it was published, so the "
                        f"rejects cannot be checked"
                    ) from None


def _put_aside(path: Path, read: os.stat_result, answer: bytes) -> Path:
    kept = path.with_name(f"ack.unreadable-{hashlib.sha256(answer).hexdigest()[:12]}.json")
    with suppress(FileNotFoundError):  # another collector was faster
        path.rename(kept)
    if not os.path.samestat(kept.stat(), read):
        # The gateway wrote a newer answer meanwhile: give that one back, keep the one we read.
        with suppress(FileExistsError):
            os.link(kept, path)
        kept.unlink()
        kept.write_bytes(answer)
    return kept
