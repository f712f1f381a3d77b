"""Membership anniversary: due on the day she joined, once a year.

Everybody of whom the shop knows the day on which she joined, from the first full year on. The
letter counts the years.

It ends after some days of grace; then it waits for the next year.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.anniversary import LeapDayRule, month_and_day, next_anniversary, year_of
from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates
from care.domain.occasion import Occasion


class MembershipAnniversarySettings(CampaignSettings):
    """Membership anniversary settings."""

    lead_days: int = Field(
        default=0, ge=0, le=30, description="found and reviewed so many days ahead"
    )
    grace_days: int = Field(
        default=3, ge=0, le=14, description="may still be sent so many days after"
    )
    leap_day: LeapDayRule = Field(
        default="28-february", description="when 29 February is kept in a common year"
    )


def find_membership_anniversaries(
    tables: Tables, settings: MembershipAnniversarySettings, *, night: date
) -> pd.DataFrame:
    """Customers whose joining day comes round, at least one full year after it."""
    people = tables.customers
    joined = people["joined_on"].to_numpy("datetime64[D]")
    month, day = month_and_day(joined)
    today = np.datetime64(night, "D")
    on = next_anniversary(
        month, day, on_or_after=today - settings.grace_days, leap_day=settings.leap_day
    )
    years = year_of(on) - year_of(joined)
    due = (on <= today + settings.lead_days) & (years >= 1)
    on = on[due]
    return candidates(
        {
            "customer_key": people["customer_key"].to_numpy()[due],
            "occasion_key": "membership-anniversary-" + pd.Series(year_of(on)).astype("str"),
            "occasion_on": on,
            "send_from": on,
            "send_until": on + settings.grace_days,
            "years": years[due],
        }
    )


def _why_now(told: Occasion) -> str:
    if told.years == 1:
        return f"One year a member on {told.day}."
    return f"{told.years} years a member on {told.day}."


CAMPAIGN = Campaign(
    "membership_anniversary",
    MembershipAnniversarySettings,
    find_membership_anniversaries,
    _why_now,
    foreseeable=True,
)
