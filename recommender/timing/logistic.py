"""Logistic regression with a ridge, by Newton's method; and a score made true to what came."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

STEPS = 12
ROWS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """log odds = weights · (terms - mean) / spread + intercept."""

    mean: Floats
    spread: Floats
    weights: Floats
    intercept: float

    @classmethod
    def fit(cls, terms: Floats32, truth: Bools, *, ridge: float) -> Self:
        """Maximise the likelihood less ridge / 2 times the squared weights of standardised terms.

        Args:
            terms: (N, F), finite.
            truth: (N,), both kinds present.
            ridge: weight of the penalty; the intercept bears none.
        """
        mean = terms.mean(axis=0, dtype=np.float64)
        spread = terms.std(axis=0, dtype=np.float64)
        spread = np.where(spread > 1e-6, spread, 1.0)
        size = terms.shape[1] + 1
        penalty = np.full(size, ridge)
        penalty[-1] = 0.0
        share = float(truth.mean())
        weights = np.zeros(size)
        weights[-1] = np.log(share / (1.0 - share))
        for _ in range(STEPS):
            slope, curve = -penalty * weights, np.diag(penalty)
            # A million rows of standardised terms at once would take a gigabyte.
            for begin in range(0, truth.size, ROWS_AT_ONCE):
                rows = slice(begin, begin + ROWS_AT_ONCE)
                design = np.ones((truth[rows].size, size), dtype=np.float32)
                design[:, :-1] = (terms[rows] - mean) / spread
                expected = 1.0 / (1.0 + np.exp(-(design @ weights.astype(np.float32))))
                slope += (truth[rows] - expected).astype(np.float32) @ design
                curve += (design * (expected * (1.0 - expected))[:, None]).T @ design
            step = np.linalg.solve(curve, slope)
            weights = weights + step
            if np.abs(step).max() < 1e-4:
                break
        return cls(mean, spread, weights[:-1], float(weights[-1]))

    def score(self, terms: Floats32) -> Floats:
        """Log odds, (N,)."""
        weights = self.weights / self.spread
        constant = self.intercept - float(self.mean @ weights)
        # One kind of float on both sides, or NumPy copies all terms into the larger one.
        return np.asarray(terms @ weights.astype(np.float32), dtype=np.float64) + constant

    def distance(self, terms: Floats32) -> Floats:
        """How many spreads the mean of each term lies from where it lay in the lessons, (F,)."""
        return np.asarray(np.abs(terms.mean(axis=0, dtype=np.float64) - self.mean) / self.spread)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays from which ``from_arrays`` restores an equal object."""
        return {
            "mean": self.mean,
            "spread": self.spread,
            "weights": np.append(self.weights, self.intercept),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Restore what ``to_arrays`` gave."""
        weights = arrays["weights"]
        return cls(arrays["mean"], arrays["spread"], weights[:-1], float(weights[-1]))


def straightened(log_odds: Floats, truth: Bools, *, caution: float) -> tuple[float, float]:
    """Intercept and slope that make a score true to what came (Platt 1999).

    Both are drawn towards 0 and 1, as if ``caution`` rows had spoken for them.

    Args:
        log_odds: what was said, (N,).
        truth: what came, (N,).
        caution: strength of the pull; 0 for none.
    """
    design = np.column_stack([np.ones(log_odds.size), log_odds])
    home = np.array([0.0, 1.0])
    found = home.copy()
    penalty = caution * np.eye(2)
    for _ in range(STEPS):
        expected = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -50.0, 50.0)))
        slope = design.T @ (truth - expected) - penalty @ (found - home)
        curve = (design * (expected * (1.0 - expected))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve + 1e-9 * np.eye(2), slope)
        found = found + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-8:
            break
    # Whoever was likelier must stay so.
    return float(found[0]), float(max(found[1], 0.1))
