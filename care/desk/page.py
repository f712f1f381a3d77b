"""One page of a long list, and where the next one begins."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in order. ``next``: what to pass as ``after`` for the next page; nothing at the end."""

    rows: list[Row]
    next: str | None
