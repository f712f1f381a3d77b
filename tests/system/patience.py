"""Waiting for something that happens in another process."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SECONDS = 240
"""For what takes half a minute on two idle cores."""


class UnableToWait(Exception):
    """It did not happen in time; the message says how things stand."""


def wait_for(
    look: Callable[[], T | None], tell: Callable[[], object], *, seconds: float = SECONDS
) -> T:
    """Look again and again until something is seen; ``tell`` says what there was instead."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise UnableToWait(f"waited {seconds:.0f} seconds. {tell()}")
        time.sleep(0.3)
    return seen
