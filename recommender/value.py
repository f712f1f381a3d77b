"""What customers will spend in the time to come: what they spent, the older the lighter.

Exponential smoothing (R. G. Brown, *Statistical Forecasting for Inventory Control*, 1959) of each
customer's spend by day. How fast the past fades is chosen on the shop's own history.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

HALF_LIVES = (15, 30, 45, 60, 90, 120, 180)


class UnableToValue(ValueError):
    """The history is too short to choose by; the message says how long it must be."""


@dataclass(frozen=True, slots=True)
class Smoothed:
    """Spend goes on as it did, a purchase counting half as much after ``half_life_days``."""

    half_life_days: float

    @classmethod
    def fit(cls, spend: pd.DataFrame, *, today: int) -> "Smoothed":
        """Choose the half-life whose first half of the history foretells the second best.

        ``spend``: ``customer, day, amount``, days up to ``today``. Best is the least mean absolute
        error over the customers of the first half; of equal ones the shortest.

        Raises:
            UnableToValue: less than two weeks of history, or nothing in its first half.
        """
        start = int(spend["day"].min()) if len(spend) else today
        middle = (start + today + 1) // 2
        before = spend[spend["day"] < middle]
        if today + 1 - start < 14 or before.empty:
            raise UnableToValue("two weeks of purchases at least are needed to choose a half-life")
        horizon = today + 1 - middle
        errors = {}
        for days in HALF_LIVES:
            told = cls(float(days)).expect(before, start=start, today=middle - 1, days=horizon)
            truth = spent_within(spend, told.index, first=middle, last=today)
            errors[days] = float(np.abs(truth - told.to_numpy()).mean())
        return cls(float(min(errors, key=lambda days: (errors[days], days))))

    def expect(self, spend: pd.DataFrame, *, start: int, today: int, days: int) -> pd.Series:
        """Spend of each customer expected in the ``days`` after ``today``, by customer.

        ``start``: the first day of the history. In the money of ``amount``.
        """
        fade = np.log(2) / self.half_life_days
        age = today - spend["day"].to_numpy("float64")
        weighed = pd.Series(spend["amount"].to_numpy("float64") * np.exp(-fade * age))
        total = weighed.groupby(spend["customer"].to_numpy()).sum()
        watched = np.exp(-fade * np.arange(today - start + 1)).sum()
        value: pd.Series = (total / watched * days).rename("value").rename_axis("customer")
        return value


def evaluate(spend: pd.DataFrame, *, middle: int, today: int) -> Mapping[str, Mapping[str, float]]:
    """Foretell the spend from ``middle`` to ``today`` from all before it.

    ``smoothed`` beside two simple rules: ``last``, she spends as much as in an equal time before,
    and ``rate``, her mean purchase times her purchases a day, shrunken towards everybody's (gamma
    prior by moments). Figures: ``mae`` and ``rmse`` in the money of ``amount``; ``order``, the rank
    correlation (Spearman); ``gain`` and ``gain_se``, by how much ``smoothed`` has the smaller
    absolute error, and the standard error of that, paired by customer.
    """
    before = spend[spend["day"] < middle]
    start, days = int(before["day"].min()), today + 1 - middle
    smoothed = Smoothed.fit(before, today=middle - 1).expect(
        before, start=start, today=middle - 1, days=days
    )
    truth = spent_within(spend, smoothed.index, first=middle, last=today)
    told: dict[str, Floats] = {
        "last": spent_within(before, smoothed.index, first=middle - days, last=middle - 1),
        "rate": _by_rate(before, smoothed.index, watched=middle - start, days=days),
        "smoothed": smoothed.to_numpy("float64"),
    }
    own = np.abs(truth - told["smoothed"])
    figures = {}
    for name, value in told.items():
        error = np.abs(truth - value)
        gain = error - own
        figures[name] = {
            "mae": float(error.mean()),
            "rmse": float(np.sqrt((error**2).mean())),
            "order": float(pd.Series(value).corr(pd.Series(truth), method="spearman")),
            "gain": float(gain.mean()),
            "gain_se": float(gain.std() / np.sqrt(len(gain))),
        }
    return figures


def spent_within(spend: pd.DataFrame, customers: pd.Index, *, first: int, last: int) -> Floats:
    """What each of these customers spent from a day to another, both included."""
    inside = spend[(spend["day"] >= first) & (spend["day"] <= last)]
    total = inside.groupby("customer")["amount"].sum().reindex(customers)
    spent: Floats = total.fillna(0).to_numpy("float64")
    return spent


def _by_rate(spend: pd.DataFrame, customers: pd.Index, *, watched: int, days: int) -> Floats:
    by_customer = spend.groupby("customer")["amount"].agg(["count", "mean"]).reindex(customers)
    count = by_customer["count"].to_numpy("float64")
    rate = count.mean() / watched
    spread = max(count.var() / watched**2 - rate / watched, 1e-12)
    weight = rate / spread
    expected: Floats = (count + rate * weight) / (watched + weight) * days
    return by_customer["mean"].to_numpy("float64") * expected
