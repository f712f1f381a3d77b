"""The wording of a campaign for one night: read, tried out on real messages, and replaced."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from care import desk
from care.console.access import Reviewer, Viewer
from care.console.change import Reason, Seen
from care.console.header import LETTER_POLICY
from care.console.page import go, link, now_of, render, runtime_of, speech_of
from care.console.preview import preview
from care.console.visitor import Visitor
from care.desk import UnableToDecide
from care.desk.letter import hide_for
from care.desk.verdict import as_seen
from care.desk.wording import (
    UnableToEditWording,
    Wording,
    edit_wording,
    preview_wording,
    wordings_of,
)
from care.domain.channel import Channel
from care.rendering.problem import Problem

router = APIRouter()
PARTS = ("subject", "txt", "html")
LONGEST = 60_000


async def told_sources(request: Request) -> dict[str, str]:
    """Texts by part as a form brings them, with the line ends that templates have.

    An emptied box is an empty text; only what is not there at all stays as it was.
    """
    form = await request.form()
    found = {part: str(form[part]).replace("\r\n", "\n") for part in PARTS if part in form}
    if any(len(text) > LONGEST for text in found.values()):
        raise HTTPException(413, f"a text is longer than {LONGEST:,} characters; say less")
    return found


Sources = Annotated[dict[str, str], Depends(told_sources)]


@router.get("/nights/{night}/{campaign}/wording/{channel}/{locale}")
def wording_page(
    request: Request, visitor: Viewer, night: date, campaign: str, channel: Channel, locale: str
) -> Response:
    """The wording as it is, and some messages written from it."""
    found = _find(request, night, campaign, channel, locale)
    return _page(request, visitor, night, campaign, found, found.texts)


@router.post("/nights/{night}/{campaign}/wording/{channel}/{locale}/try")
def try_wording(
    request: Request,
    visitor: Reviewer,
    night: date,
    campaign: str,
    channel: Channel,
    locale: str,
    sources: Sources,
) -> Response:
    """Some messages as they would read with other words. Nothing is kept."""
    found = _find(request, night, campaign, channel, locale)
    texts = {**found.texts, **sources}
    return _page(request, visitor, night, campaign, found, texts)


@router.post("/nights/{night}/{campaign}/wording/{channel}/{locale}")
def change_wording(
    request: Request,
    visitor: Reviewer,
    night: date,
    campaign: str,
    channel: Channel,
    locale: str,
    seen: Seen,
    sources: Sources,
    reason: Reason = "",
) -> Response:
    """Replace the words for this night and write its messages anew."""
    found = _find(request, night, campaign, channel, locale)
    texts = {**found.texts, **sources}
    try:
        edit_wording(
            runtime_of(request),
            night,
            campaign,
            channel=channel,
            locale=locale,
            texts=texts,
            actor=visitor.name,
            reason=reason,
            now=now_of(request),
            seen=seen,
        )
    except UnableToDecide as error:
        return _page(
            request, visitor, night, campaign, found, texts, told=str(error), reason=reason
        )
    except UnableToEditWording:  # the page tries it again, and shows what is wrong where it is
        return _page(request, visitor, night, campaign, found, texts, reason=reason)
    return go(request, link("nights", night, campaign))


@router.post("/nights/{night}/{campaign}/wording/{channel}/{locale}/frame")
def frame_wording(
    request: Request,
    visitor: Reviewer,
    night: date,
    campaign: str,
    channel: Channel,
    locale: str,
    sources: Sources,
) -> Response:
    """One e-mail as it would look with other words, for the frame that shows it."""
    runtime = runtime_of(request)
    found = _find(request, night, campaign, channel, locale)
    try:
        tried = preview_wording(
            runtime,
            night,
            campaign,
            channel=channel,
            locale=locale,
            texts={**found.texts, **sources},
            count=1,
        )
    except UnableToEditWording as error:
        problems = map(speech_of(request).problem, error.problems)
        return PlainTextResponse("\n".join(problems), 422)
    if not tried:
        raise HTTPException(404)
    content = hide_for(runtime, [tried[0].message_id])(tried[0].message_id, tried[0].after)
    return HTMLResponse(
        str(content.get("html", "")), headers={"Content-Security-Policy": LETTER_POLICY}
    )


@router.get("/nights/{night}/{campaign}/wording/{channel}/{locale}/frame")
@router.get("/nights/{night}/{campaign}/wording/{channel}/{locale}/try")
def tried_by_post(
    request: Request, visitor: Viewer, night: date, campaign: str, channel: Channel, locale: str
) -> Response:
    """Whoever comes here by the address bar goes on to the wording."""
    return go(request, link("nights", night, campaign, "wording", channel, locale))


def _page(
    request: Request,
    visitor: Visitor,
    night: date,
    campaign: str,
    found: Wording,
    texts: Mapping[str, str],
    *,
    told: str | None = None,
    reason: str = "",
) -> Response:
    runtime = runtime_of(request)
    stands, _, trail = desk.show(runtime, night, campaign, samples=0)
    problems: tuple[Problem, ...] = ()
    tried = []
    try:
        tried = preview_wording(
            runtime,
            night,
            campaign,
            channel=Channel(found.channel),
            locale=found.locale,
            texts=texts,
        )
    except UnableToEditWording as error:
        problems = error.problems
    except UnableToDecide as error:  # none of its messages waits any more
        told = told or str(error)
    hidden = hide_for(runtime, [one.message_id for one in tried])
    return render(
        request,
        visitor,
        "wording.html",
        status=409 if told else 422 if problems else 200,
        night=night,
        stands=stands,
        seen=as_seen(stands, trail),
        found=found,
        parts=[part for part in PARTS if part in found.texts],
        texts=texts,
        problems=problems,
        behind=_behind(found.texts, texts),
        tried=[(one, preview(found.channel, hidden(one.message_id, one.after))) for one in tried],
        reason=reason,
        told=told,
    )


def _behind(before: Mapping[str, str], after: Mapping[str, str]) -> str | None:
    """The part of an e-mail that still says the old words where only the other one was changed."""
    if "html" not in before:
        return None
    text, html = (after[part] != before[part] for part in ("txt", "html"))
    return None if text == html else "html" if text else "txt"


def _find(request: Request, night: date, campaign: str, channel: Channel, locale: str) -> Wording:
    try:
        found = wordings_of(runtime_of(request), night, campaign)
    except UnableToDecide:
        raise HTTPException(404) from None
    for one in found:
        if (one.channel, one.locale) == (channel, locale):
            return one
    raise HTTPException(404)
