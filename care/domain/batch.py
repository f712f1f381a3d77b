"""Sealed messages for one gateway, and the manifest that vouches for every one of them.

Everything here is written in one canonical encoding: UTF-8 JSON, keys sorted, no spaces, nothing
escaped that need not be, times in UTC to the second. Equal content is therefore equal bytes, and
a hash or a signature can be checked by any program that writes JSON the same way.
"""

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from operator import attrgetter
from typing import Any

import orjson

from care.domain.campaign import MessageClass
from care.domain.channel import Channel
from care.domain.sms import Encoding

SCHEMA = "nightcare.batch/1"
SEVERAL = "several"
"""Stands for the approver of a batch whose rows were approved by different people."""

_LONG_TEXTS = frozenset({"text", "html", "body"})
_MAY_BE_NULL = frozenset({"consent_ref", "reply_to", "html", "unsubscribe_url", "signature"})
_KINDS: dict[str, type] = {
    "not_before": datetime,
    "not_after": datetime,
    "signature_in_body": bool,
    "segments": int,
    "headers": dict,
}
"""The fields that are no text."""

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS
_LINE = _CANONICAL | orjson.OPT_APPEND_NEWLINE
_SHA256 = re.compile(r"[0-9a-f]{64}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
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
class EmailContent:
    """What an e-mail says. ``sender`` travels as ``from``; ``to`` is where it goes."""

    to: str
    sender: str
    reply_to: str | None
    subject: str
    text: str
    html: str | None
    headers: dict[str, str]
    unsubscribe_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsContent:
    """What an SMS says. ``to`` is E.164.

    ``encoding`` is the value of an :class:`Encoding`, ``segments`` what the body takes in it.
    ``signature_in_body`` tells the gateway whether it still has to add the signature.
    """

    to: str
    sender: str
    signature: str | None
    signature_in_body: bool
    body: str
    encoding: str
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One message as a gateway gets it; ``message_class`` travels as ``class``.

    ``customer_ref`` is a pseudonym, ``timezone`` the customer's IANA zone. The message may be sent
    from ``not_before`` until ``not_after`` (aware; fractions of a second are dropped).
    """

    message_id: str
    idempotency_key: str
    customer_ref: str
    campaign: str
    occasion_key: str
    template: str
    template_version: str
    locale: str
    message_class: MessageClass
    render_sha256: str
    consent_ref: str | None
    approval_id: str
    timezone: str
    not_before: datetime
    not_after: datetime
    content: EmailContent | SmsContent


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
        return orjson.dumps(asdict(self), option=_LINE)

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


def canonical(value: object) -> bytes:
    """Encode plain values in the canonical encoding described at the top of this module."""
    return orjson.dumps(value, option=_CANONICAL)


def idempotency_key(
    *, tenant: str, campaign: str, occasion_key: str, customer: str, channel: Channel
) -> str:
    """Name a message for ever: SHA-256 over the canonical JSON list of the five texts.

    The quotes and escapes of JSON are the separators, so that no two lists read the same. Nothing
    in it changes with the run, the template or an edit of the body.
    """
    texts = [tenant, campaign, occasion_key, customer, str(channel)]
    if not all(isinstance(text, str) and text for text in texts):
        raise UnableToSealBatch(
            f"an idempotency key needs tenant, campaign, occasion, customer and channel as texts; "
            f"one is missing for campaign {campaign!r}, occasion {occasion_key!r}"
        )
    return hashlib.sha256(canonical(texts)).hexdigest()


def render_sha256(content: EmailContent | SmsContent) -> str:
    """SHA-256 over what the customer gets to see: every field of the channel except ``to``.

    The address stays out because the approval is of the words: a corrected address does not void
    it, and a message that went out already does not go out again to another address.
    """
    return hashlib.sha256(canonical(_rendered(content))).hexdigest()


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
    ordered = sorted(records, key=lambda row: (str(row.idempotency_key), str(row.message_id)))
    given = {(approval.approval_id, approval.campaign): approval for approval in approvals}
    lines, faults = _encode(ordered, channel, given.keys())
    if faults:
        first = "; ".join(f"{message_id}: {why}" for message_id, why in islice(faults.items(), 3))
        raise UnableToSealBatch(
            f"{len(faults)} of {len(ordered)} messages cannot be sealed ({first}); "
            f"set them aside and seal the rest",
            faults=faults,
        )

    bodies = [
        b"".join(lines[first : first + records_per_part])
        for first in range(0, len(lines), records_per_part)
    ]
    names = [f"part-{number:05d}.jsonl" for number in range(len(bodies))]
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
        created_at=_utc(created_at),
        records=len(ordered),
        parts=tuple(
            Part(
                name=name,
                records=body.count(b"\n"),
                bytes=len(body),
                sha256=hashlib.sha256(body).hexdigest(),
            )
            for name, body in zip(names, bodies, strict=True)
        ),
        keys_sha256=keys_sha256(row.idempotency_key for row in ordered),
        counts_by_class={kind.value: classes[kind.value] for kind in MessageClass},
        approval_id=approval_id,
        approver=approver,
        approvals=rested_on,
        not_before=_utc(min(row.not_before for row in ordered)),
        not_after=_utc(max(row.not_after for row in ordered)),
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


def _utc(moment: datetime) -> datetime:
    return datetime.fromtimestamp(int(moment.timestamp()), UTC)


# Names of the fields as they travel, against the attributes that hold them.
_ENVELOPE = {
    ("class" if name == "message_class" else name): name
    for name in OutboundMessage.__slots__
    if name != "content"
}
_EMAIL = {("from" if name == "sender" else name): name for name in EmailContent.__slots__}
_SMS = {name: name for name in SmsContent.__slots__}
_CONTENT_FIELDS: dict[type, tuple[str, ...]] = {EmailContent: (*_EMAIL,), SmsContent: (*_SMS,)}
_content_values = {
    EmailContent: attrgetter(*_EMAIL.values()),
    SmsContent: attrgetter(*_SMS.values()),
}
_envelope_values = attrgetter(*_ENVELOPE.values())
_CARRIES: dict[type, Channel] = {EmailContent: Channel.EMAIL, SmsContent: Channel.SMS}


def _rendered(content: EmailContent | SmsContent) -> dict[str, Any]:
    kind = type(content)
    shown = dict(zip(_CONTENT_FIELDS[kind], _content_values[kind](content), strict=True))
    del shown["to"]
    return shown


def _encode(
    ordered: Sequence[OutboundMessage],
    channel: Channel,
    approved: Collection[tuple[str, str]],
) -> tuple[list[bytes], dict[str, str]]:
    """Give a line for every message that can be sealed, and the reason for every other, by id."""
    lines: list[bytes] = []
    faults: dict[str, str] = {}
    owner: dict[str, str] = {}
    ids: set[str] = set()
    for row in ordered:
        try:
            line = _line(row, channel, approved)
            if row.message_id in ids:
                raise ValueError("its message_id occurs twice")
            ids.add(row.message_id)
            if owner.setdefault(row.idempotency_key, row.message_id) != row.message_id:
                raise ValueError(f"its key is that of message {owner[row.idempotency_key]}")
            lines.append(line)
        except ValueError as fault:
            faults[str(row.message_id)] = str(fault)
    return lines, faults


def _line(row: OutboundMessage, channel: Channel, approved: Collection[tuple[str, str]]) -> bytes:
    """Encode one message; a ValueError says why not, and never quotes what is personal."""
    if _CARRIES[type(row.content)] is not channel:
        raise ValueError(f"it is meant for {_CARRIES[type(row.content)]}, not for {channel}")
    fields = dict(zip(_ENVELOPE, _envelope_values(row), strict=True))
    shown = _rendered(row.content)
    fields |= shown
    fields["to"] = row.content.to
    for name, value in fields.items():
        # Most fields are printable texts, which hold no line break, no NUL and no lone surrogate.
        if isinstance(value, str) and value and value.isprintable() and name not in _KINDS:
            continue
        if value is not None or name not in _MAY_BE_NULL:
            _check_value(name, value)
    if row.not_before >= row.not_after:
        raise ValueError("its window closes before it opens")
    if not _SHA256.fullmatch(row.idempotency_key):
        raise ValueError("its idempotency_key is no SHA-256 in hexadecimal")
    if (row.approval_id, row.campaign) not in approved:
        raise ValueError(f"approval {row.approval_id} of campaign {row.campaign} was not given")
    if isinstance(row.content, SmsContent):
        _check_sms(row.content)
    fields["not_before"] = _utc(row.not_before)
    fields["not_after"] = _utc(row.not_after)
    try:
        line = orjson.dumps(fields, option=_LINE)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"it is no text for JSON ({error})") from None
    if hashlib.sha256(canonical(shown)).hexdigest() != row.render_sha256:
        raise ValueError("its content is not what was approved: render_sha256 differs")
    return line


def _check_value(name: str, value: Any) -> None:
    wanted = _KINDS.get(name, str)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise ValueError(f"{name} is {type(value).__name__} instead of {wanted.__name__}")
    if isinstance(value, str):
        _check_text(name, value)
    elif isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"{name} has no timezone")
    elif isinstance(value, dict):
        for header, text in value.items():
            if not isinstance(header, str) or not _HEADER_NAME.fullmatch(header):
                raise ValueError("headers has a name that no header may have")
            if not isinstance(text, str):
                raise ValueError(f"header {header} is {type(text).__name__} instead of str")
            _check_text(f"header {header}", text)


def _check_text(name: str, text: str) -> None:
    if not text:
        raise ValueError(f"{name} is empty")
    if "\0" in text:
        raise ValueError(f"{name} holds a NUL")
    if name not in _LONG_TEXTS and ("\n" in text or "\r" in text):
        raise ValueError(f"{name} holds a line break")


def _check_sms(content: SmsContent) -> None:
    if not _E164.fullmatch(content.to):
        raise ValueError("to is no E.164 number")
    if content.encoding not in tuple(Encoding):
        raise ValueError(f"encoding is none of {', '.join(Encoding)}")
    if content.segments < 1:
        raise ValueError("segments is less than 1")
