"""The messages of a campaign one by one: found, explained, and looked at closely."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.responses import Response

from care.console.access import Viewer
from care.console.campaign import Grant, look_at
from care.console.disclosure import granted
from care.console.page import now_of, render, runtime_of
from care.console.preview import PREVIEWS
from care.console.visitor import Visitor
from care.desk import UnableToDecide, show
from care.desk.gift import eligible_gifts
from care.desk.letter import open_letters
from care.desk.obstacle import obstacles
from care.desk.touch import Chosen, touches
from care.desk.verdict import as_seen
from care.desk.why import why
from care.explanation import UnableToExplain
from care.runtime import Runtime
from care.storage.database import reading
from care.storage.messages import count_left

router = APIRouter()
A_PAGE = 50
Text = Annotated[str | None, Query(max_length=200)]


def chosen_from(
    text: Text = None,
    tier: Text = None,
    locale: Text = None,
    channel: Text = None,
    gift: Text = None,
    state: Text = None,
) -> Chosen:
    """A filter as an address carries it; an empty field is any."""
    return Chosen(
        text=(text or "").strip() or None,
        tier=tier or None,
        locale=locale or None,
        channel=channel or None,
        gift=gift or None,
        state=state or None,
    )


Filter = Annotated[Chosen, Depends(chosen_from)]


@router.get("/nights/{night}/{campaign}/messages")
def messages_page(
    request: Request,
    visitor: Viewer,
    night: date,
    campaign: str,
    chosen: Filter,
    after: Text = None,
) -> Response:
    """Messages of a campaign that a filter finds, page by page."""
    runtime = runtime_of(request)
    try:
        page = touches(runtime, night, campaign, chosen=chosen, after=after, limit=A_PAGE)
        stands, _, trail = show(runtime, night, campaign, samples=0)
    except UnableToDecide:
        raise HTTPException(404) from None
    return render(
        request,
        visitor,
        "messages.html",
        obstacles=obstacles(runtime, [one.message_id for one in page.rows], now=now_of(request)),
        night=night,
        stands=stands,
        seen=as_seen(stands, trail),
        on_its_way=_on_its_way(runtime, night, campaign),
        page=page,
        chosen=chosen,
        after=after,
        filter_of=as_query(chosen),
        tiers=[tier.name for tier in runtime.policy.tiers],
        channels=list(PREVIEWS),
        locales=runtime.policy.shop.locales,
        gifts=runtime.policy.gifts,
    )


@router.get("/nights/{night}/{campaign}/messages/{message_id}")
def message_page(
    request: Request,
    visitor: Viewer,
    night: date,
    campaign: str,
    message_id: str,
    grant: Grant = None,
) -> Response:
    """One message: what she reads, why she, why this gift, why these items."""
    return show_message(request, visitor, night, campaign, message_id, grant=grant)


def show_message(
    request: Request,
    visitor: Visitor,
    night: date,
    campaign: str,
    message_id: str,
    *,
    grant: str | None = None,
    told: str | None = None,
    status: int = 200,
) -> Response:
    """The page of a message; ``told`` is why what she just asked for was not done."""
    runtime = runtime_of(request)
    revealed = granted(request, visitor, grant)
    letter = open_letters(runtime, [message_id], revealed=revealed).get(message_id)
    try:
        asked = Chosen(text=message_id)
        rows = touches(runtime, night, campaign, chosen=asked, limit=1, revealed=revealed).rows
        stands, _, trail = show(runtime, night, campaign, samples=0)
        reasons = why(runtime, message_id)
        choices = eligible_gifts(runtime, message_id) if rows and rows[0].waits else []
    except (UnableToDecide, UnableToExplain):
        raise HTTPException(404) from None
    if letter is None or not rows:
        raise HTTPException(404)
    return render(
        request,
        visitor,
        "message.html",
        obstacle=obstacles(runtime, [message_id], now=now_of(request)).get(message_id),
        status=status,
        night=night,
        stands=stands,
        seen=as_seen(stands, trail),
        on_its_way=_on_its_way(runtime, night, campaign),
        row=rows[0],
        letter=letter,
        preview=look_at(request, letter, grant, rows[0].locale),
        reasons=reasons,
        choices=choices,
        gifts=runtime.policy.gifts,
        grant=grant,
        told=told,
    )


def _on_its_way(runtime: Runtime, night: date, campaign: str) -> bool:
    """Whether a campaign can be changed no more, as messages of it were sealed."""
    with reading(runtime.engine) as connection:
        return any(name == campaign for name, _ in count_left(connection, night))


def as_query(chosen: Chosen) -> dict[str, str]:
    """A filter as an address or a form carries it."""
    names = ("text", "tier", "locale", "channel", "gift", "state")
    return {name: getattr(chosen, name) for name in names if getattr(chosen, name)}
