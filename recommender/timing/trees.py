"""Boosted trees that go on from a score and learn what it leaves over."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

TREES: Final = 100
PARAMETERS: Final[Mapping[str, Any]] = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.06,
    "min_data_in_leaf": 500,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "lambda_l2": 20.0,
    "max_bin": 63,
    "force_col_wise": True,
    "deterministic": True,
    "num_threads": 1,
    "verbose": -1,
}
"""Chosen on weeks before those that figures are reported of; see ``docs/models.md``."""


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Gradient-boosted trees (LightGBM, Ke et al. 2017) with the logistic loss."""

    text: bytes
    """LightGBM's own."""

    @classmethod
    def fit(
        cls, facts: Floats32, truth: Bools, score: Floats, *, seed: int, trees: int = TREES
    ) -> Self:
        """Learn what to add to a score.

        Args:
            facts: (N, F); NaN where one is unknown.
            truth: (N,).
            score: log odds to go on from, (N,).
            seed: of samples of rows and columns.
            trees: how many.
        """
        import lightgbm

        parameters = {**PARAMETERS, "seed": seed}
        least = max(20, min(PARAMETERS["min_data_in_leaf"], truth.size // 100))
        parameters["min_data_in_leaf"] = least
        data = lightgbm.Dataset(
            facts, truth.astype(np.float32), init_score=score, params=parameters
        )
        grown = lightgbm.train(parameters, data, trees)
        text = re.sub(r"(?m)^\[num_threads: \d+\]$", "[num_threads: 0]", grown.model_to_string())
        return cls(text.encode())

    def score(self, facts: Floats32) -> Floats:
        """What to add, in log odds, (N,)."""
        if facts.shape[0] == 0:
            return np.empty(0)
        found = _booster(self.text).predict(facts, raw_score=True, num_threads=1)
        return np.asarray(found, dtype=np.float64)


@lru_cache(maxsize=8)
def _booster(text: bytes) -> Any:
    import lightgbm

    return lightgbm.Booster(model_str=text.decode())
