"""One campaign of a night: its figures, its messages, its wording and its trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request

from care import desk
from care.console.access import Viewer
from care.console.api.customer import Reasoned
from care.console.message import Filter
from care.console.page import now_of, runtime_of
from care.desk.changes import Changes, changed_since_yesterday
from care.desk.gift import Choice, eligible_gifts
from care.desk.letter import open_letters
from care.desk.obstacle import Obstacles, obstacles, obstacles_of
from care.desk.page import Page
from care.desk.sample import samples
from care.desk.touch import Chosen, TouchRow, reveal, touches
from care.desk.verdict import as_seen
from care.desk.why import Why, why
from care.desk.wording import Wording, wordings_of
from care.domain.decision import Decision
from care.storage.reviews import CampaignNight

router = APIRouter(prefix="/api/nights/{night}/campaigns/{campaign}", tags=["campaigns"])


def known_campaign(request: Request, night: date, campaign: str) -> CampaignNight:
    """The campaign that an address names."""
    for one in desk.list_campaigns(runtime_of(request), night=night):
        if one.campaign == campaign:
            return one
    raise HTTPException(404, f"there is no campaign {campaign!r} on {night}")


Campaign = Annotated[CampaignNight, Depends(known_campaign)]


@dataclass(frozen=True, slots=True)
class CampaignShown:
    """A campaign and what was decided about it, oldest first. ``seen``: to decide on just that.

    ``obstacles``: what would stop its first messages if they left now.
    """

    stands: CampaignNight
    seen: str
    obstacles: Obstacles
    trail: list[Decision]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as its reader will see it, names hidden. ``because``: why it was picked."""

    message_id: str
    customer_ref: str
    channel: str
    content: Mapping[str, Any]
    because: str | None = None


@dataclass(frozen=True, slots=True)
class MessageShown:
    """A message, why it says what it says, and which gifts may be given instead.

    ``obstacle``: why it would be stopped if it left now.
    """

    row: TouchRow
    obstacle: str | None
    letter: Letter
    why: Why
    choices: list[Choice]


@router.get("")
def show_campaign(request: Request, visitor: Viewer, stands: Campaign) -> CampaignShown:
    """How a campaign stands, and what was decided."""
    _, _, trail = desk.show(runtime_of(request), stands.night, stands.campaign, samples=0)
    found = obstacles_of(runtime_of(request), stands.night, stands.campaign, now=now_of(request))
    return CampaignShown(stands, as_seen(stands, trail), found, trail)


@router.get("/samples")
def show_samples(
    request: Request,
    visitor: Viewer,
    stands: Campaign,
    n: Annotated[int, Query(ge=1, le=50)] = 6,
    seed: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> list[Letter]:
    """Messages worth looking at; another seed picks others."""
    runtime = runtime_of(request)
    picked = samples(runtime, stands.night, stands.campaign, n=n, seed=seed)
    letters = open_letters(runtime, [one.sample.message_id for one in picked])
    return [
        Letter(found.message_id, found.customer_ref, found.channel, found.content, one.because)
        for one in picked
        if (found := letters.get(one.sample.message_id))
    ]


@router.get("/messages")
def list_messages(
    request: Request,
    visitor: Viewer,
    stands: Campaign,
    chosen: Filter,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[TouchRow]:
    """A page of messages; pass its ``next`` as ``after`` for the one that follows."""
    return touches(
        runtime_of(request),
        stands.night,
        stands.campaign,
        chosen=chosen,
        after=after,
        limit=limit,
    )


@router.get("/messages/{message_id}")
def show_message(
    request: Request, visitor: Viewer, stands: Campaign, message_id: str
) -> MessageShown:
    """One message, explained."""
    runtime = runtime_of(request)
    asked = Chosen(text=message_id)
    rows = touches(runtime, stands.night, stands.campaign, chosen=asked, limit=1).rows
    found = open_letters(runtime, [message_id]).get(message_id)
    if not rows or found is None:
        raise HTTPException(404, "there is no such message")
    return MessageShown(
        rows[0],
        obstacles(runtime, [message_id], now=now_of(request)).get(message_id),
        Letter(found.message_id, found.customer_ref, found.channel, found.content),
        why(runtime, message_id),
        eligible_gifts(runtime, message_id) if rows[0].waits else [],
    )


@router.post("/messages/{message_id}/reveal")
def reveal_message(
    request: Request, visitor: Viewer, stands: Campaign, message_id: str, asked: Reasoned
) -> Letter:
    """One message as its reader will see it, names, codes and links in the open; that is logged."""
    runtime = runtime_of(request)
    rows = touches(
        runtime, stands.night, stands.campaign, chosen=Chosen(text=message_id), limit=1
    ).rows
    if not rows:
        raise HTTPException(404, "there is no such message")
    hers = rows[0].customer_ref
    reveal(runtime, [hers], actor=visitor.name, reason=asked.reason, now=now_of(request))
    found = open_letters(runtime, [rows[0].message_id], revealed={hers}).get(rows[0].message_id)
    if found is None:
        raise HTTPException(404, "there is no such message")
    return Letter(found.message_id, found.customer_ref, found.channel, found.content)


@router.get("/changes")
def show_changes(request: Request, visitor: Viewer, stands: Campaign) -> Changes:
    """What is not as it was the night before."""
    return changed_since_yesterday(runtime_of(request), stands.night, stands.campaign)


@router.get("/wordings")
def show_wordings(request: Request, visitor: Viewer, stands: Campaign) -> list[Wording]:
    """What its messages are written from tonight."""
    return wordings_of(runtime_of(request), stands.night, stands.campaign)
