"""The trail of decisions for people: filtered, checked, and taken away as a file."""

from collections.abc import Iterator
from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from care.console.access import Viewer
from care.console.day import AskedDay, between, day_of
from care.console.page import render, runtime_of
from care.console.spreadsheet import as_file
from care.desk.audit import Asked, audit, check_audit
from care.runtime import Runtime

router = APIRouter()
A_PAGE, A_CHUNK = 50, 500
Text = Annotated[str | None, Query(max_length=200)]
After = Annotated[str | None, Query(pattern=r"^[0-9]{1,9}$")]
COLUMNS = (
    "decision_id", "decided_at", "actor", "verdict", "night", "campaign", "content_hash", "reason",
    "details", "previous_hash", "entry_hash",
)  # fmt: skip


def asked_for(
    request: Request,
    night: AskedDay = None,
    campaign: Text = None,
    actor: Text = None,
    verdict: Text = None,
    since: AskedDay = None,
    until: AskedDay = None,
) -> Asked:
    """A filter as an address carries it: an empty field is any, ``until`` includes its day."""
    first, last = between(since, until, zone=runtime_of(request).policy.shop.zone)
    return Asked(
        night=day_of(night),
        campaign=campaign or None,
        actor=actor or None,
        verdict=verdict or None,
        since=first,
        until=last,
    )


Filter = Annotated[Asked, Depends(asked_for)]


@router.get("/audit")
def audit_page(
    request: Request, visitor: Viewer, asked: Filter, after: After = None, check: bool = False
) -> Response:
    """The trail, the newest line first; ``check`` recomputes its chain besides."""
    runtime = runtime_of(request)
    return render(
        request,
        visitor,
        "audit.html",
        page=audit(runtime, asked=asked, after=after, limit=A_PAGE),
        asked=asked,
        query={
            name: value
            for name, value in request.query_params.items()
            if value and name not in ("after", "check")
        },
        after=after,
        checked=check_audit(runtime) if check else None,
        campaigns=sorted(runtime.policy.campaigns),
        gifts=runtime.policy.gifts,
    )


@router.get("/audit.csv")
def audit_file(request: Request, visitor: Viewer, asked: Filter) -> Response:
    """The trail that a filter finds, as a file for a spreadsheet."""
    return as_file("audit", _pages(runtime_of(request), asked))


def _pages(runtime: Runtime, asked: Asked) -> Iterator[pd.DataFrame]:
    after: str | None = None
    while True:
        page = audit(runtime, asked=asked, after=after, limit=A_CHUNK)
        rows = [[str(getattr(one, name)) for name in COLUMNS] for one in page.rows]
        yield pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")
        after = page.next
        if after is None:
            return
