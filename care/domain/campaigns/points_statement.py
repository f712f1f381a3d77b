"""Points statement: due on a day of each month or quarter, with her balance of points.

Everybody who has enough points to be worth a letter.

It ends some days after the day of the statement; then it waits for the next one.
"""

from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates, facts
from care.domain.occasion import Occasion


class PointsStatementSettings(CampaignSettings):
    """Points statement settings."""

    every: Literal["month", "quarter"] = Field(default="quarter", description="how often")
    day: int = Field(
        default=1, ge=1, le=28, description="of the month, or of the quarter's first month"
    )
    late_days: int = Field(
        default=3, ge=0, le=14, description="may still be sent so many days after"
    )
    min_points: int = Field(default=1, ge=1, description="who has fewer gets none")


def find_points_statements(
    tables: Tables, settings: PointsStatementSettings, *, night: date
) -> pd.DataFrame:
    """Customers who have points, in the days after the statement's day."""
    today = np.datetime64(night, "D")
    months = 1 if settings.every == "month" else 3
    this = np.datetime64(night, "M")
    latest = [
        first.astype("datetime64[D]") + (settings.day - 1)
        for first in (this, this - 1)  # a month's statement may still be sent in the next
        if int(first.astype("int64")) % months == 0
    ]
    on = next((day for day in latest if day <= today <= day + settings.late_days), None)
    if on is None:
        return candidates({"customer_key": []})
    people = tables.customers
    having = people[(people["points"] >= settings.min_points).fillna(False)]
    return candidates(
        {
            "customer_key": having["customer_key"],
            "occasion_key": f"points-statement-{_period(on, settings.every)}",
            "occasion_on": on,
            "send_from": on,
            "send_until": on + settings.late_days,
            "facts": facts(
                {
                    "points": having["points"].tolist(),
                    "expiring": having["points_expiring"].tolist(),
                    "expires_on": having["points_expires_on"].dt.date.tolist(),
                }
            ),
        },
        index=having.index,
    )


def _period(day: np.datetime64, every: str) -> str:
    month = str(day.astype("datetime64[M]"))
    return month if every == "month" else f"{month[:4]}-q{(int(month[5:]) + 2) // 3}"


def _why_now(told: Occasion) -> str:
    return f"The statement of {told.day}; {told.facts.get('points')} points to spend."


CAMPAIGN = Campaign(
    "points_statement",
    PointsStatementSettings,
    find_points_statements,
    _why_now,
    facts={"points": 1_250, "expiring": 200, "expires_on": date(2026, 6, 30)},
    turns=({"points": 1, "expiring": 0},),
    known_ahead=True,
)
