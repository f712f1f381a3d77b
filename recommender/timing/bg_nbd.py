"""Baseline: buy till you die (Fader, Hardie and Lee 2005, "Counting Your Customers the Easy Way").

While alive she buys at random at a rate spread as Gamma(r, alpha); after each purchase she drops
out with a chance spread as Beta(a, b). The four numbers are of all pairs together, by maximum
likelihood. Of a pair with ``x`` repeats, the last ``tx`` and now ``T`` days after the first,

    P(alive) = 1 / (1 + [x > 0] a / (b + x - 1) ((alpha + T) / (alpha + tx)) ** (r + x)),
    P(bought within h) = P(alive) (1 - ((alpha + T) / (alpha + T + h)) ** (r + x)).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import mixed
from recommender.timing.gamma_poisson import exposure
from recommender.timing.interval import exponential_due
from recommender.timing.model import PurchaseDays, as_of
from recommender.timing.rhythm import rhythm

Floats = NDArray[np.float64]

LEARNT_PAIRS = 50_000
"""Four numbers need no more; always the same pairs for the same data."""


@dataclass(frozen=True, slots=True)
class BgNbd:
    """The four numbers; see the module."""

    kind: ClassVar[str] = "bg_nbd"
    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, purchase_days: PurchaseDays, *, today: int) -> Self:
        """Learn from the purchase days up to and including ``today``."""
        from scipy.optimize import minimize

        pairs = rhythm(purchase_days, today=today)
        if len(pairs) > LEARNT_PAIRS:
            key = pairs[columns.CUSTOMER].to_numpy() * 1_000_003 + pairs[columns.TYPE].to_numpy()
            chosen = np.argsort(mixed(key, 0), kind="stable")[:LEARNT_PAIRS]
            pairs = pairs.iloc[np.sort(chosen)]
        if pairs.empty:
            return cls(1.0, 365.0, 1.0, 1.0)
        x, whole = exposure(pairs, today)
        last = _last(pairs)
        found = minimize(
            _loss, np.array([0.0, np.log(60.0), 0.0, 0.0]), (x, last, whole), method="L-BFGS-B",
            bounds=[(-6.0, 12.0)] * 4,
        )  # fmt: skip
        r, alpha, a, b = (float(value) for value in np.exp(found.x))
        return cls(r, alpha, a, b)

    def due(self, pairs: pd.DataFrame, *, today: int, horizon: int) -> pd.DataFrame:
        """See ``TimingModel.due``; expected and window are those of somebody still alive."""
        pairs = as_of(pairs, today)
        x, whole = exposure(pairs, today)
        last = _last(pairs)
        odds = (self.r + x) * (np.log(self.alpha + whole) - np.log(self.alpha + last))
        dropped = np.where(
            x > 0, self.a / (self.b + np.maximum(x, 1.0) - 1.0) * np.exp(np.minimum(odds, 500)), 0
        )
        late = np.log(self.alpha + whole) - np.log(self.alpha + whole + horizon)
        probability = -np.expm1((self.r + x) * late) / (1.0 + dropped)
        mean = (self.alpha + whole) / (self.r + x)
        found = exponential_due(pairs, mean, today=today, horizon=horizon)
        return found.assign(**{columns.PROBABILITY: probability})

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        return {}, {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}

    @classmethod
    def from_arrays(
        cls,
        arrays: dict[str, NDArray[Any]],  # noqa: ARG003
        parameters: dict[str, Any],
    ) -> Self:
        """Restore what ``to_arrays`` gave."""
        return cls(**parameters)


def _last(pairs: pd.DataFrame) -> Floats:
    found = pairs[columns.LAST_DAY].to_numpy() - pairs[columns.FIRST_DAY].to_numpy()
    return np.asarray(found, dtype=np.float64)


def _loss(logs: Floats, x: Floats, last: Floats, whole: Floats) -> float:
    """Mean negative log-likelihood, formula (6) of the paper."""
    from scipy.special import betaln, gammaln

    r, alpha, a, b = np.exp(logs)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + x) - (r + x) * np.log(alpha + whole)
    goes = np.where(
        x > 0,
        betaln(a + 1.0, np.maximum(b + x - 1.0, 1e-9)) - (r + x) * np.log(alpha + last),
        -np.inf,
    )
    return float(-(common + np.logaddexp(stays, goes) - betaln(a, b)).mean())
