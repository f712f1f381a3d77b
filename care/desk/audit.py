"""The trail of decisions for an auditor: read in pages, and checked line by line."""

from contextlib import closing
from dataclasses import dataclass

from care.desk.page import Page
from care.domain.decision import Decision
from care.domain.trail import first_misfit
from care.runtime import Runtime
from care.storage import reviews
from care.storage.database import reading
from care.storage.reviews import Asked

__all__ = ["Asked", "Checked", "audit", "check_audit"]


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
    """A page of the trail, the newest line first; ``details`` of a change are JSON."""
    with reading(runtime.engine) as connection:
        before = None if after is None else int(after)
        rows = reviews.read_page(connection, asked or Asked(), before=before, limit=limit + 1)
    shown = rows[:limit]
    return Page(shown, str(shown[-1].decision_id) if len(rows) > limit else None)


def check_audit(runtime: Runtime) -> Checked:
    """Recompute the hash chain from its first line on.

    Lines cut off at its end show only where a campaign or a batch still names one of them.
    """
    with reading(runtime.engine) as connection:
        with closing(reviews.walk_decisions(connection)) as walked:
            lines, broken_at, why = first_misfit(walked)
        last = reviews.last_named(connection)
    if not broken_at and last > lines:
        broken_at, why = lines + 1, f"it is missing, and line {last} was there once"
    return Checked(lines, broken_at or None, why)
