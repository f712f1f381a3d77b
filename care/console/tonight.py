"""Tonight: every campaign of a night at a glance, and what became of everybody who was due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from care import desk, gifting, report
from care.console.access import Viewer
from care.console.page import render, runtime_of
from care.report import NightReport, UnableToReport
from care.runtime import Runtime
from care.storage import nights
from care.storage.database import reading
from care.storage.reviews import CampaignNight

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign of a night beside what it was: ``None`` where that night was not planned."""

    campaign: CampaignNight
    touches: int
    yesterday: int | None
    last_week: int | None
    channels: Mapping[str, int]
    excluded: int


@router.get("/")
def tonight(request: Request, visitor: Viewer) -> Response:
    """The last night that was planned."""
    runtime = runtime_of(request)
    with reading(runtime.engine) as connection:
        night = nights.latest_night(connection)
    if night is None:
        return render(request, visitor, "empty.html")
    return _page(request, visitor, night)


@router.get("/nights/{night}")
def one_night(request: Request, visitor: Viewer, night: date) -> Response:
    """Any planned night."""
    return _page(request, visitor, night)


def _page(request: Request, visitor: Viewer, night: date) -> Response:
    runtime = runtime_of(request)
    try:
        found = report.night_report(runtime, night)
    except UnableToReport as error:
        return render(request, visitor, "fault.html", status=404, title=str(night), why=str(error))
    lines = _lines(runtime, found)
    with reading(runtime.engine) as connection:
        planned = nights.planned_nights(connection)
    return render(
        request,
        visitor,
        "tonight.html",
        night=night,
        nights=planned[-14:][::-1],
        found=found,
        lines=lines,
        earlier=[
            one
            for one in desk.list_campaigns(runtime, waiting_only=True)
            if one.night != night
        ],
        budgets=gifting.status(runtime, night=night).budgets,
    )


def _lines(runtime: Runtime, found: NightReport) -> list[Line]:
    night = found.record.night
    before = _touched(runtime, night - timedelta(days=1))
    week = _touched(runtime, night - timedelta(days=7))
    touched = found.count("treated")
    excluded = found.outcome("excluded")
    return [
        Line(
            campaign=one,
            touches=touched.get(one.campaign, 0),
            yesterday=None if before is None else before.get(one.campaign, 0),
            last_week=None if week is None else week.get(one.campaign, 0),
            channels={
                str(channel): int(group["count"].sum())
                for channel, group in found.messages[
                    found.messages["campaign"] == one.campaign
                ].groupby("channel")
            },
            excluded=sum(excluded.get(one.campaign, {}).values()),
        )
        for one in sorted(found.campaigns, key=_most_urgent_first)
    ]


def _most_urgent_first(one: CampaignNight) -> tuple[bool, object, str]:
    return one.state not in ("waiting", "held"), one.decide_by, one.campaign


def _touched(runtime: Runtime, night: date) -> dict[str, int] | None:
    with reading(runtime.engine) as connection:
        if nights.find_night(connection, night) is None:
            return None
        rows = nights.count_touches(connection, night)
    treated = rows[rows["arm"] == "treated"]
    return {str(k): int(v) for k, v in treated.groupby("campaign")["count"].sum().items()}
