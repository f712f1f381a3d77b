"""What she buys herself: decayed personal frequency, with popularity behind it."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.items import shortlist
from recommender.items.bought import HALF_LIFE_DAYS, Bought
from recommender.items.model import History, Purpose, PurposeLike, Source
from recommender.items.popularity import popular_candidates
from recommender.items.shortlist import Candidates, Request
from recommender.keys import Ints, distinct, position, starts


@dataclass(frozen=True, slots=True, eq=False)
class Personal:
    """Score = her decayed number of orders with the item + the item's share of popularity.

    Popularity thereby parts items she bought equally often, and never weighs more than one
    order of her latest day.
    """

    kind: ClassVar[str] = "personal"
    bought: Bought

    @classmethod
    def fit(cls, history: History, *, today: int, half_life_days: float = HALF_LIFE_DAYS) -> Self:
        """Learn from the orders up to and including ``today``."""
        return cls(Bought.of(history, today=today, half_life_days=half_life_days))

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

    def again_for_types(
        self,
        pairs: pd.DataFrame,
        *,
        item_types: pd.DataFrame,
        allowed: NDArray[np.int64] | None = None,
    ) -> pd.DataFrame:
        """For each (customer, type) the item of that type she most likely buys again.

        The greatest decayed frequency wins, then the latest purchase, then the lower item key.

        Args:
            pairs: (customer, type) rows; repeats are answered once.
            item_types: (item, type), one row an item.
            allowed: the only items that may be named; all known ones when None.

        Returns:
            ``columns.AGAIN``, ordered by customer and type; pairs of which she bought no allowed
            item have no row.
        """
        bought = self.bought
        pairs = columns.require(pairs, columns.CUSTOMER_TYPES, what="pairs")
        item_types = columns.require(item_types, columns.ITEM_TYPES, what="item_types")
        types = distinct(pairs[columns.TYPE].to_numpy())
        type_of = np.full(bought.items.size, -1, dtype=np.int64)
        known = position(item_types[columns.ITEM].to_numpy(), bought.items)
        type_of[known[known >= 0]] = position(item_types[columns.TYPE].to_numpy(), types)[
            known >= 0
        ]
        asked = pairs[columns.CUSTOMER].to_numpy()
        wanted_type = position(pairs[columns.TYPE].to_numpy(), types)
        answers = [
            self._again(request, type_of, types, asked, wanted_type)
            for request in shortlist.requests(bought, asked, allowed=allowed, exclude=None)
        ]
        if not answers:
            return columns.empty(columns.AGAIN)
        return pd.concat(answers, ignore_index=True)

    def _candidates(self, request: Request, k: int, purpose: Purpose) -> list[Candidates]:
        bought = self.bought
        parts = []
        if purpose is not Purpose.DISCOVER:
            q, row = shortlist.own(bought, request)
            item = bought.item[row].astype(np.int64)
            score = bought.weight[row] + bought.share[item]
            parts.append(Candidates(q, item, score, Source.PERSONAL))
        if purpose is not Purpose.AGAIN:
            taken = shortlist.owned_keys(bought, request)
            parts.append(popular_candidates(bought, request, k, taken=taken))
        return parts

    def _again(
        self, request: Request, type_of: Ints, types: Ints, asked: Ints, wanted_type: Ints
    ) -> pd.DataFrame:
        bought = self.bought
        q, row = shortlist.own(bought, request)
        item = bought.item[row]
        key = q * types.size + type_of[item]
        wanted_q = position(asked, request.customers)
        wanted = distinct((wanted_q * types.size + wanted_type)[wanted_q >= 0])
        fits = (type_of[item] >= 0) & (position(key, wanted) >= 0)
        key, row = key[fits], row[fits]
        best = np.lexsort((bought.item[row], -bought.last_day[row], -bought.weight[row], key))
        best = best[starts(key[best])]
        key, row = key[best], row[best]
        return pd.DataFrame(
            {
                columns.CUSTOMER: request.customers[key // types.size],
                columns.TYPE: types[key % types.size],
                columns.ITEM: bought.items[bought.item[row]],
                columns.SCORE: bought.weight[row],
                columns.TIMES: bought.times[row],
                columns.LAST_DAY: bought.last_day[row],
            }
        )

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        return self.bought.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        return cls(Bought.from_arrays(arrays, parameters))
