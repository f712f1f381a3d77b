"""A campaign of a night: its figures, sample messages, and what was decided about it."""

import secrets
from datetime import date
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import HTMLResponse, Response

from care import desk
from care.console.access import Viewer
from care.console.disclosure import granted
from care.console.header import LETTER_POLICY
from care.console.page import link, now_of, render, root_of, runtime_of
from care.console.preview import Preview, preview
from care.console.visitor import Visitor
from care.desk import UnableToDecide
from care.desk.changes import changed_since_yesterday
from care.desk.letter import OpenLetter, open_letters
from care.desk.obstacle import obstacles_of
from care.desk.overview import figures_of
from care.desk.sample import samples
from care.desk.verdict import as_seen
from care.desk.wording import wordings_of
from care.domain.decision import OPEN, Verdict
from care.domain.trail import why_not_undone

router = APIRouter()
SAMPLES = 6
Grant = Annotated[str | None, Query(max_length=4000)]


@router.get("/nights/{night}/{campaign}")
def campaign_page(
    request: Request,
    visitor: Viewer,
    night: date,
    campaign: str,
    seed: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    grant: Grant = None,
) -> Response:
    """One campaign for its reviewer; another ``seed`` shows other messages."""
    return show_campaign(request, visitor, night, campaign, seed=seed, grant=grant)


def show_campaign(
    request: Request,
    visitor: Visitor,
    night: date,
    campaign: str,
    *,
    seed: int = 0,
    grant: str | None = None,
    told: str | None = None,
    status: int = 200,
) -> Response:
    """The page of a campaign; ``told`` is why what she just asked for was not done."""
    runtime = runtime_of(request)
    try:
        stands, _, trail = desk.show(runtime, night, campaign, samples=0)
        picked = samples(runtime, night, campaign, n=SAMPLES, seed=seed)
    except UnableToDecide:
        raise HTTPException(404) from None
    figures = figures_of(runtime, stands)
    open_yet = stands.state in OPEN and not figures.left
    ids = [one.sample.message_id for one in picked]
    letters = open_letters(runtime, ids, revealed=granted(request, visitor, grant))
    chosen = runtime.policy.campaigns.get(campaign)
    return render(
        request,
        visitor,
        "campaign.html",
        status=status,
        night=night,
        stands=stands,
        seen=as_seen(stands, trail),
        figures=figures,
        shown=[
            (one, look_at(request, letters[one.sample.message_id], grant, one.sample.locale))
            for one in picked
            if one.sample.message_id in letters
        ],
        revealed=bool(letters) and all(one.revealed for one in letters.values()),
        customers=[one.customer_ref for one in letters.values()],
        wordings=wordings_of(runtime, night, campaign),
        gifts=runtime.policy.gifts,
        seed=seed,
        another=secrets.randbelow(2**31),
        grant=grant,
        trail=trail[::-1],
        obstacles=obstacles_of(runtime, night, campaign, now=now_of(request)) if open_yet else None,
        second_person=chosen is not None and chosen.second_person,
        undone={one.told["undone"] for one in trail if one.verdict is Verdict.UNDO},
        may_undo=not why_not_undone(trail, stands.state),
        told=told,
    )


def look_at(request: Request, letter: OpenLetter, grant: str | None, locale: str) -> Preview:
    """A letter as its reader will see it, its HTML behind an address of its own."""
    address = root_of(request) + link("letters", letter.message_id, grant=grant)
    return preview(letter.channel, letter.content, locale=locale, address=address)


@router.get("/nights/{night}/{campaign}/changes")
def changes_page(request: Request, visitor: Viewer, night: date, campaign: str) -> Response:
    """What is not as it was the night before."""
    try:
        found = changed_since_yesterday(runtime_of(request), night, campaign)
    except UnableToDecide:
        raise HTTPException(404) from None
    return render(
        request,
        visitor,
        "changes.html",
        night=night,
        campaign=campaign,
        found=found,
        gifts=runtime_of(request).policy.gifts,
    )


@router.get("/letters/{message_id}")
def letter(request: Request, visitor: Viewer, message_id: str, grant: Grant = None) -> Response:
    """The HTML of one e-mail, for the frame that shows it: it can load and run nothing."""
    found = open_letters(
        runtime_of(request), [message_id], revealed=granted(request, visitor, grant)
    )
    if message_id not in found or not found[message_id].content.get("html"):
        raise HTTPException(404)
    html = str(found[message_id].content["html"])
    return HTMLResponse(html, headers={"Content-Security-Policy": LETTER_POLICY})
