"""From customers to candidates and what the ranker may know of each: one row a (customer, item)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recommender.items import shortlist
from recommender.items.als import one_blas_thread
from recommender.items.habits import Habits
from recommender.items.model import Purpose
from recommender.items.neighbours import Sparse
from recommender.items.ranker import threads
from recommender.items.shortlist import Request
from recommender.items.views import SPARSE, Views
from recommender.keys import Ints, distinct, place, position, starts

WIDTH = 30
"""Items that each view puts forward for a customer."""
POPULAR = 30
"""Items that popularity puts forward."""
OWN = 150
"""Items of her own that are looked at: those she bought most, lately above all."""
SLICE = 512
"""Customers whose candidates are held at once."""

NAMES: Final = (
    "times", "rate", "latest", "lately", "long", "weight", "weeks", "since", "first", "since_first",
    "gap", "over", "age", "gap_days", "over_days",
    "baskets", "size", "last_size", "distinct", "visit_gap", "repeats",
    "orders", "buyers", "repeaters", "next_rate", "return_rate", "late", "discoveries",
    "discovered", "trend",
    "base", "base_long", "factors", *SPARSE,
)  # fmt: skip
"""What each column of a matrix of features is. None of them knows when she comes next."""


@dataclass(frozen=True, slots=True, eq=False)
class Put:
    """Candidates that were put forward for a slice of customers."""

    q: Ints
    """Index of the customer in the request, ascending, (N,)."""
    item: Ints
    """Position of the item, ascending within a customer, (N,)."""
    row: Ints
    """Her row in ``Habits.bought``, -1 for what she never bought, (N,)."""
    places: NDArray[np.int32]
    """Place that each view (``factors`` and ``SPARSE``, then popularity) gave it among what it put
    forward; a large number where it did not, (N, views)."""
    features: NDArray[np.float32]
    """(N, ``NAMES``)."""


NOWHERE: Final = np.int32(1_000_000)
VIEWS: Final = ("factors", *SPARSE, "popular")


def put_forward(habits: Habits, views: Views, request: Request, *, purpose: Purpose) -> list[Put]:
    """Candidates of a block of customers whom ``habits`` knows, in slices of ``SLICE``.

    Only what the request allows, and of ``purpose``; customers without a history get none.
    """
    known = np.flatnonzero(request.code >= 0)
    slices = [known[begin : begin + SLICE] for begin in range(0, known.size, SLICE)]
    # Most of the work is NumPy's and SciPy's, which let other threads run meanwhile.
    with one_blas_thread(), ThreadPoolExecutor(threads()) as workers:
        return list(workers.map(lambda part: _slice(habits, views, request, part, purpose), slices))


def _slice(habits: Habits, views: Views, request: Request, known: Ints, purpose: Purpose) -> Put:
    bought, items = habits.bought, habits.items
    code = request.code[known]
    local, own_row = bought.rows_of(code)
    owned = local * items + bought.item[own_row]
    at = position(request.excluded // items, known)
    silent = at * items + request.excluded % items
    silent = silent[at >= 0]
    scores = views.scores(habits, code)
    found: list[tuple[Ints, Ints]] = []  # keys and their places, view by view
    if purpose is not Purpose.AGAIN:
        hidden = distinct(silent, owned) if purpose is Purpose.DISCOVER else distinct(silent)
        found.append(_factored(views, code, request.allowed, hidden, items))
        found += [_heads(scores[name], request.allowed, hidden) for name in SPARSE]
        asking = Request(request.customers[known], code, request.allowed, hidden)
        order = np.argsort(-habits.late, kind="stable")
        one, item = shortlist.first_free(
            bought, asking, order, np.arange(code.size), POPULAR, taken=hidden
        )
        key = one * items + item
        ranking = np.argsort(one, kind="stable")
        found.append((key[ranking], place(starts(one[ranking]), one.size)))
    keys = [key for key, _ in found]
    if purpose is not Purpose.DISCOVER:
        free = request.allowed[bought.item[own_row]] & (position(owned, distinct(silent)) < 0)
        mine = np.flatnonzero(free)
        ranking = mine[np.lexsort((mine, -habits.long[own_row[mine]], local[mine]))]
        keys.append(owned[ranking[place(starts(local[ranking]), ranking.size) < OWN]])
    key = distinct(*keys)
    places = np.full((key.size, len(VIEWS)), NOWHERE, dtype=np.int32)
    for view, (mine, order_of) in enumerate(found):
        places[position(mine, key), view] = order_of
    q, item = np.divmod(key, items)
    mine = position(key, owned)
    row = np.where(mine >= 0, own_row[mine], -1) if owned.size else np.full(key.size, -1)
    features = _features(habits, views, scores, code, q, item, row)
    return Put(known[q], item, row, places, features)


def _factored(
    views: Views, code: Ints, allowed: NDArray[np.bool_], hidden: Ints, items: int
) -> tuple[Ints, Ints]:
    none = np.empty(0, dtype=np.int64)
    if views.als is None:
        return none, none
    request = Request(np.arange(code.size), code, allowed, hidden)
    said = views.als.factorised(request, WIDTH, none)
    ranking = np.lexsort((-said.score, said.customer))
    key = said.customer * items + said.item
    return key[ranking], place(starts(said.customer[ranking]), key.size)


def _heads(scores: Sparse, allowed: NDArray[np.bool_], hidden: Ints) -> tuple[Ints, Ints]:
    """Keys of each row's ``WIDTH`` best items, and their places."""
    items = scores.shape[1]
    q = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    item, value = scores.indices.astype(np.int64), scores.data
    free = allowed[item] & (value > 0)
    if hidden.size:
        free &= position(q * items + item, hidden) < 0
    q, item, value = q[free], item[free], value[free]
    ends = np.searchsorted(q, np.arange(scores.shape[0] + 1))
    least = np.full(scores.shape[0], -np.inf, dtype=np.float32)
    # Partial sorting row by row is several times faster than sorting all rows at once.
    for row in np.flatnonzero(np.diff(ends) > WIDTH):
        least[row] = -np.partition(-value[ends[row] : ends[row + 1]], WIDTH - 1)[WIDTH - 1]
    kept = np.flatnonzero(value >= least[q])
    kept = kept[np.lexsort((item[kept], -value[kept], q[kept]))]
    order_of = place(starts(q[kept]), kept.size)
    kept, order_of = kept[order_of < WIDTH], order_of[order_of < WIDTH]
    return q[kept] * items + item[kept], order_of


