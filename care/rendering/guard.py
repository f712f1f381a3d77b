"""What keeps a hostile or broken value from harming a message."""

import re
import unicodedata

MAX_SUBJECT = 150
MAX_TEXT = 20_000
MAX_HTML = 100_000  # Gmail cuts a message off at 102 kB and hides its unsubscribe link.
MAX_SEGMENTS = 6

_JOINERS = "\u200c\u200d"  # Persian words and family emoji fall apart without them.
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACE_CONTROLS = "\t\n\v\f\r"
_SEVERAL_SPACES = re.compile(" {2,}")
_DANGLING = re.compile(r"[\u200c\u200d\ufe0f\s]+$")
_URL = re.compile(r"https?://[^\s\"'<>\\]+")


class UnableToSay(Exception):
    """A value cannot be put before a customer; the message says why, without quoting it."""


def clean(text: str, *, limit: int) -> str:
    """Reduce a text to one visible line of at most `limit` characters.

    Control characters (NUL, line breaks), bidi overrides, lone surrogates and the like are dropped
    or become a space; joiners stay. What is too long ends in an ellipsis.
    """
    text = text[: limit * 8]
    # str.isprintable is false for exactly the categories that are dropped below, and runs in C.
    if not text.isprintable():
        text = "".join(map(_visible, text))
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = _SEVERAL_SPACES.sub(" ", text).strip()
    return text if len(text) <= limit else _DANGLING.sub("", text[: limit - 1]) + "…"


def clean_or_none(text: str | None, *, limit: int) -> str | None:
    """Clean as `clean` does, with None for a value that is missing or has nothing to see."""
    return (clean(text, limit=limit) or None) if text is not None else None


def checked_url(url: str) -> str:
    """Pass a URL on. Raises UnableToSay unless it is plain http or https."""
    if not _URL.fullmatch(url) or not url.isprintable():
        raise UnableToSay("a link is not a plain http(s) URL")
    return url


def checked_subject(subject: str) -> str:
    """Pass a subject on. Raises UnableToSay if it could break out of its header."""
    if not subject or len(subject) > MAX_SUBJECT:
        raise UnableToSay(f"the subject has {len(subject)} characters, not 1 to {MAX_SUBJECT}")
    if not subject.isprintable() and any(map(_breaks_a_header, subject)):
        raise UnableToSay("the subject holds a line break or another control character")
    return subject


def checked_size(text: str, *, limit: int, what: str) -> str:
    """Pass a text on. Raises UnableToSay if it is empty or longer than `limit` characters."""
    if not 0 < len(text) <= limit:
        raise UnableToSay(f"the {what} has {len(text)} characters, not 1 to {limit}")
    return text


def _breaks_a_header(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs")


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in _SPACES or character in _SPACE_CONTROLS:
        return " "
    return "" if category in _INVISIBLE and character not in _JOINERS else character
