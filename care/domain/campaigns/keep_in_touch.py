"""Keep in touch: due when no touch of any campaign has reached her for half a year.

Loyal customers, unless the policy chooses others. What counts is what the shop did, and not what
she bought: the silence begins with the last touch she was to get, or on the day she joined, or on
the first night on which the house knew her, whichever came last. So a house that is new to a shop
has nothing to make up for, and writes to nobody at once. What came to nothing, and a touch that the
control group did not get, break no silence. The letters go out over some weeks, for many may have
fallen silent on one day: each customer has her place among them, a few days that come round every
month, so whoever becomes loyal later, or had to wait, is met then.

It ends with the letter, as with any other touch: the silence is over. Who was planned once is not
planned again, even if nothing came of it, until as many months again have passed.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates
from care.domain.occasion import Occasion
from care.domain.segment import Audience, Segment

NAME = "keep_in_touch"
SHORTEST_MONTH, LONGEST_MONTH = 28, 31

Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]


class KeepInTouchSettings(CampaignSettings):
    """Keep in touch settings."""

    audience: Audience = Field(
        default=Audience(segments=(Segment.LOYAL,)),
        description="whom it may address; without it, loyal customers",
    )
    after_months: int = Field(
        default=6,
        ge=1,
        le=24,
        description=(
            "so many whole months must have passed without any touch; and as many again before a "
            "second letter, where the first one came to nothing"
        ),
    )
    spread_days: int = Field(
        default=28,
        ge=1,
        le=28,
        description=(
            "the letters go out over so many days from then on, so that no day has too many; each "
            "customer has her place among them"
        ),
    )
    late_days: int = Field(
        default=4,
        ge=0,
        le=14,
        description=(
            "so many days after her own a letter may still go, where others come first; then it "
            "waits for her days of the next month"
        ),
    )

    @property
    def remembers_days(self) -> int:
        """From when she can first have been planned until the months are over once more."""
        return LONGEST_MONTH * (self.after_months + 2)


def silent_from(chosen: Mapping[str, CampaignSettings], night: date) -> date | None:
    """Whom something touched after this day is not due on a night; None if nobody is.

    ``chosen``: the campaigns that run. At the earliest such a day may be, so that all who can be
    due are among those who were silent from it on.
    """
    settings = chosen.get(NAME)
    if not isinstance(settings, KeepInTouchSettings):
        return None
    return night - timedelta(days=SHORTEST_MONTH * settings.after_months)


def find_out_of_touch(
    tables: Tables, settings: KeepInTouchSettings, *, night: date
) -> pd.DataFrame:
    """Customers whose silence has lasted for the months, on their own days of each month.

    The occasion is the silence and how often it has lasted so long: planned once, it is over.
    """
    silent = tables.out_of_touch.merge(tables.customers[["customer_key", "joined_on"]])
    keys = silent["customer_key"].to_numpy("int64")
    since = silent[["since", "joined_on"]].max(axis=1).to_numpy("datetime64[D]")
    place = keys % settings.spread_days
    months = _whole_months(since, np.datetime64(night, "D") - place)
    on = _later(since, months)
    until = on + place + settings.late_days
    due = (months >= settings.after_months) & (np.datetime64(night, "D") <= until)
    lasted = pd.Series((months - months % settings.after_months)[due]).astype("str")
    began = pd.Series(since[due].astype("datetime64[s]")).dt.strftime("%Y-%m-%d")
    found = candidates(
        {
            "customer_key": keys[due],
            "occasion_key": "silent-" + lasted + "-months-since-" + began,
            "occasion_on": on[due],
            "send_from": on[due] + place[due],
            "send_until": until[due],
        }
    )
    return found[~_pairs(found).isin(_pairs(tables.past))]


def _pairs(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[["customer_key", "occasion_key"]])


def _whole_months(since: Days, until: Days) -> Ints:
    """How many months are over, which is below 1 where not even one is."""
    months: Ints = (until.astype("datetime64[M]") - since.astype("datetime64[M]")).astype("int64")
    months -= _later(since, months) > until
    return months


def _later(days: Days, months: Ints) -> Days:
    """The day some months later; of a month that has no such day, the last one."""
    first = days.astype("datetime64[M]")
    of_month = days - first.astype("datetime64[D]")
    month = first + months
    last = (month + 1).astype("datetime64[D]") - 1
    later: Days = np.minimum(month.astype("datetime64[D]") + of_month, last)
    return later


def _why_now(told: Occasion) -> str:
    return f"Has heard nothing from the shop since {told.key_day}."


CAMPAIGN = Campaign(NAME, KeepInTouchSettings, find_out_of_touch, _why_now, known_ahead=True)
