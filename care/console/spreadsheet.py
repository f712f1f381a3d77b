"""Tables to take away: CSV that a spreadsheet opens rightly and computes nothing of."""

from collections.abc import Iterable

import pandas as pd
from starlette.responses import StreamingResponse

from care.intake.inert import inert

MARK = "\ufeff"
"""Without it Excel guesses another encoding."""


def as_file(name: str, frames: Iterable[pd.DataFrame]) -> StreamingResponse:
    """Frames one below the other, as a file to save; the first one brings the header."""
    return StreamingResponse(
        (_text(frame, first=number == 0) for number, frame in enumerate(frames)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _text(frame: pd.DataFrame, *, first: bool) -> str:
    texts = frame.select_dtypes(exclude=["number", "bool"]).columns
    told = frame.assign(**{str(one): inert(frame[one].astype("str")) for one in texts})
    text: str = told.to_csv(index=False, header=first, lineterminator="\r\n")
    return MARK + text if first else text
