"""What staff did about customers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from care.console.access import Reviewer
from care.console.acts import Filter
from care.console.audit import After
from care.console.page import runtime_of
from care.desk.acts import StaffAct
from care.desk.page import Page

router = APIRouter(prefix="/api", tags=["audit"])


@router.get("/audit/customers")
def read_acts(
    request: Request,
    visitor: Reviewer,
    chosen: Filter,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[StaffAct]:
    """A page of who was revealed, stopped, heard and brought in, the newest first."""
    return chosen.page(runtime_of(request), after=after, limit=limit)
