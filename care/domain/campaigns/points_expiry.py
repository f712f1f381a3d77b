"""Points expiry: due some weeks before some of her points will be gone.

Who has enough points that expire on the same day.

It ends with the points' last day, or some days after the letter could go first.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates, facts
from care.domain.occasion import Occasion


class PointsExpirySettings(CampaignSettings):
    """Points expiry settings."""

    lead_days: int = Field(
        default=21, ge=1, le=90, description="told so many days before the last day of use"
    )
    late_days: int = Field(
        default=7,
        ge=0,
        le=30,
        description="may still be sent so many days after that, but never after the last day",
    )
    min_points: int = Field(default=1, ge=1, description="fewer that expire are not worth a letter")


def find_points_expiring(
    tables: Tables, settings: PointsExpirySettings, *, night: date
) -> pd.DataFrame:
    """Customers of whose points enough expire so many days ahead."""
    people, today = tables.customers, np.datetime64(night, "D")
    until = people["points_expires_on"].to_numpy("datetime64[D]")
    begins = until - settings.lead_days
    ends = np.minimum(begins + settings.late_days, until)
    enough = (people["points_expiring"] >= settings.min_points).fillna(False).to_numpy(bool)
    due = enough & (begins <= today) & (today <= ends)  # a missing day compares as false
    rows = people[due]
    return candidates(
        {
            "customer_key": rows["customer_key"],
            "occasion_key": "points-expire-" + pd.Series(until[due], rows.index).astype("str"),
            "occasion_on": until[due],
            "send_from": begins[due],
            "send_until": ends[due],
            "facts": facts(
                {
                    "points": rows["points"].tolist(),
                    "expiring": rows["points_expiring"].tolist(),
                    "expires_on": until[due].tolist(),
                }
            ),
        },
        index=rows.index,
    )


def _why_now(told: Occasion) -> str:
    points, expiring = told.facts.get("points"), told.facts.get("expiring")
    return f"{expiring} of {points} points will be gone after {told.fact_day('expires_on')}."


CAMPAIGN = Campaign(
    "points_expiry",
    PointsExpirySettings,
    find_points_expiring,
    _why_now,
    facts={"points": 1_250, "expiring": 200, "expires_on": date(2026, 6, 30)},
    turns=({"points": 200, "expiring": 200, "expires_on": date(2026, 6, 30)},),
    known_ahead=True,
)
