"""Decisions on a campaign and changes to it, each for exactly the content that was seen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from care import desk
from care.console.access import Reviewer
from care.console.api.campaign import Campaign
from care.console.page import now_of, runtime_of
from care.desk.change import Changed
from care.desk.exclusion import exclude
from care.desk.gift import swap_gift
from care.desk.letter import hide_for
from care.desk.touch import Chosen
from care.desk.undoing import undo
from care.desk.wording import Previewed, edit_wording, preview_wording
from care.domain.channel import Channel
from care.domain.decision import Verdict
from care.storage.reviews import CampaignNight

router = APIRouter(prefix="/api/nights/{night}/campaigns/{campaign}", tags=["changes"])
Short = Annotated[str, Field(max_length=200)]


class Asked(BaseModel):
    """What every change says: why, and what was looked at.

    That is ``seen`` of the campaign, so that nothing decided since is passed over; or a content
    hash alone, or its beginning.
    """

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=500)
    seen: str = Field(min_length=12, max_length=100)


class Verdicted(Asked):
    """A verdict."""

    verdict: Literal["approve", "hold", "reject"]


class Excluded(Asked):
    """Whom to take out: customers, messages, or all that a filter finds, ``expected`` so many."""

    customers: list[Short] = Field(default=[], max_length=10_000)
    message_ids: list[Short] = Field(default=[], max_length=10_000)
    chosen: Chosen | None = None
    expected: int | None = Field(default=None, ge=1)


class Swapped(Asked):
    """Which gift a message gets instead; null is none."""

    message_id: Short
    gift_id: Short | None


class Texts(BaseModel):
    """Words for one channel and language: part → template; parts not given stay."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel
    locale: Short
    texts: Mapping[str, str]


class Reworded(Texts, Asked):
    """Words to use tonight."""


@router.post("/decide")
def decide(
    request: Request, visitor: Reviewer, stands: Campaign, asked: Verdicted
) -> CampaignNight:
    """Approve, hold or reject."""
    return desk.decide(
        runtime_of(request),
        stands.night,
        stands.campaign,
        Verdict(asked.verdict),
        actor=visitor.name,
        reason=asked.reason,
        now=now_of(request),
        seen=asked.seen,
    )


@router.post("/undo")
def take_back(request: Request, visitor: Reviewer, stands: Campaign, asked: Asked) -> CampaignNight:
    """Take the last decision or change back."""
    return undo(
        runtime_of(request),
        stands.night,
        stands.campaign,
        actor=visitor.name,
        reason=asked.reason,
        now=now_of(request),
        seen=asked.seen,
    )


@router.post("/exclude")
def leave_out(request: Request, visitor: Reviewer, stands: Campaign, asked: Excluded) -> Changed:
    """Take customers out."""
    return exclude(
        runtime_of(request),
        stands.night,
        stands.campaign,
        customers=asked.customers,
        message_ids=asked.message_ids,
        chosen=asked.chosen,
        expected=asked.expected,
        actor=visitor.name,
        reason=asked.reason,
        now=now_of(request),
        seen=asked.seen,
    )


@router.post("/gift")
def change_gift(request: Request, visitor: Reviewer, stands: Campaign, asked: Swapped) -> Changed:
    """Give one message another gift, or none."""
    return swap_gift(
        runtime_of(request),
        stands.night,
        stands.campaign,
        message_id=asked.message_id,
        gift_id=asked.gift_id,
        actor=visitor.name,
        reason=asked.reason,
        now=now_of(request),
        seen=asked.seen,
    )


@router.post("/wording/preview")
def try_wording(
    request: Request, visitor: Reviewer, stands: Campaign, asked: Texts
) -> list[Previewed]:
    """Some messages as they would read, names hidden. Nothing is kept."""
    runtime = runtime_of(request)
    tried = preview_wording(
        runtime,
        stands.night,
        stands.campaign,
        channel=asked.channel,
        locale=asked.locale,
        texts=asked.texts,
    )
    hidden = hide_for(runtime, [one.message_id for one in tried])
    return [
        replace(
            one,
            before=hidden(one.message_id, one.before),
            after=hidden(one.message_id, one.after),
        )
        for one in tried
    ]


@router.post("/wording")
def change_wording(
    request: Request, visitor: Reviewer, stands: Campaign, asked: Reworded
) -> Changed:
    """Use other words tonight."""
    return edit_wording(
        runtime_of(request),
        stands.night,
        stands.campaign,
        channel=asked.channel,
        locale=asked.locale,
        texts=asked.texts,
        actor=visitor.name,
        reason=asked.reason,
        now=now_of(request),
        seen=asked.seen,
    )
