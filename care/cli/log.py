"""What `CARE_LOG` asks to be told, in sentences."""

import logging
import os


class UnableToLog(Exception):
    """``CARE_LOG`` names no level."""


def log_as_told() -> None:
    """Start logging at the level that ``CARE_LOG`` names. Raises UnableToLog."""
    told = (os.environ.get("CARE_LOG") or "WARNING").upper()
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if told not in levels:
        raise UnableToLog(f"CARE_LOG={told!r}: there is no such level. Use {', '.join(levels)}.")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s") if told == "DEBUG" else _Sentences())
    logging.basicConfig(level=told, handlers=[handler])


class _Sentences(logging.Formatter):
    """What went wrong in a sentence; where in the code is for those who debug."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        return record.getMessage() + ("" if error is None else f": {error}")
