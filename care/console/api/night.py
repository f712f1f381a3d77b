"""Nights: which there are, how one stands, and what became of many."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, HTTPException, Request

from care import desk
from care.console.access import Viewer
from care.console.day import AskedDay
from care.console.page import runtime_of
from care.console.picture import PICTURES
from care.desk.overview import Overview, overview
from care.storage import nights
from care.storage.bulk import records
from care.storage.database import reading
from care.storage.reviews import CampaignNight

router = APIRouter(prefix="/api", tags=["nights"])


@dataclass(frozen=True, slots=True)
class Series:
    """A picture's table: one object a row."""

    name: str
    rows: list[dict[str, Any]]


@router.get("/nights")
def list_nights(request: Request, visitor: Viewer) -> list[date]:
    """Every night planned so far, in order."""
    with reading(runtime_of(request).engine) as connection:
        return nights.planned_nights(connection)


@router.get("/waiting")
def list_waiting(request: Request, visitor: Viewer) -> list[CampaignNight]:
    """Campaigns of any night that wait for a person, newest night first."""
    return desk.list_campaigns(runtime_of(request), waiting_only=True)


@router.get("/nights/{night}")
def show_night(request: Request, visitor: Viewer, night: date) -> Overview:
    """A night and its campaigns in figures."""
    return overview(runtime_of(request), night)


@router.get("/series/{name}")
def show_series(
    request: Request, visitor: Viewer, name: str, since: AskedDay = None, until: AskedDay = None
) -> Series:
    """The table beneath one of the pictures."""
    if name not in PICTURES:
        raise HTTPException(404, f"there is {', '.join(PICTURES)}")
    rows = PICTURES[name].table(runtime_of(request), since, until)
    return Series(name, records(rows))
