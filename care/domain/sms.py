"""How a short message is signed, encoded and cut into the parts that are paid for."""

import re
from collections.abc import Iterator
from enum import StrEnum

OPT_OUT = {"zh-CN": "拒收请回复R", "en": "Reply STOP to opt out"}

_GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = "\f^{}\\[~]|€"
_GSM_TEXT = re.compile(f"[{re.escape(_GSM_BASIC + _GSM_EXTENSION)}]*")

_SUBSTITUTES = {
    "‘": "'", "’": "'", "\u201a": "'", "′": "'", "`": "'", "“": '"', "”": '"', "„": '"', "″": '"',
    "\u2010": "-", "\u2011": "-", "–": "-", "—": "-", "\u2212": "-", "•": "-", "·": "-",
    "…": "...", "×": "x", "\u00a0": " ", "\u2009": " ", "\u202f": " ",
}  # fmt: skip
_SUBSTITUTION = str.maketrans(_SUBSTITUTES)


class Encoding(StrEnum):
    """The alphabet a gateway must use for a body."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


# Units that fit a message sent alone, and each part of a longer one (GSM 03.40, 03.38).
_ALONE = {Encoding.GSM_7: 160, Encoding.UCS_2: 70}
_PART = {Encoding.GSM_7: 153, Encoding.UCS_2: 67}
# Characters that take two units: an escape and its letter, or a surrogate pair.
_DOUBLE = {
    Encoding.GSM_7: re.compile(f"[{re.escape(_GSM_EXTENSION)}]"),
    Encoding.UCS_2: re.compile("[\U00010000-\U0010ffff]"),
}


def encoding_of(text: str) -> Encoding:
    """GSM-7 when every character is in its alphabet, else UCS-2 for the whole text."""
    return Encoding.GSM_7 if _GSM_TEXT.fullmatch(text) else Encoding.UCS_2


def units(text: str) -> int:
    """Septets in GSM-7, UTF-16 code units in UCS-2."""
    return len(text) + len(_DOUBLE[encoding_of(text)].findall(text))


def measure(text: str) -> tuple[Encoding, int]:
    """Tell the encoding and the number of parts that are paid for; an empty text is one."""
    encoding = encoding_of(text)
    if _DOUBLE[encoding].search(text):
        return encoding, len(parts(text))
    # Without double characters no part is cut short, so a division will do.
    length = len(text)
    return encoding, 1 if length <= _ALONE[encoding] else -(-length // _PART[encoding])


def parts(text: str) -> list[str]:
    """Cut a text as a gateway does: an escape or a surrogate pair is never split."""
    encoding = encoding_of(text)
    double = _DOUBLE[encoding]
    if len(text) + len(double.findall(text)) <= _ALONE[encoding]:
        return [text]
    found, start, room = [], 0, _PART[encoding]
    for position, character in enumerate(text):
        width = 2 if double.match(character) else 1
        if width > room:
            found.append(text[start:position])
            start, room = position, _PART[encoding]
        room -= width
    return [*found, text[start:]]


def plain(text: str) -> str:
    """Give typographic quotes, dashes and spaces their GSM-7 form."""
    return text if text.isascii() and "`" not in text else text.translate(_SUBSTITUTION)


def costly(text: str) -> Iterator[tuple[int, str, str | None]]:
    """Find what forces UCS-2: position, character and what to write instead, if known."""
    for position, character in enumerate(text):
        if not _GSM_TEXT.fullmatch(character):
            yield position, character, _SUBSTITUTES.get(character)


def signed(text: str, *, signature: str, locale: str) -> str:
    """Put the sender's signature first, the way the locale's operators expect it."""
    return f"【{signature}】{text}" if locale.startswith("zh") else f"{signature}: {text}"


def with_opt_out(text: str, *, opt_out: str, locale: str) -> str:
    """End the text with the way out; Chinese needs no space before it."""
    return f"{text}{opt_out}" if locale.startswith("zh") else f"{text} {opt_out}"
