"""Pictures of many nights, each with its table: drawn here, readable without colour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Literal

import pandas as pd
from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from care.console import drawing
from care.console.access import Viewer
from care.console.day import EARLIEST, AskedDay, day_of
from care.console.foretold import NotForetoldYet, foretold
from care.console.page import go, link, render, runtime_of, speech_of
from care.console.speech import Speech
from care.console.spreadsheet import as_file
from care.desk import series
from care.runtime import Runtime
from care.storage import nights
from care.storage.bulk import records
from care.storage.database import reading

router = APIRouter()
DAYS_BACK = 30
LOOK_AGAIN_SECONDS = 5
"""So often a page looks whether what it waits for is there."""
ITEMS_SHOWN = ("recall@10", "ndcg@10", "explore_recall@10", "coverage@10")
TIMING_SHOWN = ("auc", "ap", "care_ap")
ERRORS_SHOWN = ("ece", "brier")
Given = date | Literal[""] | None
Table = Callable[[Runtime, Given, Given], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: the table it is drawn from, and how."""

    table: Table
    draw: Callable[[pd.DataFrame, Speech], str]


def _span(runtime: Runtime, since: Given, until: Given) -> dict[str, date]:
    """The nights asked for, a month up to the last one unless told."""
    with reading(runtime.engine) as connection:
        last = day_of(until) or nights.latest_night(connection) or EARLIEST
    return {"since": day_of(since) or last - timedelta(days=DAYS_BACK - 1), "until": last}


def _over(
    read: Callable[..., pd.DataFrame],
    runtime: Runtime,
    since: Given,
    until: Given,
    **more: str,
) -> pd.DataFrame:
    return read(runtime, **_span(runtime, since, until), **more)


def _funnel(runtime: Runtime, since: Given, until: Given) -> pd.DataFrame:
    """``stage, count`` of one night, the last one unless told."""
    return series.way_of_a_night(runtime, _span(runtime, since, until)["until"])


def _ahead(runtime: Runtime, since: Given, until: Given) -> pd.DataFrame:
    """``night, campaign, touches, gift_cost`` of the nights to come.

    Raises:
        NotForetoldYet: they are being worked out.
    """
    return foretold(runtime)


def _figures(
    kind: str, metrics: tuple[str, ...], runtime: Runtime, since: Given, until: Given
) -> pd.DataFrame:
    """``night, model, metric, value, trained, refused``, of some metrics."""
    found = series.model_figures(runtime, kind, **_span(runtime, since, until))
    return found[found["metric"].isin(metrics)].reset_index(drop=True)


PICTURES: Mapping[str, Picture] = {
    "funnel": Picture(_funnel, drawing.funnel),
    "touches": Picture(
        partial(_over, series.touches_by_night), partial(drawing.by_campaign, value="messages")
    ),
    "exclusions": Picture(partial(_over, series.exclusions_by_night), drawing.exclusions),
    "gifts": Picture(partial(_over, series.gift_spend), drawing.gifts),
    "batches": Picture(partial(_over, series.batches_by_night), drawing.batches),
    "forecast": Picture(_ahead, partial(drawing.by_campaign, value="touches")),
    "items": Picture(partial(_figures, "items", ITEMS_SHOWN), drawing.models),
    "timing": Picture(partial(_figures, "timing", TIMING_SHOWN), drawing.models),
    "calibration": Picture(partial(_over, series.calibration), drawing.calibration),
    "errors": Picture(partial(_figures, "timing", ERRORS_SHOWN), drawing.models),
}
SLOW = frozenset({"forecast"})
"""Is worked out when somebody asks, so its page is asked for by itself."""


@router.get("/pictures")
def pictures_page(
    request: Request, visitor: Viewer, since: AskedDay = None, until: AskedDay = None
) -> Response:
    """All pictures, each with a way to its table."""
    return render(
        request,
        visitor,
        "pictures.html",
        names=[name for name in PICTURES if name not in SLOW],
        slow=sorted(SLOW),
        span=_span(runtime_of(request), since, until),
    )


@router.get("/pictures/{name}.svg")
def picture_file(
    request: Request, visitor: Viewer, name: str, since: AskedDay = None, until: AskedDay = None
) -> Response:
    """One picture as SVG."""
    picture, say = _find(name), speech_of(request)
    try:
        drawn = picture.draw(picture.table(runtime_of(request), since, until), say)
    except NotForetoldYet:
        drawn = drawing.words(say("picture.not_yet"))
    return Response(drawn, media_type="image/svg+xml")


@router.get("/pictures/{name}.csv")
def picture_table(
    request: Request, visitor: Viewer, name: str, since: AskedDay = None, until: AskedDay = None
) -> Response:
    """The table beneath a picture, for a spreadsheet."""
    try:
        table = _find(name).table(runtime_of(request), since, until)
    except NotForetoldYet:
        return go(request, link("pictures", name))
    return as_file(name, [table])


@router.get("/pictures/{name}")
def picture_page(
    request: Request, visitor: Viewer, name: str, since: AskedDay = None, until: AskedDay = None
) -> Response:
    """One picture with its table."""
    runtime = runtime_of(request)
    try:
        table = _find(name).table(runtime, since, until)
    except NotForetoldYet:
        waiting = render(
            request, visitor, "waiting.html", name=name, seconds=LOOK_AGAIN_SECONDS, status=202
        )
        waiting.headers["Refresh"] = str(LOOK_AGAIN_SECONDS)
        return waiting
    return render(
        request,
        visitor,
        "picture.html",
        name=name,
        columns=[str(column) for column in table.columns],
        rows=records(table),
        span=_span(runtime, since, until),
    )


def _find(name: str) -> Picture:
    if name not in PICTURES:
        raise HTTPException(404)
    return PICTURES[name]
