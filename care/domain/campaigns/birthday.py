"""Birthday: found some days ahead so that people can review it, sent on the day itself.

The year of birth may be unknown; a birthday is never congratulated late.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.anniversary import LeapDayRule, next_anniversary, year_of
from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates


class BirthdaySettings(CampaignSettings):
    """Birthday settings."""

    lead_days: int = Field(default=0, ge=0, le=30, description="found and reviewed ahead")
    leap_day: LeapDayRule = "28-february"


def find_birthdays(tables: Tables, settings: BirthdaySettings, *, night: date) -> pd.DataFrame:
    """Customers whose Gregorian birthday falls within the lead days from the night on."""
    people = tables.customers
    known = people[
        people["birth_month"].notna()
        & people["birth_day"].notna()
        & (people["birth_calendar"] == "gregorian")
    ]
    today = np.datetime64(night, "D")
    on = next_anniversary(
        known["birth_month"].to_numpy("int64"),
        known["birth_day"].to_numpy("int64"),
        on_or_after=today,
        leap_day=settings.leap_day,
    )
    soon = on <= today + settings.lead_days
    on = on[soon]
    return candidates(
        {
            "customer_key": known["customer_key"].to_numpy()[soon],
            "occasion_key": "birthday-" + pd.Series(year_of(on)).astype("str"),
            "occasion_on": on,
            "send_from": on,
            "send_until": on,
        }
    )


CAMPAIGN = Campaign("birthday", BirthdaySettings, find_birthdays)
