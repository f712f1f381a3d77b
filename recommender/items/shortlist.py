"""From candidates to the k rows a customer is told: permissions, ranks, truthful reasons."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.items.bought import Bought
from recommender.items.model import Reason, Source
from recommender.keys import Ints, distinct, place, position, starts

BLOCK = 8_192
OFTEN_TIMES = 3
LATELY_DAYS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One block of customers with what may be named to them.

    A *key* below is ``q * I + item`` for the block's ``q``-th customer and an item's position.
    """

    customers: Ints
    """Keys, ascending, (Q,)."""
    code: Ints
    """Positions in ``Bought.customers``, -1 for the unknown, (Q,)."""
    allowed: NDArray[np.bool_]
    """Over ``Bought.items``, (I,)."""
    excluded: Ints
    """Keys, ascending."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Items that may be named; ``tier`` 0 ranks wholly before tier 1, whatever the scores."""

    customer: Ints
    """Index ``q`` into the block."""
    item: Ints
    """Position in ``Bought.items``."""
    score: NDArray[np.float64]
    source: Source
    tier: int = 0
    because: Ints | None = None
    """Position in ``Bought.items`` of the item of hers that an item goes with, -1 for none."""


def requests(
    bought: Bought,
    customers: NDArray[np.int64],
    *,
    allowed: NDArray[np.int64] | None,
    exclude: pd.DataFrame | None,
) -> Iterator[Request]:
    """Cut a question into blocks of customers, so that no block needs much memory."""
    asked = distinct(np.asarray(customers, dtype=np.int64))
    may = np.ones(bought.items.size, dtype=np.bool_)
    if allowed is not None:
        may = np.isin(bought.items, np.asarray(allowed, dtype=np.int64))
    out_customer = out_item = np.empty(0, dtype=np.int64)
    if exclude is not None:
        exclude = columns.require(exclude, columns.CUSTOMER_ITEMS, what="exclude")
        out_item = position(exclude[columns.ITEM].to_numpy(), bought.items)
        out_customer = exclude[columns.CUSTOMER].to_numpy()[out_item >= 0]
        out_item = out_item[out_item >= 0]
    for begin in range(0, asked.size, BLOCK):
        block = asked[begin : begin + BLOCK]
        q = position(out_customer, block)
        excluded = distinct((q * bought.items.size + out_item)[q >= 0])
        yield Request(block, position(block, bought.customers), may, excluded)


def own(bought: Bought, request: Request) -> tuple[Ints, Ints]:
    """Rows of ``bought`` that may be named, each with the index of its customer in the block."""
    q, row = bought.rows_of(request.code)
    item = bought.item[row]
    key = q * bought.items.size + item
    free = request.allowed[item] & (position(key, request.excluded) < 0)
    return q[free], row[free]


def owned_keys(bought: Bought, request: Request) -> Ints:
    """Keys of everything the block's customers ever bought, ascending."""
    q, row = bought.rows_of(request.code)
    return q * bought.items.size + bought.item[row]


def popular(bought: Bought, request: Request, k: int, *, taken: Ints) -> tuple[Ints, Ints]:
    """For each customer the ``k`` most popular items that are allowed and not ``taken``.

    Popularity counts distinct orders; equal counts fall to the lower item key.

    Args:
        bought: purchases.
        request: the block.
        k: items a customer.
        taken: keys to leave out, ascending; the request's own exclusions need not be among them.

    Returns:
        Index of the customer in the block, and the item's position, best first per customer.
    """
    order = np.argsort(-bought.orders, kind="stable")
    everybody = np.arange(request.customers.size)
    return first_free(bought, request, order, everybody, k, taken=taken)


def first_free(
    bought: Bought, request: Request, order: Ints, asking: Ints, k: int, *, taken: Ints
) -> tuple[Ints, Ints]:
    """For some customers the first ``k`` items of an order that are allowed and not ``taken``.

    Args:
        bought: purchases.
        request: the block.
        order: positions of items, best first.
        asking: indices of the customers in the block.
        k: items a customer.
        taken: as of ``popular``.

    Returns:
        As ``popular`` does.
    """
    order = order[request.allowed[order]]
    taken = distinct(taken, request.excluded)
    waiting = asking
    found_q, found_item = [], []
    width = k
    while waiting.size:
        head = order[:width]
        q = np.repeat(waiting, head.size)
        item = np.tile(head, waiting.size)
        free = position(q * bought.items.size + item, taken) < 0
        q, item = q[free], item[free]
        count = np.bincount(q, minlength=request.customers.size)
        served = (count >= k) | (width >= order.size)
        keep = served[q] & (place(starts(q), q.size) < k)
        found_q.append(q[keep])
        found_item.append(item[keep])
        waiting = waiting[~served[waiting]]
        # Who owns the head of the list looks further down it; few do, so widen fast.
        width *= 4
    if not found_q:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate(found_q), np.concatenate(found_item)


