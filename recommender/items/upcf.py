"""What customers like her had in their last orders, she first of all: recency-aware neighbours.

UP-CF@r of Faggioli, Polato and Aiolli, "Recency Aware Collaborative Filtering for Next Basket
Recommendation" (UMAP 2020).
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.items import neighbours, shortlist
from recommender.items.baskets import Baskets
from recommender.items.bought import Bought
from recommender.items.model import History, Purpose, PurposeLike
from recommender.items.neighbours import Sparse
from recommender.items.scored import scored_candidates
from recommender.keys import Ints, position


@dataclass(frozen=True, slots=True, eq=False)
class UpCf:
    """Score = sum over neighbours of closeness ** locality * the neighbour's own popularity.

    Popularity is the share of her last ``recency`` orders that held an item; closeness the
    asymmetric cosine of what two customers ever bought. She is her own nearest neighbour.
    """

    kind: ClassVar[str] = "upcf"
    bought: Bought
    had: Sparse
    """1 for what a customer ever bought, (C, I)."""
    popularity: Sparse
    """Of each item with each customer, (C, I)."""
    among: Ints
    """Positions of the customers among whom neighbours are sought, ascending, (P,)."""
    nearest: int
    asymmetry: float
    locality: float

    @classmethod
    def fit(
        cls,
        history: History,
        *,
        today: int,
        recency: int = 25,
        asymmetry: float = 0.25,
        locality: float = 5.0,
        nearest: int = 300,
        pool: int = neighbours.POOL,
        seed: int = 0,
    ) -> Self:
        """Learn from the orders up to and including ``today``.

        The defaults are those of the authors' program, but for ``recency``, 5 there, which was
        chosen on validation customers; and the program knows no limit of neighbours.

        Args:
            history: rows of ``columns.HISTORY``.
            today: the last day read.
            recency: the last orders that popularity looks at.
            asymmetry: how much the number of her own items counts in closeness, against theirs.
            locality: power of closeness; the higher, the less far neighbours say.
            nearest: how many customers speak beside her.
            pool: customers among whom neighbours are sought.
            seed: of the sample of these, where there are more.
        """
        baskets = Baskets.of(history, today=today)
        bought = baskets.bought
        seen = np.minimum(baskets.count[baskets.owner], recency)
        popularity = baskets.summed((baskets.back < recency) / seen)
        among = neighbours.pool(bought.customers.size, most=pool, seed=seed)
        return cls(
            bought,
            neighbours.vectors(bought, np.ones(bought.item.size)),
            neighbours.vectors(bought, popularity),
            among,
            nearest,
            asymmetry,
            locality,
        )

    def scores(self, code: Ints) -> Sparse:
        """Score of every item for the customers at these positions, (Q, I)."""
        similar = neighbours.nearest(
            self.had[code],
            self.had[self.among],
            self.nearest,
            close=neighbours.asymmetric_cosine(self.asymmetry),
            itself=position(code, self.among),
        )
        near = neighbours.reweighed(similar, lambda closeness: closeness**self.locality)
        theirs = neighbours.block_scores(near, self.popularity[self.among])
        # Asymmetric or not, her closeness to herself is 1.
        return (self.popularity[code] + theirs).tocsr()

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
