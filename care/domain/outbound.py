"""One message as a gateway gets it: an envelope around content that was approved."""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from care.domain.campaign import MessageClass
from care.domain.canonical import canonical, utc
from care.domain.channel import Channel
from care.domain.content import UnableToEncodeContent, check_text


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """A message ready to be sealed; ``message_class`` travels as ``class``.

    ``customer_ref`` is a pseudonym, ``timezone`` the customer's IANA zone, ``to`` an address or an
    E.164 number. The message may be sent from ``not_before`` until ``not_after`` (aware; fractions
    of a second are dropped). ``content`` is what :func:`care.domain.content.encode` gave, and
    travels as it is.
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
    to: str
    channel: Channel
    content: bytes


class UnableToNameMessage(Exception):
    """An idempotency key lacks one of its parts."""


def idempotency_key(
    *, tenant: str, campaign: str, occasion_key: str, customer: str, channel: Channel
) -> str:
    """Name a message for ever: SHA-256 over the canonical JSON list of the five texts.

    The quotes and escapes of JSON are the separators, so that no two lists read the same. Nothing
    in it changes with the run, the template or an edit of the body.
    """
    texts = [tenant, campaign, occasion_key, customer, str(channel)]
    if not all(isinstance(text, str) and text for text in texts):
        raise UnableToNameMessage(
            f"an idempotency key needs tenant, campaign, occasion, customer and channel as texts; "
            f"one is missing for campaign {campaign!r}, occasion {occasion_key!r}"
        )
    return hashlib.sha256(canonical(texts)).hexdigest()


# Fields of the envelope as they travel, against the attributes that hold them.
_ENVELOPE = {
    ("class" if name == "message_class" else name): name
    for name in OutboundMessage.__slots__
    if name not in ("channel", "content")
}
_TIMES = ("not_before", "not_after")
_REQUIRED = tuple(name for name in _ENVELOPE.values() if name not in (*_TIMES, "consent_ref"))
_envelope_values = attrgetter(*_ENVELOPE.values())
_required_values = attrgetter(*_REQUIRED)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def encode_lines(
    ordered: Sequence[OutboundMessage], channel: Channel, approved: Collection[tuple[str, str]]
) -> tuple[list[bytes], dict[str, str]]:
    """Give a line for every message that can be sealed, and the reason for every other, by id.

    A line is one JSON object: the envelope canonically, then the content's bytes as they are.
    ``approved`` holds (approval, campaign). No reason quotes what is personal.
    """
    lines: list[bytes] = []
    faults: dict[str, str] = {}
    owner: dict[str, str] = {}
    ids: set[str] = set()
    for row in ordered:
        try:
            line = _line(row, channel, approved)
            if row.message_id in ids:
                raise UnableToEncodeContent("its message_id occurs twice")
            ids.add(row.message_id)
            if owner.setdefault(row.idempotency_key, row.message_id) != row.message_id:
                raise UnableToEncodeContent(
                    f"its key is that of message {owner[row.idempotency_key]}"
                )
            lines.append(line)
        except UnableToEncodeContent as fault:
            faults[str(row.message_id)] = str(fault)
    return lines, faults


def _line(row: OutboundMessage, channel: Channel, approved: Collection[tuple[str, str]]) -> bytes:
    if row.channel is not channel:
        raise UnableToEncodeContent(f"it is meant for {row.channel}, not for {channel}")
    _check_envelope(row)
    if not row.not_before < row.not_after:
        raise UnableToEncodeContent("its window closes before it opens")
    if not _SHA256.fullmatch(row.idempotency_key):
        raise UnableToEncodeContent("its idempotency_key is no SHA-256 in hexadecimal")
    if channel is Channel.SMS and not _E164.fullmatch(row.to):
        raise UnableToEncodeContent("to is no E.164 number")
    if (row.approval_id, row.campaign) not in approved:
        raise UnableToEncodeContent(
            f"approval {row.approval_id} of campaign {row.campaign} was not given"
        )
    if hashlib.sha256(row.content).hexdigest() != row.render_sha256:
        raise UnableToEncodeContent("its content is not what was approved: render_sha256 differs")
    fields = dict(zip(_ENVELOPE, _envelope_values(row), strict=True))
    fields["not_before"] = utc(row.not_before)
    fields["not_after"] = utc(row.not_after)
    try:
        envelope = canonical(fields)
    except TypeError as error:
        raise UnableToEncodeContent(f"it is no text for JSON ({error})") from None
    return b"%b,%b\n" % (envelope[:-1], row.content[1:])


def _check_envelope(row: OutboundMessage) -> None:
    texts = _required_values(row)
    try:
        # Nearly always: texts that hold no line break, no NUL and no lone surrogate.
        sound = all(texts) and "".join(texts).isprintable()
    except TypeError:
        sound = False
    named = () if sound else tuple(zip(_REQUIRED, texts, strict=True))
    if row.consent_ref is not None:
        named = (*named, ("consent_ref", row.consent_ref))
    for name, value in named:
        if not isinstance(value, str):
            raise UnableToEncodeContent(f"{name} is {type(value).__name__} instead of str")
        check_text(name, value)
    for name in _TIMES:
        moment = getattr(row, name)
        if not isinstance(moment, datetime):
            raise UnableToEncodeContent(f"{name} is {type(moment).__name__} instead of datetime")
        if moment.tzinfo is None:
            raise UnableToEncodeContent(f"{name} has no timezone")
