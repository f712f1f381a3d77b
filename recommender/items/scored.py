"""From sparse scores of a block of customers to candidates: purpose, permissions, the best few."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from recommender.items import shortlist
from recommender.items.bought import Bought
from recommender.items.model import Purpose, Source
from recommender.items.neighbours import BLOCK, Sparse
from recommender.items.popularity import popular_candidates
from recommender.items.shortlist import Candidates, Request
from recommender.keys import Ints, distinct, position

Score = Callable[[Ints], Sparse]
"""From positions of known customers, (Q,), to their scores, (Q, I); what is absent scores 0."""


def scored_candidates(
    bought: Bought, request: Request, k: int, purpose: Purpose, score: Score
) -> list[Candidates]:
    """Put forward the best-scored items of each customer; behind them what is popular."""
    if purpose is Purpose.AGAIN:
        return [_own(bought, request, score)]
    hidden = np.empty(0, dtype=np.int64)
    if purpose is Purpose.DISCOVER:
        hidden = shortlist.owned_keys(bought, request)
    silent = distinct(request.excluded, hidden)
    parts = []
    for q, found in _blocks(request, score):
        row = np.repeat(np.arange(q.size), np.diff(found.indptr))
        item, value = found.indices.astype(np.int64), found.data
        free = request.allowed[item] & (value > 0)
        free &= position(q[row] * bought.items.size + item, silent) < 0
        row, item, value = row[free], item[free], value[free]
        best = _best(row, value, k, q.size)
        parts.append((q[row[best]], item[best], value[best].astype(np.float64)))
    none = np.empty(0, dtype=np.int64)
    columns = zip(*parts, strict=True) if parts else ([none], [none], [np.empty(0)])
    who, what, worth = (np.concatenate(column) for column in columns)
    ranked = Candidates(who, what, worth, Source.NEIGHBOURS)
    taken = distinct(who * bought.items.size + what, hidden)
    return [ranked, popular_candidates(bought, request, k, taken=taken, tier=1)]


def _own(bought: Bought, request: Request, score: Score) -> Candidates:
    q, row = shortlist.own(bought, request)
    item = bought.item[row].astype(np.int64)
    value = np.zeros(q.size)
    for block, found in _blocks(request, score):
        at = position(q, block)
        mine = at >= 0
        if mine.any():
            value[mine] = found[at[mine], item[mine]]
    return Candidates(q, item, value, Source.NEIGHBOURS)


def _blocks(request: Request, score: Score) -> Iterator[tuple[Ints, Sparse]]:
    known = np.flatnonzero(request.code >= 0)
    for begin in range(0, known.size, BLOCK):
        q = known[begin : begin + BLOCK]
        yield q, score(request.code[q])


def _best(row: Ints, value: NDArray[np.float32], k: int, rows: int) -> Ints:
    """Positions of each row's ``k`` highest values, and of all that equal the last of them."""
    least = np.full(rows, -np.inf, dtype=np.float32)
    ends = np.searchsorted(row, np.arange(rows + 1))
    # Partial sorting row by row is several times faster than sorting all rows at once.
    for one in np.flatnonzero(np.diff(ends) > k):
        least[one] = -np.partition(-value[ends[one] : ends[one + 1]], k - 1)[k - 1]
    return np.flatnonzero(value >= least[row])
