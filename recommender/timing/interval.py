"""Baseline: she buys at random, on average once in her own mean interval."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.timing.model import PurchaseDays, as_of
from recommender.timing.rhythm import rhythm

WINDOW = (0.1, 0.9)
LONGEST_DAYS = 3650.0


@dataclass(frozen=True, slots=True)
class Interval:
    """Exponential law of rate 1 / mean interval; a pair without one takes the shop's mean.

    P(bought within h days) = 1 - exp(-h / mean), whenever the last purchase was; the expected day
    is the last purchase plus the mean interval.
    """

    kind: ClassVar[str] = "interval"
    shop_mean: float
    """Days between purchases of a type, over all intervals; a year if there is none."""

    @classmethod
    def fit(cls, purchase_days: PurchaseDays, *, today: int) -> Self:
        """Learn from the purchase days up to and including ``today``."""
        pairs = rhythm(purchase_days, today=today)
        days = (pairs[columns.LAST_DAY] - pairs[columns.FIRST_DAY]).sum()
        intervals = (pairs[columns.PURCHASES] - 1).sum()
        return cls(float(days / intervals) if intervals else 365.0)

    def due(self, pairs: pd.DataFrame, *, today: int, horizon: int) -> pd.DataFrame:
        """See ``TimingModel.due``."""
        pairs = as_of(pairs, today)
        mean = pairs[columns.MEAN_INTERVAL].fillna(self.shop_mean).to_numpy()
        return exponential_due(pairs, mean, today=today, horizon=horizon)

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        return {}, {"shop_mean": self.shop_mean}

    @classmethod
    def from_arrays(
        cls,
        arrays: dict[str, NDArray[Any]],  # noqa: ARG003
        parameters: dict[str, Any],
    ) -> Self:
        """Restore what ``to_arrays`` gave."""
        return cls(**parameters)


def exponential_due(
    pairs: pd.DataFrame, mean: NDArray[np.float64], *, today: int, horizon: int
) -> pd.DataFrame:
    """``columns.DUE`` for purchases that come at random, once in ``mean`` days."""
    last_day = pairs[columns.LAST_DAY].to_numpy().astype(np.float64)
    low, high = (
        today + np.ceil(np.minimum(-mean * np.log1p(-part), LONGEST_DAYS)) for part in WINDOW
    )
    kept = [columns.CUSTOMER, columns.TYPE, columns.PURCHASES, columns.LAST_DAY]
    return pairs[[*kept, columns.MEAN_INTERVAL]].assign(
        **{
            columns.PROBABILITY: -np.expm1(-horizon / mean),
            columns.EXPECTED_DAY: np.rint(last_day + np.minimum(mean, LONGEST_DAYS)).astype(
                np.int32
            ),
            columns.WINDOW_FROM: low.astype(np.int32),
            columns.WINDOW_TO: high.astype(np.int32),
        }
    )
