"""What goes with the things she buys: items that the same customers buy.

Item-based top-N recommendation with the cosine: Sarwar, Karypis, Konstan and Riedl (WWW 2001);
Deshpande and Karypis (TOIS 2004).
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.items import neighbours, shortlist
from recommender.items.bought import Bought
from recommender.items.model import History, Purpose, PurposeLike
from recommender.items.neighbours import Sparse
from recommender.items.scored import scored_candidates
from recommender.keys import Ints


@dataclass(frozen=True, slots=True, eq=False)
class ItemCosine:
    """Score = sum over her items of their decayed number of orders * their cosine with the item.

    Cosines may be taken to a power, so that few near items speak louder than many far ones (Aiolli,
    RecSys 2013), which large baskets need. Each item is nearest to itself, with cosine 1, so that
    repeats are not lost.
    """

    kind: ClassVar[str] = "item_cosine"
    bought: Bought
    own: Sparse
    """Decayed orders of hers with each item, (C, I)."""
    similar: Sparse
    """Cosines of each item with its nearest, to that power, (I, I)."""

    @classmethod
    def fit(
        cls,
        history: History,
        *,
        today: int,
        nearest: int = 20,
        locality: float = 1.0,
        pool: int = neighbours.POOL,
        seed: int = 0,
    ) -> Self:
        """Learn from the orders up to and including ``today``.

        Args:
            history: rows of ``columns.HISTORY``.
            today: the last day read.
            nearest: items that an item brings with it, itself among them.
            locality: power of the cosine; the higher, the less far items say.
            pool: customers by whom items are compared.
            seed: of the sample of these, where there are more.
        """
        bought = Bought.of(history, today=today)
        had = neighbours.vectors(bought, np.ones(bought.item.size))
        buyers = had[neighbours.pool(had.shape[0], most=pool, seed=seed)].T.tocsr()
        similar = neighbours.nearest(buyers, buyers, nearest, close=neighbours.cosine)
        local = neighbours.reweighed(similar, lambda cosine: cosine**locality)
        return cls(bought, neighbours.vectors(bought, bought.weight), local)

    def scores(self, code: Ints) -> Sparse:
        """Score of every item for the customers at these positions, (Q, I)."""
        return neighbours.block_scores(self.own[code], self.similar)

    def recommend(
        self,
        customers: NDArray[np.int64],
        k: int,
        *,
        purpose: PurposeLike,
        allowed: NDArray[np.int64] | None = None,
        exclude: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """See ``ItemModel.recommend``; where scores run out, popular items follow, so labelled."""
        why = Purpose(purpose)
        return shortlist.recommend(
            self.bought,
            customers,
            k,
            lambda request: scored_candidates(self.bought, request, k, why, self.scores),
            allowed=allowed,
            exclude=exclude,
        )
