"""What she had most often, then what most orders hold: personal, then global frequency.

GP-TopFreq of Li, Jullien, Ariannezhad and de Rijke, "A Next Basket Recommendation Reality Check"
(2023): the simple rule that many published models do not beat.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.items import shortlist
from recommender.items.bought import Bought
from recommender.items.model import History, Purpose, PurposeLike, Source
from recommender.items.popularity import popular_candidates
from recommender.items.shortlist import Candidates, Request


@dataclass(frozen=True, slots=True, eq=False)
class PersonalGlobal:
    """Her own items by the number of her orders, of equals the more popular; popular ones after."""

    kind: ClassVar[str] = "personal_global"
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
        """See ``ItemModel.recommend``; what she never bought is labelled popular."""
        why = Purpose(purpose)
        return shortlist.recommend(
            self.bought,
            customers,
            k,
            lambda request: self._candidates(request, k, why),
            allowed=allowed,
            exclude=exclude,
        )

    def _candidates(self, request: Request, k: int, purpose: Purpose) -> list[Candidates]:
        parts = []
        if purpose is not Purpose.DISCOVER:
            q, row = shortlist.own(self.bought, request)
            item = self.bought.item[row].astype(np.int64)
            # Half, so that the share of the most popular item is less than one order of hers.
            score = self.bought.times[row] + self.bought.share[item] / 2.0
            parts.append(Candidates(q, item, score, Source.PERSONAL))
        if purpose is not Purpose.AGAIN:
            taken = shortlist.owned_keys(self.bought, request)
            parts.append(popular_candidates(self.bought, request, k, taken=taken, tier=1))
        return parts
