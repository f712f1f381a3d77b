"""How sure a mean over customers is: the bootstrap interval of a paired difference.

The percentile interval of Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter
13: customers are drawn anew with replacement, each time as many as there are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
DRAWS_AT_ONCE = 4_000_000


class UnableToCompare(ValueError):
    """Two vectors are not of the same customers, or of none."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the two ends between which it lies with the level that was asked for."""

    mean: float
    low: float
    high: float

    @property
    def is_above_zero(self) -> bool:
        """Whether chance alone does not explain that the mean is positive."""
        return self.low > 0.0


def paired_interval(
    a: NDArray[np.float64],
    b: NDArray[np.float64] | float = 0.0,
    *,
    seed: int,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Interval:
    """Interval of the mean of ``a - b``, customer by customer.

    Args:
        a: a figure of each customer, (Q,); customers without one (NaN) in either are left out.
        b: the other figure of the same customers in the same order; 0 gives the interval of a mean.
        seed: of the resamples.
        level: chance that the interval holds the mean.
        resamples: how many.

    Raises:
        UnableToCompare: the lengths differ, or no customer has both figures.
    """
    if isinstance(b, np.ndarray) and a.shape != b.shape:
        raise UnableToCompare(
            f"{a.size} customers cannot be paired with {b.size}; measure both in one evaluation"
        )
    difference = a - b
    difference = difference[~np.isnan(difference)]
    if difference.size == 0:
        raise UnableToCompare("no customer has both figures; evaluate more customers")
    # Resampling customers is resampling the few values they take, by how many take each: the
    # multinomial law is the same, and a million customers cost no more than a thousand.
    value, count = np.unique(difference, return_counts=True)
    size = difference.size
    chance = np.random.default_rng(seed)
    at_once = max(1, DRAWS_AT_ONCE // value.size)
    means = np.concatenate(
        [
            chance.multinomial(size, count / size, min(at_once, resamples - done)) @ value / size
            for done in range(0, resamples, at_once)
        ]
    )
    low, high = np.quantile(means, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(float(difference.mean()), float(low), float(high))
