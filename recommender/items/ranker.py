"""The second stage: which candidates first, learnt from baskets that are already known."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from recommender.keys import Ints, place, starts

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

TREES: Final = 150
PARAMETERS: Final = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "force_col_wise": True,
    "deterministic": True,
    "verbose": -1,
}
"""Chosen on validation baskets; see ``docs/models.md``."""


HEATS: Final = 30
"""Trees after which the candidates that will not make it are left aside."""
WIDER: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """Gradient-boosted trees with the LambdaRank objective (Burges 2010), by LightGBM.

    The trees' score orders one customer's candidates. ``probability`` maps it, with the length of
    the customer's usual basket, to the chance that the item is in her next one, by logistic
    regression on baskets that the trees did not see (Platt 1999).
    """

    trees: bytes
    """LightGBM's own text."""
    calibration: Floats
    """Intercept, weight of the score, weight of log(mean basket size), (3,)."""

    @classmethod
    def fit(cls, features: Floats32, bought: NDArray[np.bool_], group: Ints, *, seed: int) -> Self:
        """Learn an order; the calibration is still to come, see ``calibrated``.

        Args:
            features: (N, F), customers together.
            bought: what the basket held, (N,).
            group: number of candidates of each customer, in order.
            seed: of samples of rows and columns.
        """
        import lightgbm

        data = lightgbm.Dataset(
            features, bought.astype(np.float32), group=group, params=_params(seed)
        )
        trees = lightgbm.train(_params(seed), data, TREES)
        # How many processors there were says nothing of the trees, and must not change the bytes.
        text = re.sub(r"(?m)^\[num_threads: \d+\]$", "[num_threads: 0]", trees.model_to_string())
        return cls(text.encode(), np.array([0.0, 1.0, 0.0]))

    def score(self, features: Floats32) -> Floats:
        """Larger is earlier, (N,); comparable within one customer only."""
        if features.shape[0] == 0:
            return np.empty(0)
        return np.asarray(_booster(self.trees).predict(features, num_threads=threads()))

    def leaders(self, features: Floats32, q: Ints, k: int) -> tuple[Ints, Floats]:
        """Rows of each customer's ``k`` highest scores, and these scores.

        Who is not among the first ``WIDER * k`` after ``HEATS`` trees is not asked of the rest: it
        is hardly ever among the first ``k`` after all of them, and most of the time goes into it.

        Args:
            features: (N, F).
            q: whose candidate each row is, (N,).
            k: rows a customer.

        Returns:
            Rows, customer by customer and best first, and their scores, as of ``score``.
        """
        if features.shape[0] == 0:
            return np.empty(0, dtype=np.int64), np.empty(0)
        trees, use = _booster(self.trees), threads()
        heats = np.asarray(trees.predict(features, num_iteration=HEATS, num_threads=use))
        final = np.sort(first_of(q, heats, WIDER * k))
        rest = trees.predict(features[final], start_iteration=HEATS, num_threads=use)
        score = heats[final] + np.asarray(rest)
        best = first_of(q[final], score, k)
        return final[best], score[best]

    def calibrated(self, score: Floats, size: Floats32, bought: NDArray[np.bool_]) -> "Ranker":
        """The same order with probabilities.

        Args:
            score: of candidates that the trees did not learn from, (N,).
            size: mean size of their customers' baskets, (N,).
            bought: what happened, (N,).
        """
        design = _design(score, size)
        weights = np.array([np.log(max(bought.mean(), 1e-6)), 1.0, 0.0])
        for _ in range(25):  # Newton's steps; the log-likelihood is concave
            chance = _logistic(design @ weights)
            slope = design.T @ (bought - chance) - 1e-3 * weights
            curve = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-3 * np.eye(3)
            step = np.linalg.solve(curve, slope)
            weights = weights + np.clip(step, -2.0, 2.0)
            if np.abs(step).max() < 1e-8:
                break
        # Whoever stands before must not be less likely.
        weights[1] = max(weights[1], 1e-3)
        return Ranker(self.trees, weights)

    def probability(self, score: Floats, size: Floats32) -> Floats:
        """Chance that a candidate is in the next basket; rises with its score, (N,)."""
        return _logistic(_design(score, size) @ self.calibration)


def first_of(q: Ints, score: Floats, k: int) -> Ints:
    """Positions of each customer's ``k`` highest scores; of equals the earlier position."""
    ranking = np.lexsort((-score, q))
    return np.asarray(ranking[place(starts(q[ranking]), ranking.size) < k])


@lru_cache(maxsize=4)
def _booster(trees: bytes) -> Any:
    """The trees, read once: their text is long, and lists are made slice by slice."""
    import lightgbm

    return lightgbm.Booster(model_str=trees.decode())


def threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _params(seed: int) -> dict[str, Any]:
    # One thread each: beside other work, threads that wait for one another at every split take
    # many times as long; fits run side by side instead.
    return {**PARAMETERS, "seed": seed, "num_threads": 1}


def _design(score: Floats, size: Floats32) -> Floats:
    return np.column_stack([np.ones(score.size), score, np.log(np.maximum(size, 1.0))])


def _logistic(value: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -50.0, 50.0))))
