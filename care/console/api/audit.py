"""The trail of decisions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from care.console.access import Viewer
from care.console.audit import After, Filter
from care.console.page import runtime_of
from care.desk.audit import Checked, audit, check_audit
from care.desk.page import Page
from care.domain.decision import Decision

router = APIRouter(prefix="/api", tags=["audit"])


@router.get("/audit")
def read_trail(
    request: Request,
    visitor: Viewer,
    asked: Filter,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[Decision]:
    """A page of the trail, the newest line first."""
    return audit(runtime_of(request), asked=asked, after=after, limit=limit)


@router.get("/audit/check")
def check_trail(request: Request, visitor: Viewer) -> Checked:
    """Recompute the chain of hashes from its first line on."""
    return check_audit(runtime_of(request))
