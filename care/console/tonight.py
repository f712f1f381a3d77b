"""Tonight: every campaign of a night at a glance, and what became of everybody who was due."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from care import desk
from care.console.access import Viewer
from care.console.page import render, runtime_of
from care.console.visitor import Visitor
from care.desk.overview import CampaignOverview, Silent, overview
from care.domain.decision import WAITS
from care.report import UnableToReport
from care.storage import nights
from care.storage.database import reading

router = APIRouter()
NIGHTS_BACK = 21


@router.get("/")
def tonight(request: Request, visitor: Viewer) -> Response:
    """The last night that was planned."""
    with reading(runtime_of(request).engine) as connection:
        night = nights.latest_night(connection)
    if night is None:
        return render(request, visitor, "empty.html")
    return _page(request, visitor, night)


@router.get("/nights/{night}")
def one_night(request: Request, visitor: Viewer, night: date) -> Response:
    """Any planned night."""
    return _page(request, visitor, night)


def _page(request: Request, visitor: Visitor, night: date) -> Response:
    runtime = runtime_of(request)
    try:
        found = overview(runtime, night)
    except UnableToReport:
        raise HTTPException(404) from None
    with reading(runtime.engine) as connection:
        planned = nights.planned_nights(connection)
    lines = sorted(found.campaigns, key=_most_urgent_first)
    everybody: list[CampaignOverview | Silent] = [*lines, *found.silent]
    waiting = sorted(
        desk.list_campaigns(runtime, waiting_only=True),
        key=lambda one: (one.decide_by, one.campaign),
    )
    return render(
        request,
        visitor,
        "tonight.html",
        night=night,
        nights=planned[-NIGHTS_BACK:][::-1],
        found=found,
        lines=lines,
        waiting=waiting,
        messages=sum(one.messages for one in lines),
        yesterday=_sum(one.yesterday for one in lines),
        last_week=_sum(one.last_week for one in lines),
        excluded=_together(*(one.excluded for one in everybody)),
        deferred=_together(*(one.deferred for one in everybody)),
        held_out=sum(one.held_out for one in everybody),
        failed=sum(one.failed for one in everybody),
        due=sum(one.due for one in everybody),
        fallbacks=_fallbacks(lines),
        others=[one for one in waiting if one.night != night],
    )


def _most_urgent_first(one: CampaignOverview) -> tuple[bool, object, str]:
    stands = one.stands
    return stands.state not in WAITS, stands.decide_by, stands.campaign


def _sum(figures: Iterable[int | None]) -> int | None:
    known = [one for one in figures if one is not None]
    return sum(known) if known else None


def _together(*counts: Mapping[str, int]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total.most_common())


def _fallbacks(lines: list[CampaignOverview]) -> float:
    messages = sum(one.messages for one in lines)
    return sum(one.fallback_share * one.messages for one in lines) / messages if messages else 0.0
