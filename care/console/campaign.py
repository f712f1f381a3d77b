"""A campaign of a night: its figures, sample messages, and what was decided about it."""

from datetime import date

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import HTMLResponse, Response

from care import desk
from care.console.access import Viewer
from care.console.header import LETTER_POLICY
from care.console.page import link, render, root_of, runtime_of
from care.console.preview import preview
from care.console.role import Visitor
from care.desk import UnableToDecide

router = APIRouter()
SAMPLES = 6


@router.get("/nights/{night}/{campaign}")
def campaign_page(
    request: Request, visitor: Viewer, night: date, campaign: str, skip: int = 0
) -> Response:
    """One campaign for its reviewer."""
    return show_campaign(request, visitor, night, campaign)


def show_campaign(
    request: Request,
    visitor: Visitor,
    night: date,
    campaign: str,
    *,
    told: str | None = None,
    status: int = 200,
) -> Response:
    """The page of a campaign; ``told`` is what became of what she just asked for."""
    try:
        found, samples, trail = desk.show(
            runtime_of(request), night, campaign, samples=SAMPLES
        )
    except UnableToDecide:
        raise HTTPException(404) from None
    root = root_of(request)
    return render(
        request,
        visitor,
        "campaign.html",
        status=status,
        night=night,
        campaign=found,
        samples=[
            (one, preview(one.channel, one.content, address=root + link("letters", one.message_id)))
            for one in samples
        ],
        trail=trail[::-1],
        told=told,
    )


@router.get("/letters/{message_id}")
def letter(request: Request, visitor: Viewer, message_id: str) -> Response:
    """The HTML of one e-mail, for the frame that shows it: it can load and run nothing."""
    content = desk.content_of(runtime_of(request), message_id)
    if content is None or not content.get("html"):
        raise HTTPException(404)
    return HTMLResponse(str(content["html"]), headers={"Content-Security-Policy": LETTER_POLICY})
