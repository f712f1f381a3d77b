"""Baseline: she goes on buying as often as she has since she first did."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.timing.interval import exponential_due
from recommender.timing.model import PurchaseDays, as_of


@dataclass(frozen=True, slots=True)
class Frequency:
    """Exponential law of rate purchases / days since the first, that day included.

    Unlike the mean interval it also counts the silence since the last purchase.
    """

    kind: ClassVar[str] = "frequency"

    @classmethod
    def fit(cls, purchase_days: PurchaseDays, *, today: int) -> Self:  # noqa: ARG003
        """Learn nothing; the pairs say all."""
        return cls()

    def due(self, pairs: pd.DataFrame, *, today: int, horizon: int) -> pd.DataFrame:
        """See ``TimingModel.due``."""
        pairs = as_of(pairs, today)
        days = (today - pairs[columns.FIRST_DAY].to_numpy() + 1).astype(np.float64)
        mean = days / pairs[columns.PURCHASES].to_numpy()
        return exponential_due(pairs, mean, today=today, horizon=horizon)

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        return {}, {}

    @classmethod
    def from_arrays(
        cls,
        arrays: dict[str, NDArray[Any]],  # noqa: ARG003
        parameters: dict[str, Any],
    ) -> Self:
        """Restore what ``to_arrays`` gave."""
        return cls(**parameters)
