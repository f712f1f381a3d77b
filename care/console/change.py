"""Decisions and changes: a reviewer's word on a campaign, for exactly what she saw."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import Response

from care import desk
from care.console.access import Reviewer, Viewer
from care.console.campaign import show_campaign
from care.console.disclosure import grant
from care.console.message import as_query, chosen_from, show_message
from care.console.page import go, link, now_of, render, runtime_of
from care.desk import UnableToDecide
from care.desk.exclusion import count_found, exclude
from care.desk.gift import swap_gift
from care.desk.touch import Chosen, reveal, touches
from care.desk.undoing import undo
from care.domain.decision import Verdict

router = APIRouter()
Seen = Annotated[str, Form(min_length=12, max_length=100)]
Reason = Annotated[str, Form(max_length=500)]
Part = Annotated[str, Form(max_length=200)]
FIRST = 10
"""So many of those that would be taken out are shown."""
WITHOUT = "none"
"""What a form says for going without a gift."""


@router.post("/nights/{night}/{campaign}/decide")
def decide(
    request: Request,
    visitor: Reviewer,
    night: date,
    campaign: str,
    verdict: Annotated[Literal["approve", "hold", "reject"], Form()],
    seen: Seen,
    reason: Reason = "",
) -> Response:
    """Record a verdict, or show what came between."""
    return _of_campaign(
        request,
        visitor,
        night,
        campaign,
        lambda: desk.decide(
            runtime_of(request),
            night,
            campaign,
            Verdict(verdict),
            actor=visitor.name,
            reason=reason,
            now=now_of(request),
            seen=seen,
        ),
    )


@router.post("/nights/{night}/{campaign}/undo")
def take_back(
    request: Request, visitor: Reviewer, night: date, campaign: str, seen: Seen, reason: Reason = ""
) -> Response:
    """Take the last decision or change back, as long as nothing is on its way."""
    return _of_campaign(
        request,
        visitor,
        night,
        campaign,
        lambda: undo(
            runtime_of(request),
            night,
            campaign,
            actor=visitor.name,
            reason=reason,
            now=now_of(request),
            seen=seen,
        ),
    )


@router.post("/nights/{night}/{campaign}/exclude")
def leave_out(
    request: Request,
    visitor: Reviewer,
    night: date,
    campaign: str,
    seen: Seen,
    reason: Reason = "",
    message_id: Part = "",
    text: Part = "",
    tier: Part = "",
    locale: Part = "",
    channel: Part = "",
    gift: Part = "",
    state: Part = "",
    expected: Annotated[int | None, Form(ge=1)] = None,
) -> Response:
    """Take one customer out of a campaign, or all that a filter finds once their number is seen."""
    chosen = chosen_from(text, tier, locale, channel, gift, state)
    if not message_id and chosen.narrows and expected is None:
        return _ask(request, visitor, night, campaign, chosen, seen=seen, reason=reason)
    return _of_campaign(
        request,
        visitor,
        night,
        campaign,
        lambda: exclude(
            runtime_of(request),
            night,
            campaign,
            message_ids=[message_id] if message_id else (),
            chosen=None if message_id else chosen,
            expected=expected,
            actor=visitor.name,
            reason=reason,
            now=now_of(request),
            seen=seen,
        ),
    )


@router.post("/nights/{night}/{campaign}/gift")
def change_gift(
    request: Request,
    visitor: Reviewer,
    night: date,
    campaign: str,
    message_id: Part,
    gift_id: Part,
    seen: Seen,
    reason: Reason = "",
) -> Response:
    """Give one customer another gift, or none."""
    try:
        swap_gift(
            runtime_of(request),
            night,
            campaign,
            message_id=message_id,
            gift_id=None if gift_id == WITHOUT else gift_id,
            actor=visitor.name,
            reason=reason,
            now=now_of(request),
            seen=seen,
        )
    except UnableToDecide as error:
        return show_message(
            request, visitor, night, campaign, message_id, told=str(error), status=409
        )
    return go(request, link("nights", night, campaign, "messages", message_id))


@router.post("/nights/{night}/{campaign}/reveal")
def show_names(
    request: Request,
    visitor: Viewer,
    night: date,
    campaign: str,
    customer: Annotated[list[str], Form(max_length=60)],
    reason: Reason = "",
    seed: Annotated[int, Form(ge=0, lt=2**31)] = 0,
    message_id: Part = "",
) -> Response:
    """Show who some customers are; that it was asked stays on record."""
    try:
        reveal(
            runtime_of(request), customer, actor=visitor.name, reason=reason, now=now_of(request)
        )
    except UnableToDecide as error:
        return show_campaign(
            request, visitor, night, campaign, seed=seed, told=str(error), status=409
        )
    shown = grant(request, visitor, customer)
    if message_id:
        return go(request, link("nights", night, campaign, "messages", message_id, grant=shown))
    return go(request, link("nights", night, campaign, seed=seed, grant=shown))


@router.get("/nights/{night}/{campaign}/decide")
@router.get("/nights/{night}/{campaign}/undo")
@router.get("/nights/{night}/{campaign}/exclude")
@router.get("/nights/{night}/{campaign}/gift")
@router.get("/nights/{night}/{campaign}/reveal")
def changed_by_post(request: Request, visitor: Viewer, night: date, campaign: str) -> Response:
    """Whoever comes here by the address bar goes on to the campaign."""
    return go(request, link("nights", night, campaign))


def _ask(
    request: Request,
    visitor: Reviewer,
    night: date,
    campaign: str,
    chosen: Chosen,
    *,
    seen: str,
    reason: str,
) -> Response:
    """Say how many a filter finds, and who the first of them are, before they are taken out."""
    runtime = runtime_of(request)
    try:
        n = count_found(runtime, night, campaign, chosen)
        waiting = replace(chosen, state="rendered")
        rows = touches(runtime, night, campaign, chosen=waiting, limit=FIRST).rows if n else []
    except UnableToDecide:
        raise HTTPException(404) from None
    return render(
        request,
        visitor,
        "leave_out.html",
        night=night,
        campaign=campaign,
        n=n,
        rows=rows,
        asked=as_query(chosen),
        gifts=runtime.policy.gifts,
        seen=seen,
        reason=reason,
    )


def _of_campaign(
    request: Request,
    visitor: Reviewer,
    night: date,
    campaign: str,
    act: Callable[[], object],
) -> Response:
    """Do it and show the campaign, or show the campaign and what came between."""
    try:
        act()
    except UnableToDecide as error:
        return show_campaign(request, visitor, night, campaign, told=str(error), status=409)
    return go(request, link("nights", night, campaign))
