"""Points: earned by orders, redeemed by customers, gone at the end of their last month.

A balance is the sum of its moves and nothing else. What is redeemed or has expired uses up the
points that would expire first.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.model import Decided


class Move(StrEnum):
    """Why a balance changed."""

    EARN = "earn"
    REDEEM = "redeem"
    EXPIRE = "expire"
    ADJUST = "adjust"


MOVES: Mapping[str, str] = {
    "customer_key": "int64",
    "kind": "str",
    "reference": "str",  # what it was for: the order, the night; once per customer and kind
    "points": "int64",  # added, or below 0 taken
    "on_day": "datetime64[s]",
    "expires_on": "datetime64[s]",  # last day on which they can be used; missing: for ever
}

HELD: Mapping[str, str] = {
    "points": "Int64",  # missing where the shop has no points
    "points_expiring": "Int64",  # how many of them are gone first
    "points_expires_on": "datetime64[s]",  # after this day
}
"""What is known of a customer's points."""


class PointsRules(Decided):
    """How points are earned and how long they last."""

    start_on: date = Field(
        description=(
            "orders before this day earn nothing, so that switching points on does not pay "
            "for the past"
        )
    )
    per_unit: int = Field(
        ge=1,
        description=(
            "points for each whole unit of the currency; an order's points are rounded down"
        ),
    )
    percent: dict[str, int] = Field(
        default_factory=dict,
        description=(
            "of that, by tier, such as `{ gold = 150 }`; a tier that is not named earns 100"
        ),
    )
    delay_days: int = Field(
        default=0,
        ge=0,
        le=60,
        description=(
            "an order earns so many days after its day, so that what comes back by then earns "
            "nothing"
        ),
    )
    expire_after_months: int | None = Field(
        default=None,
        ge=1,
        le=120,
        description=(
            "points last to the end of the month in which they turn so many months old; "
            "without it, for ever"
        ),
    )


def earn(
    orders: pd.DataFrame, rules: PointsRules, *, minor_per_unit: int, night: date
) -> pd.DataFrame:
    """The moves that orders earn by a night: one each, whole points, rounded down.

    ``orders``: ``customer_key, order_id, day, amount_minor, tier``, one row an order. Orders before
    ``start_on``, or younger than ``delay_days``, earn nothing yet. Returns ``MOVES``.
    """
    last = pd.Timestamp(night) - pd.Timedelta(days=1 + rules.delay_days)
    counts = (orders["day"] >= pd.Timestamp(rules.start_on)) & (orders["day"] <= last)
    here = orders[counts]
    percent = here["tier"].map(rules.percent).fillna(100).to_numpy("int64")
    amount = here["amount_minor"].to_numpy("int64")
    earned = amount * rules.per_unit * percent // (100 * minor_per_unit)
    moves = pd.DataFrame(
        {
            "customer_key": here["customer_key"].to_numpy(),
            "kind": str(Move.EARN),
            "reference": here["order_id"].to_numpy(),
            "points": earned,
            "on_day": here["day"].to_numpy(),
            "expires_on": _last_day(here["day"], rules.expire_after_months),
        }
    ).astype(dict(MOVES))
    return moves[moves["points"] > 0].reset_index(drop=True)


def expire(overdue: pd.DataFrame, *, night: date) -> pd.DataFrame:
    """The moves that take what has expired by a night. Returns ``MOVES``.

    ``overdue``: ``customer_key, points``, what was to be used before the night and was not.
    """
    frame = pd.DataFrame(
        {
            "customer_key": overdue["customer_key"],
            "kind": str(Move.EXPIRE),
            "reference": night.isoformat(),
            "points": -overdue["points"],
            "on_day": pd.Timestamp(night),
            "expires_on": pd.NaT,
        }
    )
    return frame.astype(dict(MOVES))


def _last_day(days: pd.Series, months: int | None) -> object:
    """The end of the month in which so many months have passed."""
    if months is None:
        return pd.NaT
    month = days.to_numpy("datetime64[M]") + np.timedelta64(months + 1, "M")
    return (month.astype("datetime64[D]") - np.timedelta64(1, "D")).astype("datetime64[s]")
