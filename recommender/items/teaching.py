"""Teaching a ranker by baskets that are already known, and judging whether it may speak."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recommender import columns
from recommender.items import shortlist
from recommender.items.als import one_blas_thread
from recommender.items.features import put_forward
from recommender.items.habits import Habits
from recommender.items.lessons import Lessons, orders_of
from recommender.items.model import History, Purpose
from recommender.items.ranker import Ranker, first_of, threads
from recommender.items.rule import RULES, ruled
from recommender.items.shortlist import Request
from recommender.items.views import Views
from recommender.keys import Ints, distinct, position, starts

LEARNERS: Final = 20_000
"""Customers whose last baskets are lessons; of more, a seeded sample."""
LEAST_LEARNERS: Final = 200
"""With fewer lessons nothing is learnt, and a rule speaks."""
UNBOUGHT_KEPT: Final = 0.4
"""Share of the candidates that were not bought which the trees learn from."""
MOST_ROWS: Final = 800_000
"""Candidates that the trees learn from at most, about; of more, fewer that were not bought."""
CHECKED: Final = 0.2
"""Share of the lessons that a large shop's ranker is tried on and does not learn from."""
SURE: Final = 1.0
"""Standard errors by which the ranker must beat the best rule on lessons it did not learn from."""


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What came of the lessons."""

    rule: str
    """The best of ``RULES`` on them."""
    ranker: Ranker | None
    figures: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """One fold's customers: their candidates, and each rule's recall."""

    customers: Ints
    size: Ints
    q: Ints
    features: NDArray[np.float32]
    bought: NDArray[np.bool_]
    basket: NDArray[np.float32]
    ruled: dict[str, NDArray[np.float64]]


def teach(
    history: History,
    habits: Habits,
    views_of: Callable[[Habits, Ints, Views | None, int], Views],
    iterations: int,
    today: int,
    seed: int,
) -> Taught:
    """Set lessons, teach a ranker by them and judge it on lessons that it did not learn from.

    Args:
        history: rows of ``columns.HISTORY``, in chunks that can be read repeatedly.
        habits: all of it summarised.
        views_of: fits views on habits without some orders: (habits, orders, parent, sweeps).
        iterations: sweeps of the views' factorisation.
        today: the last day read.
        seed: of samples and folds.
    """
    baskets = orders_of(history, today=today)
    several = distinct(baskets[columns.CUSTOMER].to_numpy()[(baskets["count"] > 1).to_numpy()])
    learners = some_of(several, LEARNERS, seed)
    if learners.size < LEAST_LEARNERS:
        return Taught("counted", None, {})
    chance = np.random.default_rng(seed)
    # A customer's last basket is foretold from views that saw the last baskets of others, as the
    # views of tonight did; so a part of the learners is set aside at a time.
    folds = 1 if learners.size * 4 <= habits.customers else 2
    fold = chance.permutation(learners.size) % folds

    def set_lesson(one: int) -> _Lesson:
        lessons = Lessons.of(baskets, history, customers=learners[fold == one], today=today)
        past = Habits.of(history, today=today, without=lessons.without)
        return _lesson(past, views_of(past, lessons.without, None, iterations), lessons)

    with one_blas_thread(), ThreadPoolExecutor(threads()) as workers:
        return judged(list(workers.map(set_lesson, range(folds))), seed)


def _lesson(habits: Habits, views: Views, lessons: Lessons) -> _Lesson:
    bought = habits.bought
    everything = np.ones(bought.items.size, dtype=np.bool_)
    customers = lessons.customers
    none = np.empty(0, dtype=np.int64)
    size = lessons.sizes(customers)
    features, bought_it, q = [], [], []
    recall = {rule: np.zeros(customers.size) for rule in RULES}
    for begin in range(0, customers.size, shortlist.BLOCK):
        block = customers[begin : begin + shortlist.BLOCK]
        request = Request(block, position(block, bought.customers), everything, none)
        for put in put_forward(habits, views, request, purpose=Purpose.ANY):
            features.append(put.features)
            q.append(put.q + begin)
            bought_it.append(lessons.learnt(block, bought.items, put.q, put.item))
        for rule in RULES:
            said = shortlist.answer(
                bought, request, ruled(habits, request, 10, Purpose.ANY, rule), 10
            )
            at = position(said[columns.CUSTOMER].to_numpy(), block)
            item = position(said[columns.ITEM].to_numpy(), bought.items)
            hit = lessons.learnt(block, bought.items, at, item)
            recall[rule][begin : begin + block.size] = np.bincount(at[hit], minlength=block.size)
    recall = {rule: hits / np.maximum(size, 1) for rule, hits in recall.items()}
    who = np.concatenate(q)
    code = position(customers, bought.customers)
    return _Lesson(
        customers,
        size,
        who,
        np.concatenate(features),
        np.concatenate(bought_it),
        habits.size[code[who]],
        recall,
    )


def judged(taught: list[_Lesson], seed: int) -> Taught:
    """Teach the ranker on some lessons, try it on others, and let it speak if it is better."""
    ranker = None
    if len(taught) == 1:
        aside = np.random.default_rng(seed).random(taught[0].customers.size) < CHECKED
        ranker = _fitted([_of(taught[0], ~aside)], seed)
        pairs = [(ranker, _of(taught[0], aside))]
    else:
        rest = [[other for other in taught if other is not lesson] for lesson in taught]
        with ThreadPoolExecutor(threads()) as workers:
            fits = workers.map(lambda lessons: _fitted(lessons, seed), rest)
            pairs = list(zip(fits, taught, strict=True))
    recalls, scores = [], []
    for fitted, lesson in pairs:
        score = fitted.score(lesson.features)
        best = first_of(lesson.q, score, 10)
        hits = np.bincount(lesson.q[best][lesson.bought[best]], minlength=lesson.size.size)
        recalls.append(hits / np.maximum(lesson.size, 1))
        scores.append(score)
    recall = np.concatenate(recalls)
    by_rule = {rule: np.concatenate([lesson.ruled[rule] for _, lesson in pairs]) for rule in RULES}
    rule = max(by_rule, key=lambda name: (by_rule[name].mean(), name == "counted"))
    better = recall - by_rule[rule]
    figures = {name: float(value.mean()) for name, value in by_rule.items()}
    figures |= {"ranker": float(recall.mean()), "lessons": float(recall.size)}
    if better.mean() <= SURE * better.std() / np.sqrt(better.size):
        return Taught(rule, None, figures)
    if ranker is None:
        ranker = _fitted(taught, seed)
    ranker = ranker.calibrated(
        np.concatenate(scores),
        np.concatenate([lesson.basket for _, lesson in pairs]),
        np.concatenate([lesson.bought for _, lesson in pairs]),
    )
    return Taught(rule, ranker, figures)


def _of(lesson: _Lesson, kept: NDArray[np.bool_]) -> _Lesson:
    rows = kept[lesson.q]
    number = np.cumsum(kept) - 1
    return _Lesson(
        lesson.customers[kept],
        lesson.size[kept],
        number[lesson.q[rows]],
        lesson.features[rows],
        lesson.bought[rows],
        lesson.basket[rows],
        {rule: value[kept] for rule, value in lesson.ruled.items()},
    )


def _fitted(lessons: list[_Lesson], seed: int) -> Ranker:
    chance = np.random.default_rng(seed)
    features, bought, groups = [], [], []
    share = min(UNBOUGHT_KEPT, MOST_ROWS / sum(lesson.q.size for lesson in lessons))
    for lesson in lessons:
        # Who bought nothing that was put forward teaches no order.
        found = np.bincount(lesson.q[lesson.bought], minlength=lesson.size.size) > 0
        rows = lesson.bought | (chance.random(lesson.q.size) < share)
        rows &= found[lesson.q]
        features.append(lesson.features[rows])
        bought.append(lesson.bought[rows])
        first = starts(lesson.q[rows])
        groups.append(np.diff(np.append(first, int(rows.sum()))))
    return Ranker.fit(
        np.concatenate(features), np.concatenate(bought), np.concatenate(groups), seed=seed
    )


def some_of(keys: Ints, most: int, seed: int) -> Ints:
    """All keys, or a seeded sample of ``most``, ascending."""
    if keys.size <= most:
        return keys
    return np.sort(np.random.default_rng(seed).choice(keys, most, replace=False))