def _features(
    habits: Habits,
    views: Views,
    scores: dict[str, Sparse],
    code: Ints,
    q: Ints,
    item: Ints,
    row: Ints,
) -> NDArray[np.float32]:
    bought = habits.bought
    hers, who = row >= 0, code[q]
    matrix = np.empty((q.size, len(NAMES)), dtype=np.float32)
    column = {name: at for at, name in enumerate(NAMES)}

    def own(value: NDArray[np.generic], missing: float) -> NDArray[np.float32]:
        found = np.full(q.size, missing, dtype=np.float32)
        found[hers] = value[row[hers]]
        return found

    def spread(value: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        found = np.full(q.size, np.nan, dtype=np.float32)
        found[hers] = value
        return found

    def put(name: str, value: NDArray[np.generic]) -> None:
        matrix[:, column[name]] = value

    mine = row[hers]
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (bought.times[mine] - 1).astype(np.float32)
        between[between == 0] = np.nan
        gap = spread((habits.first[mine] - habits.since[mine]) / between)
        gap_days = spread((bought.last_day[mine] - habits.first_day[mine]) / between)
        visits = (habits.baskets[who] - 1).astype(np.float32)
        visits[visits == 0] = np.nan
        visit_gap = (habits.last_visit[who] - habits.first_visit[who]) / visits
        times, since = own(bought.times, 0), own(habits.since, np.nan)
        first = own(habits.first, np.nan)
        age = habits.last_visit[who] - own(bought.last_day, np.nan)
        put("times", times)
        put("rate", times / habits.baskets[who])
        for name in ("latest", "lately", "long", "weeks"):
            put(name, own(getattr(habits, name), 0))
        put("weight", own(bought.weight, 0))
        put("since", since)
        put("first", first)
        put("since_first", times / (first + 1))
        put("gap", gap)
        put("over", (since + 1) / gap)
        put("age", age)
        put("gap_days", gap_days)
        put("over_days", (age + visit_gap) / gap_days)
    put("baskets", habits.baskets[who])
    put("size", habits.size[who])
    put("last_size", habits.last_size[who])
    put("distinct", bought.start[who + 1] - bought.start[who])
    put("visit_gap", visit_gap)
    put("repeats", habits.repeats[who])
    put("orders", bought.orders[item])
    put("buyers", habits.buyers[item])
    put("repeaters", (habits.repeaters / np.maximum(habits.buyers, 1))[item])
    put("next_rate", ((habits.nexts + 0.5) / (habits.chances + 10))[item])
    put("return_rate", ((habits.returns + 0.5) / (habits.chances + 10))[item])
    put("late", habits.late[item])
    put("discoveries", habits.discoveries[item])
    put("discovered", (habits.discoveries / np.maximum(bought.orders, 1))[item])
    put("trend", ((habits.short + 0.1) / (habits.slow + 1.0))[item])
    share = bought.share[item]
    put("base", own(bought.weight, 0) + share)
    put("base_long", own(habits.long, 0) + 2 * share)
    put("factors", _products(views, who, item))
    for name in SPARSE:
        put(name, _looked_up(scores[name], q, item))
    return matrix


def _products(views: Views, who: Ints, item: Ints) -> NDArray[np.float32]:
    """Scores of the factors; missing where an item has no vector."""
    value = np.full(item.size, np.nan, dtype=np.float32)
    if views.als is None:
        return value
    at = position(item, views.als.kept)
    there = at >= 0
    value[there] = np.einsum(
        "nf,nf->n", views.als.customer_factors[who[there]], views.als.item_factors[at[there]]
    )
    return value


def _looked_up(scores: Sparse, q: Ints, item: Ints) -> NDArray[np.float32]:
    """Scores of candidates in order, 0 where there is none, (N,)."""
    items = scores.shape[1]
    row = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    # Both are in order, so that a search goes on where the one before it ended.
    at = position(q * items + item, row * items + scores.indices)
    found = np.zeros(q.size, dtype=np.float32)
    found[at >= 0] = scores.data[at[at >= 0]]
    return found
