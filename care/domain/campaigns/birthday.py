"""Birthday: due on her birthday, in the Gregorian or the lunar calendar, or in both.

Everybody whose day and month of birth the shop knows; the year may be unknown. It is found some
days ahead, so that people can look at it. Whoever keeps two birthdays a year has two occasions.

It ends with the day itself: a birthday that is over is not congratulated on any more.
"""

from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain import lunar
from care.domain.anniversary import (
    Days,
    Ints,
    LeapDayRule,
    Mask,
    WeekdayRule,
    first_day_to_send,
    month_and_day,
    next_anniversary,
    next_lunar_anniversary,
    year_of,
)
from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates
from care.domain.lunar import LeapMonthRule
from care.domain.occasion import Occasion


class BirthdaySettings(CampaignSettings):
    """Birthday settings."""

    lead_days: int = Field(
        default=0,
        ge=0,
        le=30,
        description="found and reviewed so many days ahead; sent on the day itself, never later",
    )
    calendars: Literal["hers", "gregorian", "lunar", "both"] = Field(
        default="hers",
        description=(
            "`hers`: each in the calendar her birthday is given in; else in that calendar or "
            "both, for everybody whose birthday is given in it or follows from a full date"
        ),
    )
    leap_day: LeapDayRule = Field(
        default="28-february", description="when 29 February is kept in a common year"
    )
    leap_month: LeapMonthRule = Field(
        default="leap-month",
        description=(
            "when a birthday in a leap month is kept in a year that has this month; in the "
            "others it is kept in the regular month of that number"
        ),
    )
    move_to_weekday: WeekdayRule = Field(
        default="no",
        description="`before`: a wish for a Saturday or Sunday may go out from the Friday before",
    )


def find_birthdays(tables: Tables, settings: BirthdaySettings, *, night: date) -> pd.DataFrame:
    """Customers whose birthday comes within the lead days from the night on.

    Whoever keeps two birthdays a year has two occasions, each with a key of its own: the lunar one
    names the lunar year.
    """
    people = tables.customers
    year, month, day = (
        people[part].to_numpy("int64", na_value=0)
        for part in ("birth_year", "birth_month", "birth_day")
    )
    in_lunar = (people["birth_calendar"] == "lunar").to_numpy(bool)
    leap = in_lunar & people["birth_leap"].to_numpy(bool)
    in_both = (year > 0) & (month > 0) & (day > 0)  # only a full date is known in the other one
    born = np.where(
        in_lunar, lunar.to_gregorian(year, month, leap, day), _gregorian(year, month, day, in_both)
    )
    never_was = in_lunar & in_both & np.isnat(born)
    derived = settings.calendars != "hers"
    today, found = np.datetime64(night, "D"), []

    if settings.calendars != "lunar":
        other_month, other_day = month_and_day(born)
        on = next_anniversary(
            np.where(in_lunar, other_month * derived, month),
            np.where(in_lunar, other_day, day),
            on_or_after=today,
            leap_day=settings.leap_day,
        )
        found.append(_due(people, "birthday-", on, year_of(on), settings, today))

    if settings.calendars != "gregorian":
        other = lunar.from_gregorian(born)
        on, lunar_year = next_lunar_anniversary(
            np.where(in_lunar, month * ~never_was, other.month * derived),
            np.where(in_lunar, day, other.day),
            np.where(in_lunar, leap, other.leap),
            on_or_after=today,
            leap_month=settings.leap_month,
        )
        found.append(_due(people, "birthday-lunar-", on, lunar_year, settings, today))

    return pd.concat(found, ignore_index=True)


def _gregorian(year: Ints, month: Ints, day: Ints, where: Mask) -> Days:
    """Days from their parts; NaT elsewhere, and where there was no such day."""
    months = np.where(where, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    real = where & (days.astype("datetime64[M]") == months)
    return np.where(real, days, np.datetime64("NaT", "D"))


def _due(
    people: pd.DataFrame,
    prefix: str,
    on: Days,
    year: Ints,
    settings: BirthdaySettings,
    today: np.datetime64,
) -> pd.DataFrame:
    first = first_day_to_send(on, settings.move_to_weekday)
    soon = first <= today + settings.lead_days
    return candidates(
        {
            "customer_key": people["customer_key"].to_numpy()[soon],
            "occasion_key": prefix + pd.Series(year[soon]).astype("str"),
            "occasion_on": on[soon],
            "send_from": first[soon],
            "send_until": on[soon],
        }
    )


def _why_now(told: Occasion) -> str:
    lunar_day = told.key.startswith("birthday-lunar-")
    return f"Lunar birthday on {told.day}." if lunar_day else f"Birthday on {told.day}."


CAMPAIGN = Campaign("birthday", BirthdaySettings, find_birthdays, _why_now, foreseeable=True)
