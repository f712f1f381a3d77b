"""Wedding anniversary: due on the day they married, once a year.

Everybody whose wedding day the shop knows, from the first full year on. The letter counts the years
and names both where it can.

It ends with the day itself: an anniversary that is over is not congratulated on any more.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.anniversary import (
    LeapDayRule,
    WeekdayRule,
    first_day_to_send,
    month_and_day,
    next_anniversary,
    year_of,
)
from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates
from care.domain.occasion import Occasion


class WeddingAnniversarySettings(CampaignSettings):
    """Wedding anniversary settings."""

    lead_days: int = Field(
        default=0,
        ge=0,
        le=30,
        description="found and reviewed so many days ahead; sent on the day itself, never later",
    )
    leap_day: LeapDayRule = Field(
        default="28-february", description="when 29 February is kept in a common year"
    )
    move_to_weekday: WeekdayRule = Field(
        default="no",
        description="`before`: a wish for a Saturday or Sunday may go out from the Friday before",
    )


def find_wedding_anniversaries(
    tables: Tables, settings: WeddingAnniversarySettings, *, night: date
) -> pd.DataFrame:
    """Customers whose wedding day comes round, at least one full year after it."""
    people = tables.customers
    married = people["wedding_on"].to_numpy("datetime64[D]")
    today = np.datetime64(night, "D")
    month, day = month_and_day(married)
    on = next_anniversary(month, day, on_or_after=today, leap_day=settings.leap_day)
    first = first_day_to_send(on, settings.move_to_weekday)
    years = year_of(on) - year_of(married)
    due = (first <= today + settings.lead_days) & (years >= 1)
    return candidates(
        {
            "customer_key": people["customer_key"].to_numpy()[due],
            "occasion_key": "wedding-anniversary-" + pd.Series(year_of(on[due])).astype("str"),
            "occasion_on": on[due],
            "send_from": first[due],
            "send_until": on[due],
            "years": years[due],
        }
    )


def _why_now(told: Occasion) -> str:
    if told.years == 1:
        return f"One year married on {told.day}."
    return f"{told.years} years married on {told.day}."


CAMPAIGN = Campaign(
    "wedding_anniversary",
    WeddingAnniversarySettings,
    find_wedding_anniversaries,
    _why_now,
    foreseeable=True,
)
