"""Baseline: purchases at random at a rate of her own, the rates of a type spread as a gamma law.

With ``x`` purchase days after the first in ``t`` days since the first, and rates of a type spread
as Gamma(shape, scale of time ``beta``),

    P(bought within h) = 1 - ((beta + t) / (beta + t + h)) ** (shape + x),

the negative binomial law of Ehrenberg (1959). Shape and scale are found from the moments of x and
t, type by type (empirical Bayes), a thin type's drawn towards the shop's.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import Ints, position
from recommender.timing.interval import exponential_due
from recommender.timing.model import PurchaseDays, as_of
from recommender.timing.rhythm import rhythm

Floats = NDArray[np.float64]

SHRINK_PAIRS = 50.0
"""A type's own rates count as much as the shop's once it has this many pairs."""
LEAST_SPREAD = 0.05
"""Squared coefficient of variation of rates below which none is believed."""
LEAST_PURCHASES = 2


@dataclass(frozen=True, slots=True, eq=False)
class GammaPoisson:
    """Posterior rates by pair; see the module."""

    kind: ClassVar[str] = "gamma_poisson"
    types: Ints
    """Ascending, (T,)."""
    shape: Floats
    """(T,)."""
    beta: Floats
    """Days, (T,)."""
    shop_shape: float
    shop_beta: float

    @classmethod
    def fit(cls, purchase_days: PurchaseDays, *, today: int) -> Self:
        """Learn from the purchase days up to and including ``today``."""
        pairs = rhythm(purchase_days, today=today)
        pairs = pairs[pairs[columns.PURCHASES] >= LEAST_PURCHASES]
        x, t = exposure(pairs, today)
        types, kind = np.unique(pairs[columns.TYPE].to_numpy(), return_inverse=True)
        if x.size == 0:
            return cls(types.astype(np.int64), np.empty(0), np.empty(0), 1.0, 365.0)
        one = np.zeros(x.size, dtype=np.int64)
        shop_rate, shop_spread = (float(found[0]) for found in moments(x, t, one, 1))
        rate, spread = moments(x, t, kind, types.size)
        known = np.bincount(kind, minlength=types.size) / SHRINK_PAIRS
        rate = (known * rate + shop_rate) / (known + 1.0)
        spread = np.maximum((known * spread + shop_spread) / (known + 1.0), LEAST_SPREAD)
        shop_spread = max(shop_spread, LEAST_SPREAD)
        shape = 1.0 / spread
        return cls(types, shape, shape / rate, 1.0 / shop_spread, 1.0 / shop_spread / shop_rate)

    def due(self, pairs: pd.DataFrame, *, today: int, horizon: int) -> pd.DataFrame:
        """See ``TimingModel.due``; expected is the last purchase plus the mean of her rhythm."""
        pairs = as_of(pairs, today)
        x, t = exposure(pairs, today)
        at = position(pairs[columns.TYPE].to_numpy(), self.types)
        known = at >= 0
        if self.types.size:
            shape = np.where(known, self.shape[at], self.shop_shape) + x
            beta = np.where(known, self.beta[at], self.shop_beta) + t
        else:
            shape, beta = self.shop_shape + x, self.shop_beta + t
        found = exponential_due(pairs, beta / shape, today=today, horizon=horizon)
        probability = -np.expm1(shape * (np.log(beta) - np.log(beta + horizon)))
        return found.assign(**{columns.PROBABILITY: probability})

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        return {"types": self.types, "shape": self.shape, "beta": self.beta}, {
            "shop_shape": self.shop_shape,
            "shop_beta": self.shop_beta,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        state: dict[str, Any] = {**arrays, **parameters}
        return cls(**state)


def exposure(pairs: pd.DataFrame, today: int) -> tuple[Floats, Floats]:
    """Purchase days after the first, and days since the first (at least one), (N,) each."""
    x = pairs[columns.PURCHASES].to_numpy() - 1.0
    return x, np.maximum(today - pairs[columns.FIRST_DAY].to_numpy(), 1.0)


def moments(x: Floats, t: Floats, kind: Ints, kinds: int) -> tuple[Floats, Floats]:
    """Mean rate and squared coefficient of variation of the rates, by kind.

    For Poisson counts E[x] = rate * t and E[x (x - 1)] = E[rate ** 2] * t ** 2, so both come from
    sums over pairs, each weighted by what it can tell.
    """
    rate = np.bincount(kind, x, kinds) / np.maximum(np.bincount(kind, t, kinds), 1e-9)
    square = np.bincount(kind, x * (x - 1.0), kinds) / np.maximum(
        np.bincount(kind, t**2, kinds), 1e-9
    )
    rate = np.maximum(rate, 1e-6)
    return rate, np.maximum(square / rate**2 - 1.0, 0.0)
