"""The trail of decisions for an auditor: read in pages, and checked line by line."""

from dataclasses import dataclass
from datetime import date, datetime

from care.desk.page import Page
from care.domain.decision import Decision
from care.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines of the trail; what is left out is any. ``since`` ≤ decided at < ``until``."""

    night: date | None = None
    campaign: str | None = None
    actor: str | None = None
    verdict: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What recomputing the chain found. ``broken_at``: the first line that does not fit."""

    lines: int
    broken_at: int | None
    why: str

    @property
    def whole(self) -> bool:
        """Whether every line fits."""
        return self.broken_at is None


def audit(
    runtime: Runtime, *, asked: Asked | None = None, after: str | None = None, limit: int = 50
) -> Page[Decision]:
    """A page of the trail, the newest line first."""
    raise NotImplementedError


def check_audit(runtime: Runtime) -> Checked:
    """Recompute the hash chain from its first line on."""
    raise NotImplementedError
