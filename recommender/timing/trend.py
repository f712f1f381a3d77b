"""Which types are bought more of late than before, among everybody: season and fashion."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import Ints, distinct, position

Floats = NDArray[np.float64]

LATE_DAYS = (7, 14, 28)
BEFORE_DAYS = (28, 56, 112)
CAUTION = 5.0
"""So many purchases at the shop's usual pace are added to each type's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """A type's share of all purchases of late beside its share over a longer time, as logarithms.

    Shares, not counts: a week in which the whole shop sold more says nothing of one type.
    """

    types: Ints
    """Ascending, (T,)."""
    ratio: Floats
    """Log share of the last 7, 14 and 28 days less that of the last 28, 56 and 112, (T, 3)."""
    popularity: Floats
    """Log share of all purchases of the last 112 days, (T,)."""

    @classmethod
    def of(cls, chunks: Iterable[pd.DataFrame], *, today: int) -> Self:
        """Learn from rows of ``columns.PURCHASE_DAYS`` up to and including ``today``."""
        parts = [
            frame[(frame[columns.DAY] <= today) & (frame[columns.DAY] > today - BEFORE_DAYS[-1])]
            for frame in chunks
        ]
        kind = np.concatenate([part[columns.TYPE].to_numpy() for part in parts] or [np.empty(0)])
        age = today - np.concatenate(
            [part[columns.DAY].to_numpy() for part in parts] or [np.empty(0)]
        )
        kind = kind.astype(np.int64)
        types = distinct(kind)
        at = position(kind, types)
        spans = sorted({*LATE_DAYS, *BEFORE_DAYS})
        count = {days: np.bincount(at[age < days], minlength=types.size) for days in spans}
        total = {days: max(float(found.sum()), 1.0) for days, found in count.items()}
        ratio = [
            np.log((count[late] + CAUTION * total[late] / total[before]) / total[late])
            - np.log((count[before] + CAUTION) / total[before])
            for late, before in zip(LATE_DAYS, BEFORE_DAYS, strict=True)
        ]
        longest = BEFORE_DAYS[-1]
        share = (count[longest] + 1.0) / (total[longest] + types.size)
        return cls(types, np.stack(ratio, axis=1), np.log(share))

    def for_types(self, types: Ints) -> tuple[Floats, Floats]:
        """Ratios (N, 3) and popularity (N,) of each type.

        One that nothing is known of is as before, and as popular as the least of those known.
        """
        at = position(types, self.types)
        known = at >= 0
        if not self.types.size:
            return np.zeros((types.size, len(LATE_DAYS))), np.zeros(types.size)
        return (
            np.where(known[:, None], self.ratio[at], 0.0),
            np.where(known, self.popularity[at], self.popularity.min()),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays from which the constructor restores an equal object."""
        return {"types": self.types, "ratio": self.ratio, "popularity": self.popularity}
