"""What a message says as it leaves: the fields a gateway renders nothing into.

Content is encoded once, when it is written. Those bytes are hashed, approved, kept sealed and put
into the batch as they are, so that what leaves cannot differ from what was approved.
"""

import hashlib
import re
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from care.domain.canonical import canonical
from care.domain.sms import Encoding


class UnableToEncodeContent(Exception):
    """Content that no gateway could take; the message says why, and quotes nothing personal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContent:
    """What an e-mail says. ``sender`` travels as ``from``."""

    sender: str
    reply_to: str | None
    subject: str
    text: str
    html: str | None
    headers: dict[str, str]
    unsubscribe_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsContent:
    """What an SMS says.

    ``encoding`` is the value of an :class:`Encoding`, ``segments`` what the body takes in it.
    ``signature_in_body`` tells the gateway whether it still has to add the signature.
    """

    sender: str
    signature: str | None
    signature_in_body: bool
    body: str
    encoding: str
    segments: int


Content = EmailContent | SmsContent

_NAMES: dict[type, tuple[str, ...]] = {
    EmailContent: tuple("from" if name == "sender" else name for name in EmailContent.__slots__),
    SmsContent: SmsContent.__slots__,
}
_values = {kind: attrgetter(*kind.__slots__) for kind in (EmailContent, SmsContent)}

_LONG_TEXTS = frozenset({"text", "html", "body"})
_MAY_BE_NULL = frozenset({"reply_to", "html", "unsubscribe_url", "signature"})
_KINDS: dict[str, type] = {"signature_in_body": bool, "segments": int, "headers": dict}
"""The fields that are no text."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")


def encode(content: Content) -> bytes:
    """Encode content canonically, fields as they travel.

    Raises :class:`UnableToEncodeContent` for a field of the wrong kind, an empty one, a line break
    in what is one line, a NUL or half a surrogate pair.
    """
    kind = type(content)
    fields = dict(zip(_NAMES[kind], _values[kind](content), strict=True))
    for name, value in fields.items():
        # Most fields are printable texts, which hold no line break, no NUL and no lone surrogate.
        if isinstance(value, str) and value and value.isprintable() and name not in _KINDS:
            continue
        if value is not None or name not in _MAY_BE_NULL:
            _check(name, value)
    if isinstance(content, SmsContent):
        _check_sms(content)
    try:
        return canonical(fields)
    except TypeError as error:
        raise UnableToEncodeContent(f"it is no text for JSON ({error})") from None


def render_sha256(encoded: bytes) -> str:
    """SHA-256 over what the customer gets to see, as :func:`encode` gives it.

    The address is no part of it because the approval is of the words: a corrected address does not
    void it, and a message that went out already does not go out again to another address.
    """
    return hashlib.sha256(encoded).hexdigest()


def check_text(name: str, text: str, *, lines: bool = False) -> None:
    """Raise UnableToEncodeContent unless a text can travel; ``lines``: it may have several."""
    if not text:
        raise UnableToEncodeContent(f"{name} is empty")
    if "\0" in text:
        raise UnableToEncodeContent(f"{name} holds a NUL")
    if not lines and ("\n" in text or "\r" in text):
        raise UnableToEncodeContent(f"{name} holds a line break")


def _check(name: str, value: Any) -> None:
    wanted = _KINDS.get(name, str)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise UnableToEncodeContent(
            f"{name} is {type(value).__name__} instead of {wanted.__name__}"
        )
    if isinstance(value, str):
        check_text(name, value, lines=name in _LONG_TEXTS)
    elif isinstance(value, dict):
        for header, text in value.items():
            if not isinstance(header, str) or not _HEADER_NAME.fullmatch(header):
                raise UnableToEncodeContent("headers has a name that no header may have")
            if not isinstance(text, str):
                raise UnableToEncodeContent(
                    f"header {header} is {type(text).__name__} instead of str"
                )
            check_text(f"header {header}", text)


def _check_sms(content: SmsContent) -> None:
    if content.encoding not in tuple(Encoding):
        raise UnableToEncodeContent(f"encoding is none of {', '.join(Encoding)}")
    if content.segments < 1:
        raise UnableToEncodeContent("segments is less than 1")
