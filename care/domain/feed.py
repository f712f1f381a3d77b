"""The shop's order feed: whether it is fresh and sound enough to read behaviour from."""

import math
from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.model import Decided
from care.domain.setaside import Columns

WEEK = 7
CHANCE = 4.0
"""Standard errors of a Poisson count; a day that is fewer short may be a slow one."""
LEAST_LINES = 30
"""A day of fewer lines is too small for shares of it to mean anything."""
FAR = 4.0
"""A product is far above its usual share when its odds on a line are so many times the usual."""

FEED = Columns(
    "feed",
    {
        "day": "datetime64[s]",
        "lines": "int64",
        "orders": "int64",
        "customers": "int64",
        "items": "int64",  # different products
        "product_lines": "int64",  # of the product that has most
        "customer_lines": "int64",  # of the customer who has most
        "new_lines": "int64",  # of products first sold in the weeks before
    },
)
"""One row a local day with orders. Of days too old to say what is usual only lines are counted."""


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
            "the last week must bring this share of the order lines that a week usually brings, "
            "and the last day this share of the orders that its weekday does"
        ),
    )
    max_times: float = Field(
        default=5.0,
        gt=1,
        description=(
            "the last day may bring so many times the order lines that its weekday usually brings, "
            "and so many times as many for each customer. Raise it before a day of great sales"
        ),
    )
    max_product_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description=(
            "of the order lines of the last day, unless one product usually has nearly as many. 1: "
            "any"
        ),
    )
    max_customer_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="of the order lines of the last day, that one customer may have. 1: any",
    )
    usual_weeks: int = Field(
        default=4, ge=1, le=26, description="weeks whose median says what is usual"
    )

    @property
    def reach_days(self) -> int:
        """Days before a night that say what is usual, the last week among them."""
        return WEEK * (self.usual_weeks + 1)


def doubts(feed: pd.DataFrame, limits: FeedLimits, *, night: date) -> list[str]:
    """Why the behaviour in this feed must not be acted on, in words; nothing if it may be.

    ``feed``: columns of ``FEED``; days from the night on say nothing about it. A feed is stale when
    its last order is too old, and shrunken when its last week has far fewer lines than the median
    of the weeks before; the median, so that one week of sales does not make the next one look poor.
    Its last day is held against the same weekday of those weeks: too few orders, too many lines,
    one product or one customer that has most of them. A shop younger than the weeks that say what
    is usual is only asked whether it is fresh, and whether all it has is one customer's.
    """
    day = feed["day"].to_numpy("datetime64[D]")
    tonight = np.datetime64(night, "D")
    known = feed[day < tonight].reset_index(drop=True)
    if known.empty:
        return ["no order before this night was delivered"]
    ago = (tonight - 1 - known["day"].to_numpy("datetime64[D]")).astype(int)
    age = int(ago.min()) + 1
    found = []
    if age > limits.max_age_days:
        found.append(f"the last order is {age} days old, more than {limits.max_age_days}")
    per_week = np.bincount(
        ago // WEEK, weights=known["lines"].to_numpy("int64"), minlength=limits.usual_weeks + 1
    )
    old_enough = bool((ago // WEEK).max() >= limits.usual_weeks)
    usual = float(np.median(per_week[1 : limits.usual_weeks + 1]))
    if old_enough and per_week[0] < limits.min_share * usual:
        found.append(
            f"the last week has {per_week[0]:,.0f} order lines, usual are {usual:,.0f}; "
            f"less than {limits.min_share:.0%} of them. Deliver what is missing"
        )
    last = known.iloc[int(ago.argmin())]
    same = (ago > ago.min()) & ((ago - ago.min()) % WEEK == 0)
    near = same & (ago - ago.min() <= WEEK * limits.usual_weeks)
    on = f"{last['day']:%A} {last['day']:%Y-%m-%d}"
    if old_enough and near.any():
        found += _against_its_weekday(last, known[near], limits, on)
        found += _one_product(
            last, known[(ago > ago.min()) & (ago < limits.reach_days)], limits, on
        )
    share = last["customer_lines"] / last["lines"]
    if last["lines"] >= LEAST_LINES and share > limits.max_customer_share:
        found.append(
            f"one customer has {share:.0%} of the {last['lines']:,} order lines of {on}, more than "
            f"{limits.max_customer_share:.0%}. Look whether the feed still tells customers apart"
        )
    return found


def _against_its_weekday(
    last: pd.Series, before: pd.DataFrame, limits: FeedLimits, on: str
) -> list[str]:
    """Too few orders on the last day, or too many lines."""
    found = []
    orders, usual_orders = int(last["orders"]), float(before["orders"].median())
    short = usual_orders - orders > CHANCE * math.sqrt(usual_orders)
    if short and orders < limits.min_share * usual_orders:
        found.append(
            f"{on} has {orders:,} orders, usual are {usual_orders:,.0f} on that weekday; less than "
            f"{limits.min_share:.0%} of them. Deliver the rest of that day"
        )
    lines, usual_lines = int(last["lines"]), float(before["lines"].median())
    each = lines / max(int(last["customers"]), 1)
    usual_each = float((before["lines"] / before["customers"].clip(lower=1)).median())
    if lines < LEAST_LINES:
        return found
    if lines > limits.max_times * usual_lines:
        found.append(
            f"{on} has {lines:,} order lines, usual are {usual_lines:,.0f} on that weekday; more "
            f"than {limits.max_times:g} times as many. Look for lines that were delivered twice, "
            "or raise feed.max_times if they are true"
        )
    elif each > limits.max_times * usual_each:
        found.append(
            f"{on} has {each:,.0f} order lines for each customer, usual are {usual_each:,.0f}; "
            f"more than {limits.max_times:g} times as many. Look whether the feed still tells "
            "customers apart"
        )
    return found


def _one_product(last: pd.Series, before: pd.DataFrame, limits: FeedLimits, on: str) -> list[str]:
    """One product has most of the last day's lines, and never had nearly as many."""
    if last["lines"] < LEAST_LINES:
        return []
    share = float(last["product_lines"] / last["lines"])
    usual = float(before["product_lines"].sum() / max(int(before["lines"].sum()), 1))
    if share <= limits.max_product_share or _odds(share) <= FAR * _odds(usual):
        return []
    return [
        f"one product has {share:.0%} of the {last['lines']:,} order lines of {on}, usual are "
        f"{usual:.0%} for the one that sells best. Look whether the feed mixed products up, or "
        "raise feed.max_product_share if it is true"
    ]


def _odds(share: float) -> float:
    return math.inf if share >= 1 else share / (1 - share)
