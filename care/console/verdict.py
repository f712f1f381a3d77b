"""Verdicts: a reviewer's word on a campaign, for exactly what she saw."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from care import desk
from care.console.access import Reviewer, Viewer
from care.console.campaign import show_campaign
from care.console.page import go, link, now_of, runtime_of
from care.desk import UnableToDecide
from care.domain.decision import Verdict

router = APIRouter()
PEOPLES = (Verdict.APPROVE, Verdict.HOLD, Verdict.REJECT)


@router.post("/nights/{night}/{campaign}/decide")
def decide(
    request: Request,
    visitor: Reviewer,
    night: date,
    campaign: str,
    verdict: Annotated[Verdict, Form()],
    seen: Annotated[str, Form(min_length=12)],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Record a verdict, or show what came between."""
    try:
        desk.decide(
            runtime_of(request),
            night,
            campaign,
            verdict,
            actor=visitor.name,
            reason=reason,
            now=now_of(request),
            seen=seen,
        )
    except UnableToDecide as error:
        return show_campaign(request, visitor, night, campaign, told=str(error), status=409)
    return go(request, link("nights", night, campaign))


@router.get("/nights/{night}/{campaign}/decide")
def decided_by_post(request: Request, visitor: Viewer, night: date, campaign: str) -> Response:
    """Whoever comes here by the address bar goes on to the campaign."""
    return go(request, link("nights", night, campaign))
