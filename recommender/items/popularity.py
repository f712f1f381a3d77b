"""What most orders hold: the baseline every other item model must beat (G-TopFreq)."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.items import shortlist
from recommender.items.bought import Bought
from recommender.items.model import History, Purpose, PurposeLike, Source
from recommender.items.shortlist import Candidates, Request


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """Items by the number of distinct orders that held them."""

    kind: ClassVar[str] = "popularity"
    bought: Bought

    @classmethod
    def fit(cls, history: History, *, today: int) -> Self:
        """Learn from the orders up to and including ``today``."""
        return cls(Bought.of(history, today=today))

    def recommend(
        self,
        customers: NDArray[np.int64],
        k: int,
        *,
        purpose: PurposeLike,
        allowed: NDArray[np.int64] | None = None,
        exclude: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """See ``ItemModel.recommend``; the score is the share of the top item's orders."""
        why = Purpose(purpose)
        return shortlist.recommend(
            self.bought,
            customers,
            k,
            lambda request: [self._candidates(request, k, why)],
            allowed=allowed,
            exclude=exclude,
        )

    def _candidates(self, request: Request, k: int, purpose: Purpose) -> Candidates:
        if purpose is Purpose.AGAIN:
            q, row = shortlist.own(self.bought, request)
            item = self.bought.item[row].astype(np.int64)
            return Candidates(q, item, self.bought.share[item], Source.POPULAR)
        taken = np.empty(0, dtype=np.int64)
        if purpose is Purpose.DISCOVER:
            taken = shortlist.owned_keys(self.bought, request)
        return popular_candidates(self.bought, request, k, taken=taken)

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        return self.bought.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        return cls(Bought.from_arrays(arrays, parameters))


def popular_candidates(
    bought: Bought, request: Request, k: int, *, taken: NDArray[np.int64], tier: int = 0
) -> Candidates:
    """Put forward the ``k`` most popular items for each customer that are not ``taken``."""
    q, item = shortlist.popular(bought, request, k, taken=taken)
    return Candidates(q, item, bought.share[item], Source.POPULAR, tier)
