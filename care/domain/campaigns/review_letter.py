"""Review letter: due once or twice a year, with thanks for the months that are over.

Who came often enough in those months. The letters go out over some days, each customer's always in
the same place, and say how often she came, what she chose most often, where that may be named, and
her points.

It ends some days after the customer's own day; then it waits for the next time of the year.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from care.domain.anniversary import MonthDay
from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates, facts
from care.domain.look_back import Period
from care.domain.occasion import Occasion
from care.domain.segment import BUYING_REPEATEDLY


class ReviewLetterSettings(CampaignSettings):
    """Review letter settings."""

    days: tuple[MonthDay, ...] = Field(
        min_length=1,
        max_length=4,
        description=(
            "month and day, as `01-05`, on which the first of the letters go out; up to four, "
            "each in another month"
        ),
    )
    months: int = Field(
        default=12,
        ge=1,
        le=12,
        description=(
            "so many whole months before the month of that day are told of: 12 from 5 January "
            "are the year that is over"
        ),
    )
    spread_days: int = Field(
        default=7,
        ge=1,
        le=28,
        description=(
            "the letters go out over so many days, so that no day has too many; each customer "
            "has her place among them"
        ),
    )
    late_days: int = Field(
        default=3,
        ge=0,
        le=14,
        description="a letter may still go so many days after its own; later it is not sent",
    )
    min_visits: int = Field(
        default=3, ge=2, description="days in those months on which she bought anything, at least"
    )
    min_times: int = Field(
        default=3,
        ge=2,
        description="what she bought most often is named if she bought it on so many days",
    )

    @field_validator("days")
    @classmethod
    def _one_in_a_month(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        if len({day[:2] for day in days}) < len(days):
            raise ValueError("two days of one month tell of the same months; keep one")
        return days


def period_tonight(chosen: Mapping[str, CampaignSettings], night: date) -> Period | None:
    """What the letters of a night look back on, and whose they are; None if there are none.

    ``chosen``: the campaigns that run. The months are those before the month of the letters' first
    day, so a letter of early January tells of the year that is over.
    """
    settings = chosen.get(CAMPAIGN.name)
    if not isinstance(settings, ReviewLetterSettings):
        return None
    lasts = timedelta(days=settings.spread_days - 1 + settings.late_days)
    for year in (night.year, night.year - 1):
        for day in settings.days:
            first_on = date.fromisoformat(f"{year}-{day}")
            if not first_on <= night <= first_on + lasts:
                continue
            age = (night - first_on).days
            month = np.datetime64(first_on, "M")
            return Period(
                first_on=first_on,
                begins=(month - settings.months).astype("datetime64[D]").item(),
                ends=month.astype("datetime64[D]").item(),
                spread_days=settings.spread_days,
                places=tuple(
                    place
                    for place in range(settings.spread_days)
                    if place <= age <= place + settings.late_days
                ),
                min_visits=settings.min_visits,
            )
    return None


def find_review_letters(
    tables: Tables, settings: ReviewLetterSettings, *, night: date
) -> pd.DataFrame:
    """Customers whose place among the letters has come. The occasion is the end of the months."""
    period = period_tonight({CAMPAIGN.name: settings}, night)
    if period is None:
        return candidates({"customer_key": []})
    theirs = tables.looked_back
    keys = theirs["customer_key"].to_numpy("int64")
    on = np.datetime64(period.first_on, "D") + keys % period.spread_days
    named = (theirs["times"] >= settings.min_times).fillna(False)
    points = tables.customers.set_index("customer_key")["points"].reindex(keys)
    some = points.mask((points <= 0).fillna(True).to_numpy(bool))
    last_day = period.ends - timedelta(days=1)
    return candidates(
        {
            "customer_key": keys,
            "occasion_key": f"review-to-{last_day:%Y-%m}",
            "occasion_on": on,
            "send_from": on,
            "send_until": on + settings.late_days,
            "product_key": theirs["product_key"].where(named).to_numpy(),
            "facts": facts(
                {
                    "visits": theirs["visits"].tolist(),
                    "months": [settings.months] * len(keys),
                    "until": [last_day] * len(keys),
                    "points": some.tolist(),
                }
            ),
        },
        index=pd.RangeIndex(len(keys)),
    )


def _why_now(told: Occasion) -> str:
    visits, months = told.facts.get("visits"), told.facts.get("months")
    return f"Came {visits} times in the {months} months up to {told.fact_day('until')}."


_UNTIL = date(2026, 4, 30)

CAMPAIGN = Campaign(
    "review_letter",
    ReviewLetterSettings,
    find_review_letters,
    _why_now,
    reads_behaviour=True,
    facts={"visits": 26, "months": 6, "until": _UNTIL, "points": 1_250},
    turns=(
        {"visits": 9, "months": 12, "until": _UNTIL},
        {"visits": 4, "months": 3, "until": _UNTIL},
    ),
    finds=BUYING_REPEATEDLY,
    known_ahead=True,
)
