"""Baseline: Amazon's modified Poisson-gamma law of buying again (Bhagat et al., KDD 2018).

"Buy It Again: Modeling Repeat Purchase Recommendations" takes the Poisson-gamma rate
(k + alpha) / (t + beta), with ``k`` purchases and ``t`` days since the first, and spreads the
observed time where she was just supplied: with ``tau`` days since the last purchase and mean
interval ``m``, t becomes t + 2 |m - tau| while tau < 2 m, and stays t afterwards, so that the rate
is greatest where one interval has passed. Gamma parameters are fitted by the method of moments of
each type's rates.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import position
from recommender.timing.gamma_poisson import GammaPoisson, exposure
from recommender.timing.interval import exponential_due
from recommender.timing.model import PurchaseDays, as_of


@dataclass(frozen=True, slots=True, eq=False)
class ModifiedPoissonGamma:
    """``GammaPoisson`` with the observed time of whoever was just supplied made longer."""

    kind: ClassVar[str] = "modified_poisson_gamma"
    prior: GammaPoisson

    @classmethod
    def fit(cls, purchase_days: PurchaseDays, *, today: int) -> Self:
        """Learn from the purchase days up to and including ``today``."""
        return cls(GammaPoisson.fit(purchase_days, today=today))

    def due(self, pairs: pd.DataFrame, *, today: int, horizon: int) -> pd.DataFrame:
        """See ``TimingModel.due``."""
        pairs = as_of(pairs, today)
        x, t = exposure(pairs, today)
        prior = self.prior
        at = position(pairs[columns.TYPE].to_numpy(), prior.types)
        known = at >= 0
        shape = np.where(known, prior.shape[at], prior.shop_shape) if at.size else np.empty(0)
        beta = np.where(known, prior.beta[at], prior.shop_beta) if at.size else np.empty(0)
        since = (today - pairs[columns.LAST_DAY].to_numpy()).astype(np.float64)
        mean = pairs[columns.MEAN_INTERVAL].fillna(0.0).to_numpy()
        waiting = np.where(since < 2.0 * mean, 2.0 * np.abs(mean - since), 0.0)
        rate = (x + shape) / (t + waiting + beta)
        return exponential_due(pairs, 1.0 / rate, today=today, horizon=horizon)

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        return self.prior.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        return cls(GammaPoisson.from_arrays(arrays, parameters))
