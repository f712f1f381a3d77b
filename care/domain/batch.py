"""Sealed messages for one gateway, and the manifest that vouches for every one of them.

Manifest and envelopes are written in the encoding of :mod:`care.domain.canonical`, so that any
program that writes JSON the same way can check the hashes and the signature.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from itertools import islice
from operator import attrgetter

import orjson

from care.domain.campaign import MessageClass
from care.domain.canonical import canonical, utc
from care.domain.channel import Channel
from care.domain.outbound import OutboundMessage, encode_lines

SCHEMA = "nightcare.batch/1"
SEVERAL = "several"
"""Stands for the approver of a batch whose rows were approved by different people."""

_DIFFERS_BETWEEN_RUNS = frozenset({"created_at", "producer_version", "signature"})


class UnableToSealBatch(Exception):
    """The rows cannot become a batch.

    ``faults`` names every message that stands in the way, with the reason: set those aside and
    seal the rest. It is empty when the batch as a whole was asked for wrongly.
    """

    def __init__(self, problem: str, *, faults: Mapping[str, str] | None = None) -> None:
        super().__init__(problem)
        self.faults: Mapping[str, str] = dict(faults or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A reviewer's yes to one campaign of the night, bound to the hash of what she saw."""

    approval_id: str
    campaign: str
    approver: str
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a batch; ``bytes`` is its size."""

    name: str
    records: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a batch holds, who approved it and when it may be sent.

    ``approvals`` lists every approval a row rests on. ``approval_id`` and ``approver`` repeat it
    where there is one; otherwise ``approval_id`` is ``sha256:`` and the digest of the canonical
    list, and ``approver`` the one person behind all of them or ``several``. ``not_before`` and
    ``not_after`` span the windows of all rows; each row's own window is the one that binds.
    """

    schema: str
    batch_id: str
    channel: Channel
    gateway: str
    purpose: str
    night: date
    created_at: datetime
    records: int
    parts: tuple[Part, ...]
    keys_sha256: str
    counts_by_class: Mapping[str, int]
    approval_id: str
    approver: str
    approvals: tuple[Approval, ...]
    not_before: datetime
    not_after: datetime
    attempt: int
    supersedes: str | None
    producer_version: str
    signature: str

    def encode(self) -> bytes:
        """Give the bytes of ``manifest.json``: canonical JSON and a line feed."""
        return canonical(asdict(self)) + b"\n"

    def sign(self, secret: bytes) -> str:
        """HMAC-SHA256 over the canonical manifest without its ``signature``, in hexadecimal."""
        unsigned = {name: value for name, value in asdict(self).items() if name != "signature"}
        return hmac.new(secret, canonical(unsigned), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """A batch ready for its gateway: ``parts`` are (file name, bytes) in order.

    The bytes are held in memory, beside the messages they were made from: seal tens of thousands
    of messages at a time, not millions.
    """

    batch_id: str
    parts: tuple[tuple[str, bytes], ...]
    manifest: Manifest


def keys_sha256(keys: Iterable[str]) -> str:
    """SHA-256 over the idempotency keys, sorted, each followed by a line feed."""
    return hashlib.sha256("".join(f"{key}\n" for key in sorted(keys)).encode()).hexdigest()


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two ``manifest.json`` vouch for the same batch.

    A repeated run may differ in when and by which version it was made, and so in the signature.
    """
    try:
        documents = [orjson.loads(one), orjson.loads(other)]
        first, second = (
            {name: value for name, value in document.items() if name not in _DIFFERS_BETWEEN_RUNS}
            for document in documents
        )
    except (orjson.JSONDecodeError, AttributeError):
        return False
    return first == second


def seal(
    records: Sequence[OutboundMessage],
    *,
    night: date,
    channel: Channel,
    gateway: str,
    purpose: str,
    approvals: Sequence[Approval],
    created_at: datetime,
    attempt: int,
    supersedes: str | None,
    secret: bytes,
    records_per_part: int,
    producer_version: str,
) -> SealedBatch:
    """Seal messages into parts of at most ``records_per_part`` lines, and vouch for them.

    Rows are put in the order of their keys, so the same rows in any order give the same
    ``batch_id`` and the same part bytes. The id names night, channel, attempt, keys and rendered
    content; re-issuing rows takes a higher ``attempt`` and, in ``supersedes``, the batch before.
    Of ``approvals`` the manifest keeps those that a row names.

    Raises :class:`UnableToSealBatch`, with all the ``faults`` found in the rows.
    """
    _refuse_a_wrong_request(records, created_at, attempt, supersedes, secret, records_per_part)
    ordered = sorted(records, key=attrgetter("idempotency_key", "message_id"))
    given = {(approval.approval_id, approval.campaign): approval for approval in approvals}
    lines, faults = encode_lines(ordered, channel, given.keys())
    if faults:
        first = "; ".join(f"{message_id}: {why}" for message_id, why in islice(faults.items(), 3))
        raise UnableToSealBatch(
            f"{len(faults)} of {len(ordered)} messages cannot be sealed ({first}); "
            f"set them aside and seal the rest",
            faults=faults,
        )

    parts = [
        lines[first : first + records_per_part] for first in range(0, len(lines), records_per_part)
    ]
    bodies = [b"".join(part) for part in parts]
    names = [f"part-{number:05d}.jsonl" for number in range(len(parts))]
    named = {(row.approval_id, row.campaign) for row in ordered}
    rested_on = tuple(given[name] for name in sorted(named))
    approval_id, approver = _summary(rested_on)
    classes = Counter(str(row.message_class) for row in ordered)
    batch_id = _batch_id(ordered, night=night, channel=channel, attempt=attempt)
    manifest = Manifest(
        schema=SCHEMA,
        batch_id=batch_id,
        channel=channel,
        gateway=gateway,
        purpose=purpose,
        night=night,
        created_at=utc(created_at),
        records=len(ordered),
        parts=tuple(
            Part(
                name=name,
                records=len(part),
                bytes=len(body),
                sha256=hashlib.sha256(body).hexdigest(),
            )
            for name, part, body in zip(names, parts, bodies, strict=True)
        ),
        keys_sha256=keys_sha256(row.idempotency_key for row in ordered),
        counts_by_class={kind.value: classes[kind.value] for kind in MessageClass},
        approval_id=approval_id,
        approver=approver,
        approvals=rested_on,
        not_before=utc(min(row.not_before for row in ordered)),
        not_after=utc(max(row.not_after for row in ordered)),
        attempt=attempt,
        supersedes=supersedes,
        producer_version=producer_version,
        signature="",
    )
    signed = replace(manifest, signature=manifest.sign(secret))
    return SealedBatch(batch_id, tuple(zip(names, bodies, strict=True)), signed)


def _refuse_a_wrong_request(
    records: Sequence[OutboundMessage],
    created_at: datetime,
    attempt: int,
    supersedes: str | None,
    secret: bytes,
    records_per_part: int,
) -> None:
    if not records:
        raise UnableToSealBatch("no messages: seal a batch only when something is to be sent")
    if created_at.tzinfo is None:
        raise UnableToSealBatch("created_at has no timezone: pass an aware time")
    if attempt < 1 or (attempt > 1) != (supersedes is not None):
        raise UnableToSealBatch(
            f"attempt {attempt} with supersedes {supersedes!r}: the first attempt supersedes "
            f"nothing, every later one names the batch before it"
        )
    if not secret:
        raise UnableToSealBatch("the gateway secret is empty: set CARE_GATEWAY_SECRET")
    if records_per_part < 1:
        raise UnableToSealBatch(f"records_per_part is {records_per_part}: give at least 1")


def _batch_id(
    ordered: Sequence[OutboundMessage], *, night: date, channel: Channel, attempt: int
) -> str:
    named = [[row.idempotency_key, row.render_sha256] for row in ordered]
    digest = hashlib.sha256(canonical(named)).hexdigest()
    return f"{night:%Y%m%d}-{channel}-{attempt}-{digest[:24]}"


def _summary(approvals: Sequence[Approval]) -> tuple[str, str]:
    approvers = {approval.approver for approval in approvals}
    approver = approvers.pop() if len(approvers) == 1 else SEVERAL
    if len(approvals) == 1:
        return approvals[0].approval_id, approver
    listed = canonical([asdict(approval) for approval in approvals])
    return f"sha256:{hashlib.sha256(listed).hexdigest()}", approver