def answer(bought: Bought, request: Request, candidates: list[Candidates], k: int) -> pd.DataFrame:
    """Rank candidates by tier, score and, at last, item key; keep ``k`` a customer; say why."""
    q = np.concatenate([part.customer for part in candidates])
    item = np.concatenate([part.item for part in candidates]).astype(np.int64)
    score = np.concatenate([part.score for part in candidates])
    part = np.repeat(np.arange(len(candidates)), [part.customer.size for part in candidates])
    tier = np.array([part.tier for part in candidates])[part]
    ranking = np.lexsort((item, -score, tier, q))
    rank = place(starts(q[ranking]), ranking.size)
    chosen = ranking[rank < k]
    rank = rank[rank < k]
    q, item, score, part = q[chosen], item[chosen], score[chosen], part[chosen]
    because = np.concatenate([_because(one) for one in candidates])[chosen]

    q_own, row = bought.rows_of(request.code)
    own = q_own * bought.items.size + bought.item[row]
    at = position(q * bought.items.size + item, own)
    hers = at >= 0
    times = np.zeros(q.size, dtype=np.int32)
    times[hers] = bought.times[row[at[hers]]]
    last_day = np.zeros(q.size, dtype=np.int32)
    last_day[hers] = bought.last_day[row[at[hers]]]
    # Nothing goes with what she never bought, whatever a model says.
    rests_at = np.where(because >= 0, position(q * bought.items.size + because, own), -1)
    source = np.array([part.source.value for part in candidates], dtype=object)[part]
    reason = _reason(source, times, last_day, rests_at >= 0, bought.today)
    rests = reason == Reason.GOES_WITH
    because_day = np.zeros(q.size, dtype=np.int32)
    because_day[rests] = bought.last_day[row[rests_at[rests]]]
    return pd.DataFrame(
        {
            columns.CUSTOMER: request.customers[q],
            columns.ITEM: bought.items[item],
            columns.RANK: (rank + 1).astype(np.int32),
            columns.SCORE: score,
            columns.SOURCE: pd.array(source, dtype="str"),
            columns.REASON: pd.array(reason, dtype="str"),
            columns.TIMES: times,
            columns.LAST_DAY: pd.arrays.IntegerArray(last_day, ~hers),
            columns.BECAUSE: pd.arrays.IntegerArray(bought.items[because], ~rests),
            columns.BECAUSE_DAY: pd.arrays.IntegerArray(because_day, ~rests),
        }
    )


def recommend(
    bought: Bought,
    customers: NDArray[np.int64],
    k: int,
    offer: Callable[[Request], list[Candidates]],
    *,
    allowed: NDArray[np.int64] | None,
    exclude: pd.DataFrame | None,
) -> pd.DataFrame:
    """Answer block by block with what ``offer`` puts forward; see ``ItemModel.recommend``."""
    answers = [
        answer(bought, request, offer(request), k)
        for request in requests(bought, customers, allowed=allowed, exclude=exclude)
    ]
    if not answers:
        return columns.empty(columns.RECOMMENDATIONS)
    return pd.concat(answers, ignore_index=True)


def _because(part: Candidates) -> Ints:
    return np.full(part.customer.size, -1) if part.because is None else part.because


def _reason(
    source: NDArray[np.object_],
    times: NDArray[np.int32],
    last_day: NDArray[np.int32],
    rests: NDArray[np.bool_],
    today: int,
) -> NDArray[np.object_]:
    return np.select(
        [
            source == Source.POPULAR,
            source == Source.SEGMENT,
            source == Source.NEW,
            times >= OFTEN_TIMES,
            (times > 0) & (today - last_day <= LATELY_DAYS),
            times > 0,
            rests,
        ],
        [
            Reason.POPULAR.value,
            Reason.SEGMENT.value,
            Reason.NEW.value,
            Reason.BOUGHT_OFTEN.value,
            Reason.BOUGHT_LATELY.value,
            Reason.BOUGHT_BEFORE.value,
            Reason.GOES_WITH.value,
        ],
        default=Reason.SIMILAR_CUSTOMERS.value,
    ).astype(object)
