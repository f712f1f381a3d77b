"""What a shop's customers teach about a type before one of them has a rhythm of her own."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import Ints, position

Floats = NDArray[np.float64]

SHRINK_INTERVALS = 50.0
"""A type's own variance counts as much as the shop's once it has this many spare intervals."""
USUAL_VARIANCE = 0.5
"""Of log intervals where a shop has few of its own; counts as ``USUAL_INTERVALS`` of them."""
USUAL_INTERVALS = 10.0
LEAST_VARIANCE = 0.01


class UnableToFitLaw(ValueError):
    """The history holds too few repeated purchases to learn a rhythm from."""


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """Normal law of log intervals: a pair's mean around its type's, an interval around the pair's.

    The variances are the moment estimates of one-way analysis of variance; type means are shrunk
    towards the shop's mean by DerSimonian and Laird's (1986) estimate of their spread.
    """

    types: Ints
    """Ascending, (T,)."""
    mean: Floats
    """Of log days, (T,)."""
    within: Floats
    """Variance of a pair's log intervals, (T,)."""
    between: float
    """Variance of the pairs' means within a type."""
    shop_mean: float
    shop_within: float

    @classmethod
    def of(cls, pairs: pd.DataFrame) -> Self:
        """Learn from rows of ``columns.PAIRS``.

        Raises:
            UnableToFitLaw: no customer bought any type on three days.
        """
        n = pairs[columns.PURCHASES].to_numpy().astype(np.int64) - 1
        types, kind = np.unique(pairs[columns.TYPE].to_numpy(), return_inverse=True)
        squares = pairs[columns.LOG_INTERVAL_SS].to_numpy()
        spare = np.maximum(n - 1, 0)
        if spare.sum() == 0:
            raise UnableToFitLaw(
                "no customer bought a type on three days; wait for more orders, "
                "or time by coarser types"
            )
        repeated = n > 0
        usual = USUAL_INTERVALS * USUAL_VARIANCE
        shop_within = float((squares.sum() + usual) / (spare.sum() + USUAL_INTERVALS))
        within = (np.bincount(kind, squares, types.size) + SHRINK_INTERVALS * shop_within) / (
            np.bincount(kind, spare, types.size) + SHRINK_INTERVALS
        )

        count, kind = n[repeated].astype(np.float64), kind[repeated]
        value = pairs[columns.MEAN_LOG_INTERVAL].to_numpy()[repeated]
        between = _between(value, count, kind, types.size, shop_within)
        weight = 1.0 / (between + within[kind] / count)
        total = np.bincount(kind, weight, types.size).astype(np.float64)
        seen = total > 0
        raw = np.divide(
            np.bincount(kind, weight * value, types.size),
            total,
            out=np.zeros(types.size),
            where=seen,
        )
        shop_mean, spread = _spread(raw[seen], total[seen])
        mean = (total * raw + shop_mean / spread) / (total + 1.0 / spread)
        return cls(types, mean, within, between, shop_mean, shop_within)

    def for_types(self, types: Ints) -> tuple[Floats, Floats]:
        """Mean and variance within a pair for each type; the shop's own where it is unknown."""
        at = position(types, self.types)
        known = at >= 0
        return (
            np.where(known, self.mean[at], self.shop_mean),
            np.where(known, self.within[at], self.shop_within),
        )

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters from which ``from_arrays`` restores an equal object."""
        arrays: dict[str, NDArray[Any]] = {
            "types": self.types,
            "mean": self.mean,
            "within": self.within,
        }
        scalars = ("between", "shop_mean", "shop_within")
        return arrays, {name: getattr(self, name) for name in scalars}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        state: dict[str, Any] = {**arrays, **parameters}
        return cls(**state)


def _between(value: Floats, n: Floats, kind: Ints, types: int, within: float) -> float:
    count = np.bincount(kind, minlength=types)
    total = np.bincount(kind, n, types)
    mean = np.divide(
        np.bincount(kind, n * value, types), total, out=np.zeros(types), where=total > 0
    )
    q = float((n * (value - mean[kind]) ** 2).sum())
    spare = float((count - 1)[count > 0].sum())
    squares = np.divide(np.bincount(kind, n**2, types), total, out=np.zeros(types), where=total > 0)
    scale = float(n.sum() - squares.sum())
    return max((q - within * spare) / scale, LEAST_VARIANCE) if scale > 0 else within


def _spread(mean: Floats, weight: Floats) -> tuple[float, float]:
    centre = float(np.average(mean, weights=weight))
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    if scale <= 0:
        return centre, LEAST_VARIANCE
    q = float((weight * (mean - centre) ** 2).sum())
    return centre, max((q - (mean.size - 1)) / scale, LEAST_VARIANCE)
