"""What names somebody, with as much of it left as tells two rows apart and nobody who she is."""

HIDDEN = "…"


def masked(text: str | None) -> str:
    """The first letter of each word: ``Emma Carter`` is ``E… C…``, ``王丽`` is ``王…``."""
    return " ".join(f"{word[0]}{HIDDEN}" for word in (text or "").split())


def masked_email(text: str | None) -> str:
    """The first letter and the host: ``e…@example.com``."""
    user, at, host = (text or "").partition("@")
    return f"{user[:1]}{HIDDEN}{at}{host}" if at else ""


def masked_phone(text: str | None) -> str:
    """The last two digits: ``…42``."""
    return f"{HIDDEN}{text[-2:]}" if text else ""
