"""What must not be sent now, in pages."""

from datetime import datetime
from typing import Any

from care import suppression
from care.desk.page import Page
from care.runtime import Runtime


def stopped(
    runtime: Runtime,
    customer: str | None = None,
    *,
    at: datetime,
    after: str | None = None,
    limit: int = 50,
) -> Page[dict[str, Any]]:
    """A page of the suppressions that hold, the newest first; of one customer or of any.

    Raises:
        UnableToSuppress: no such customer.
    """
    before = None if after is None else int(after)
    rows = suppression.listed(runtime, customer, at=at, before=before, limit=limit + 1)
    shown = rows[:limit]
    return Page(shown, str(shown[-1]["suppression_id"]) if len(rows) > limit else None)
