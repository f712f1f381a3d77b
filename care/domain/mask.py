"""What names somebody, with as much of it left as tells two rows apart and nobody who she is."""

import re

HIDDEN = "…"
IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
"""Of a script that writes names without spaces."""


def masked(text: str | None) -> str:
    """The first letter of each word: ``Emma Carter`` is ``E… C…``, ``王丽`` is ``王…``.

    So is ``王 丽``. What is one letter long is hidden whole, and a given name, which has so little
    beside its first letter, is not masked but hidden where it stands by itself.
    """
    plain = text or ""
    words = ["".join(plain.split())] if IDEOGRAPH.search(plain) else plain.split()
    return " ".join(f"{word[0] if word[1:] else ''}{HIDDEN}" for word in words if word)


def masked_email(text: str | None) -> str:
    """The first letter and the host: ``e…@example.com``."""
    user, at, host = (text or "").partition("@")
    return f"{user[:1]}{HIDDEN}{at}{host}" if at else ""


def masked_phone(text: str | None) -> str:
    """The last two digits: ``…42``."""
    return f"{HIDDEN}{text[-2:]}" if text else ""
