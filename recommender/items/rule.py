"""The simple rules that a ranker must beat, and that speak where it does not."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recommender.items import shortlist
from recommender.items.habits import Habits
from recommender.items.model import Purpose, Source
from recommender.items.shortlist import Candidates, Request
from recommender.keys import Ints

Rule = Callable[[Habits, Ints, Ints], NDArray[np.float64]]
"""From rows of ``Habits.bought`` and their items' positions, both (N,), to scores, (N,)."""


def _counted(habits: Habits, row: Ints, item: Ints) -> NDArray[np.float64]:
    return np.asarray(habits.bought.times[row] + habits.bought.share[item] / 2.0)


def _decayed(habits: Habits, row: Ints, item: Ints) -> NDArray[np.float64]:
    return np.asarray(habits.bought.weight[row] + habits.bought.share[item])


def _long(habits: Habits, row: Ints, item: Ints) -> NDArray[np.float64]:
    return np.asarray(habits.long[row] + 2.0 * habits.bought.share[item])


RULES: Final[dict[str, tuple[Rule, float, int]]] = {
    "counted": (_counted, 0.5, 1),
    "decayed": (_decayed, 1.0, 0),
    "long": (_long, 2.0, 0),
}
"""Score of what she bought, weight of popularity for what she did not, and its tier: personal and
global frequency; personal frequency decayed by days; the same by orders, with more popularity."""


def ruled(
    habits: Habits, request: Request, k: int, purpose: Purpose, rule: str
) -> list[Candidates]:
    """What a rule of ``RULES`` puts forward for a block of customers; popular items behind."""
    score, weight, tier = RULES[rule]
    bought = habits.bought
    parts = []
    if purpose is not Purpose.DISCOVER:
        q, row = shortlist.own(bought, request)
        item = bought.item[row].astype(np.int64)
        parts.append(Candidates(q, item, score(habits, row, item), Source.PERSONAL))
    if purpose is not Purpose.AGAIN:
        taken = shortlist.owned_keys(bought, request)
        q, item = shortlist.popular(bought, request, k, taken=taken)
        parts.append(Candidates(q, item, weight * bought.share[item], Source.POPULAR, tier))
    return parts
