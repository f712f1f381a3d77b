"""What she and the customers most like her buy, the older the lighter, counted in orders.

Temporal item frequency with user-based nearest neighbours: Hu, He, Gao and Zhang, "Modeling
Personalized Item Frequency Information for Next-basket Recommendation" (SIGIR 2020).
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
class TifuKnn:
    """Score = alpha * her own vector + (1 - alpha) * the mean vector of her nearest neighbours.

    A vector is the mean over groups of ``group_size`` successive orders, the last group full, of
    the group's mean order; an order counts ``within_decay`` to the number of orders after it in its
    group, a group ``group_decay`` to the number of groups after it.
    """

    kind: ClassVar[str] = "tifuknn"
    bought: Bought
    own: Sparse
    """(C, I)."""
    among: Ints
    """Positions of the customers among whom neighbours are sought, ascending, (P,)."""
    pool: Sparse
    """Their vectors, (P, I)."""
    nearest: int
    alpha: float

    @classmethod
    def fit(
        cls,
        history: History,
        *,
        today: int,
        nearest: int = 300,
        within_decay: float = 0.9,
        group_decay: float = 0.7,
        alpha: float = 0.7,
        group_size: int = 7,
        pool: int = neighbours.POOL,
        seed: int = 0,
    ) -> Self:
        """Learn from the orders up to and including ``today``.

        The defaults are those the paper gives for Ta-Feng.

        Args:
            history: rows of ``columns.HISTORY``.
            today: the last day read.
            nearest: how many customers speak beside her.
            within_decay: weight of an order relative to the next one of its group.
            group_decay: weight of a group relative to the next.
            alpha: what her own vector counts.
            group_size: orders a group.
            pool: customers among whom neighbours are sought.
            seed: of the sample of these, where there are more.
        """
        baskets = Baskets.of(history, today=today)
        value = frequencies(
            baskets, within_decay=within_decay, group_decay=group_decay, group_size=group_size
        )
        own = neighbours.vectors(baskets.bought, value)
        among = neighbours.pool(own.shape[0], most=pool, seed=seed)
        return cls(baskets.bought, own, among, own[among], nearest, alpha)

    def scores(self, code: Ints) -> Sparse:
        """Score of every item for the customers at these positions, (Q, I)."""
        own = self.own[code]
        similar = neighbours.nearest(
            own,
            self.pool,
            self.nearest,
            close=neighbours.euclidean,
            itself=position(code, self.among),
        )
        theirs = neighbours.block_scores(neighbours.averaged(similar), self.pool)
        return (self.alpha * own + (1.0 - self.alpha) * theirs).tocsr()

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


def frequencies(
    baskets: Baskets, *, within_decay: float, group_decay: float, group_size: int
) -> NDArray[np.float64]:
    """Personal item frequency of each row of ``baskets.bought``; see ``TifuKnn``."""
    orders = baskets.count[baskets.owner]
    group, place = np.divmod(baskets.back, group_size)
    length = np.minimum(group_size, orders - group * group_size)
    groups = -(-orders // group_size)
    return baskets.summed(within_decay**place * group_decay**group / (length * groups))
