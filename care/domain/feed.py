"""The shop's order feed: whether it is fresh and whole enough to read behaviour from."""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.model import Decided

WEEK = 7


class FeedLimits(Decided):
    """When the order feed is not to be trusted."""

    max_age_days: int = Field(
        default=2, ge=1, description="the last order may be so many days before the night"
    )
    min_share: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description=(
            "the last week must bring this share of the order lines that a week usually brings"
        ),
    )
    usual_weeks: int = Field(
        default=4, ge=1, le=26, description="weeks whose median says what is usual"
    )


def doubts(by_day: pd.DataFrame, limits: FeedLimits, *, night: date) -> list[str]:
    """Why the behaviour in this feed must not be acted on, in words; nothing if it may be.

    ``by_day``: ``day`` (datetime64), ``lines``. A feed is stale when its last order is too old, and
    shrunken when its last week has far fewer lines than the median of the weeks before; the median,
    so that one week of sales does not make the next one look poor. A shop younger than the weeks
    that say what is usual is only asked whether it is fresh.
    """
    days = by_day["day"].to_numpy("datetime64[D]")
    lines = by_day["lines"].to_numpy("int64")
    tonight = np.datetime64(night, "D")
    known = days < tonight
    if not known.any():
        return ["no order before this night was delivered"]
    found = []
    age = int((tonight - days[known].max()).astype(int))
    if age > limits.max_age_days:
        found.append(f"the last order is {age} days old, more than {limits.max_age_days}")
    weeks_ago = (tonight - 1 - days[known]).astype(int) // WEEK
    per_week = np.bincount(weeks_ago, weights=lines[known], minlength=limits.usual_weeks + 1)
    usual = float(np.median(per_week[1 : limits.usual_weeks + 1]))
    if weeks_ago.max() >= limits.usual_weeks and per_week[0] < limits.min_share * usual:
        found.append(
            f"the last week has {per_week[0]:,.0f} order lines, usual are {usual:,.0f}; "
            f"less than {limits.min_share:.0%} of them"
        )
    return found
