"""What her next basket most likely holds: many views put items forward, a ranker orders them.

Candidates are her own items, and what factors, items alike, what follows what, customers alike and
popularity put forward. The ranker is taught by last baskets that are already known, each foretold
from what came before it. Where it is not surely better than a simple rule, the rule speaks.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.items import shortlist
from recommender.items.features import NOWHERE, VIEWS, Put, put_forward
from recommender.items.habits import Habits
from recommender.items.lessons import Lessons, orders_of
from recommender.items.model import History, Purpose, PurposeLike, Source
from recommender.items.popularity import popular_candidates
from recommender.items.ranker import Ranker
from recommender.items.shortlist import Candidates, Request
from recommender.items.views import COMPARED, Views
from recommender.keys import Ints, distinct, place, position, starts

LEARNERS: Final = 20_000
"""Customers whose last baskets are lessons; of more, a seeded sample."""
LEAST_LEARNERS: Final = 200
"""With fewer lessons nothing is learnt, and a rule speaks."""
POOL: Final = 20_000
LARGE: Final = 50_000
POOL_OF_LARGE: Final = 4_000
"""Customers among whom neighbours are sought, in a shop with more customers than ``LARGE``."""
UNBOUGHT_KEPT: Final = 0.4
"""Share of the candidates that were not bought which the trees learn from."""
MOST_ROWS: Final = 800_000
"""Candidates that the trees learn from at most, about; of more, fewer that were not bought."""
WARM_SWEEPS: Final = 2
CHECKED: Final = 0.2
"""Share of the lessons that a large shop's ranker is tried on and does not learn from."""
SURE: Final = 1.0
"""Standard errors by which the ranker must beat the best rule on lessons it did not learn from."""

Rule = Callable[[Habits, Ints, Ints], NDArray[np.float64]]
SOURCES: Final = {
    "factors": Source.ALS,
    "alike": Source.ITEM,
    "follows": Source.ITEM,
    "follows_lately": Source.ITEM,
    "near": Source.NEIGHBOURS,
    "near_last": Source.NEIGHBOURS,
    "popular": Source.POPULAR,
}


@dataclass(frozen=True, slots=True, eq=False)
class TwoStage:
    """Candidates from several views, ordered by a ranker or, where that is not better, by a rule.

    The score is the calibrated chance that the item is in her next basket; where a rule speaks, it
    is the rule's own, see ``RULES``.
    """

    kind: ClassVar[str] = "two_stage"
    habits: Habits
    rule: str
    """The best of ``RULES`` on the lessons."""
    ranker: Ranker | None
    views: Views | None
    """None where the ranker is."""
    figures: dict[str, float]
    """Recall@10 on lessons that were not learnt from: of each rule, and of the ranker."""
    parameters: dict[str, Any]
    """Seed and what was fitted how; JSON holds them."""

    @classmethod
    def fit(
        cls,
        history: History,
        *,
        today: int,
        seed: int = 0,
        factors: int = 64,
        iterations: int = 6,
        regularization: float = 5.0,
        compared: int = COMPARED,
        parent: "TwoStage | None" = None,
        views_anew: bool = False,
    ) -> Self:
        """Learn from the orders up to and including ``today``; the same input, the same bytes.

        Args:
            history: rows of ``columns.HISTORY``, whole or in chunks that can be read repeatedly.
            today: the last day read.
            seed: of all samples and starting values.
            factors: length of the factors' vectors.
            iterations: sweeps of the factorisation.
            regularization: of the vectors' squared length.
            compared: items that are compared with one another, the most bought; the time it takes
                grows with the square of their number.
            parent: the model of an earlier night, for a warm start: its ranker is taken over, its
                factors are gone on from, and all counts are made anew.
            views_anew: take over the parent's ranker alone, as a trial must on baskets that the
                parent's factors have seen.
        """
        habits = Habits.of(history, today=today)
        pool = POOL if habits.customers <= LARGE else POOL_OF_LARGE

        def views_of(habits: Habits, without: Ints, begin: Views | None, sweeps: int) -> Views:
            some = _some(habits.bought.customers, POOL, seed)
            lines = _lines(history, some, without)
            return Views.of(
                habits,
                lines,
                pool=pool,
                iterations=sweeps,
                parent=begin,
                factors=factors,
                regularization=regularization,
                compared=compared,
                seed=seed,
            )

        none = np.empty(0, dtype=np.int64)
        parameters: dict[str, Any] = {
            "factors": factors,
            "regularization": regularization,
            "compared": compared,
            "seed": seed,
            "iterations": iterations,
            "taught": today,
        }
        if parent is not None:
            parameters["taught"] = parent.taught
            if parent.ranker is not None:
                parameters["parent"] = hashlib.sha256(parent.ranker.trees).hexdigest()
            views = None
            if parent.ranker is not None:
                begin, sweeps = (None, iterations) if views_anew else (parent.views, WARM_SWEEPS)
                views = views_of(habits, none, begin, sweeps)
            return cls(habits, parent.rule, parent.ranker, views, parent.figures, parameters)
        taught = _teach(history, habits, views_of, iterations, today, seed)
        views = views_of(habits, none, None, iterations) if taught.ranker is not None else None
        return cls(habits, taught.rule, taught.ranker, views, taught.figures, parameters)

    @property
    def taught(self) -> int:
        """The day up to which the ranker was taught; a warm start leaves it as it was."""
        return int(self.parameters["taught"])

    def recommend(
        self,
        customers: NDArray[np.int64],
        k: int,
        *,
        purpose: PurposeLike,
        allowed: NDArray[np.int64] | None = None,
        exclude: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """See ``ItemModel.recommend``; where candidates run out, popular items follow."""
        why = Purpose(purpose)
        return shortlist.recommend(
            self.habits.bought,
            customers,
            k,
            lambda request: self._candidates(request, k, why),
            allowed=allowed,
            exclude=exclude,
        )

    def _candidates(self, request: Request, k: int, purpose: Purpose) -> list[Candidates]:
        if self.ranker is None or self.views is None:
            return _ruled(self.habits, request, k, purpose, self.rule)
        bought = self.habits.bought
        hidden = np.empty(0, dtype=np.int64)
        if purpose is Purpose.DISCOVER:
            hidden = shortlist.owned_keys(bought, request)
        parts: list[Candidates] = []
        said = [hidden]
        for put in put_forward(self.habits, self.views, request, purpose=purpose):
            score = self.ranker.score(put.features)
            size = self.habits.size[request.code[put.q]]
            best = _first(put.q, score, k)
            chance = self.ranker.probability(score[best], size[best])
            parts += self._explained(request, put, best, chance)
            said.append(put.q[best] * bought.items.size + put.item[best])
        if purpose is not Purpose.AGAIN:
            parts.append(popular_candidates(bought, request, k, taken=distinct(*said), tier=1))
        if not parts:
            none = np.empty(0, dtype=np.int64)
            parts.append(Candidates(none, none, np.empty(0), Source.PERSONAL))
        return parts

    def _explained(
        self, request: Request, put: Put, best: Ints, chance: NDArray[np.float64]
    ) -> list[Candidates]:
        """Candidates by the evidence that put them forward: her own purchases, else the best view.

        An item that goes with one of hers names the one that speaks for it most.
        """
        q, item, hers = put.q[best], put.item[best], put.row[best] >= 0
        view = put.places[best].argmin(axis=1)
        found = put.places[best, view] < NOWHERE
        named = np.array([SOURCES[name] for name in VIEWS], dtype=object)[view]
        source = np.where(hers, Source.PERSONAL, np.where(found, named, Source.POPULAR))
        parts = []
        for one in dict.fromkeys([Source.PERSONAL, *SOURCES.values()]):
            mine = np.flatnonzero(source == one)
            if mine.size:
                because = None
                if one is Source.ITEM:
                    because = self._because(request.code[q[mine]], item[mine], view[mine])
                parts.append(Candidates(q[mine], item[mine], chance[mine], one, because=because))
        return parts

    def _because(self, code: Ints, item: Ints, view: Ints) -> Ints:
        """Position of her item that each item goes with most."""
        assert self.views is not None
        habits, bought = self.habits, self.habits.bought
        asked, row = bought.rows_of(code)
        worth = np.zeros(row.size, dtype=np.float64)
        for name, weight, matrix in (
            ("alike", habits.long, self.views.alike),
            ("follows", (habits.since == 0).astype(np.float32), self.views.follows),
            ("follows_lately", habits.latest, self.views.follows),
        ):
            mine = np.flatnonzero(view[asked] == VIEWS.index(name))
            if mine.size:
                near = np.asarray(matrix[bought.item[row[mine]], item[asked[mine]]]).ravel()
                worth[mine] = weight[row[mine]] * near
        ranking = np.lexsort((bought.item[row], -worth, asked))
        head = ranking[starts(asked[ranking])]
        because = np.full(code.size, -1, dtype=np.int64)
        because[asked[head]] = np.where(worth[head] > 0, bought.item[row[head]], -1)
        return because

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        arrays, parameters = self.habits.to_arrays()
        # Today and the half-life are those of the purchases; the rest is the fit's own.
        parameters |= {"rule": self.rule, "lessons": self.figures, **self.parameters}
        if self.ranker is not None and self.views is not None:
            arrays |= self.views.to_arrays()[0]
            arrays["ranker_trees"] = np.frombuffer(self.ranker.trees, dtype=np.uint8)
            arrays["ranker_calibration"] = self.ranker.calibration
        return arrays, parameters

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        habits = Habits.from_arrays(arrays, parameters)
        ranker = views = None
        if "ranker_trees" in arrays:
            ranker = Ranker(arrays["ranker_trees"].tobytes(), arrays["ranker_calibration"])
            views = Views.from_arrays(habits, arrays)
        told = ("today", "half_life_days", "rule", "lessons")
        fit = {name: value for name, value in parameters.items() if name not in told}
        return cls(habits, parameters["rule"], ranker, views, parameters["lessons"], fit)


# ── The rules that the ranker must beat ──────────────────────────────────────────────────────────


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


def _ruled(
    habits: Habits, request: Request, k: int, purpose: Purpose, rule: str
) -> list[Candidates]:
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


# ── Teaching ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, eq=False)
class _Taught:
    rule: str
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


def _teach(
    history: History,
    habits: Habits,
    views_of: Callable[[Habits, Ints, Views | None, int], Views],
    iterations: int,
    today: int,
    seed: int,
) -> _Taught:
    baskets = orders_of(history, today=today)
    several = distinct(baskets[columns.CUSTOMER].to_numpy()[(baskets["count"] > 1).to_numpy()])
    learners = _some(several, LEARNERS, seed)
    if learners.size < LEAST_LEARNERS:
        return _Taught("counted", None, {})
    chance = np.random.default_rng(seed)
    # A customer's last basket is foretold from views that saw the last baskets of others, as the
    # views of tonight did; so a part of the learners is set aside at a time.
    folds = 1 if learners.size * 4 <= habits.customers else 2
    fold = chance.permutation(learners.size) % folds
    taught: list[_Lesson] = []
    for one in range(folds):
        lessons = Lessons.of(baskets, history, customers=learners[fold == one], today=today)
        past = Habits.of(history, today=today, without=lessons.without)
        views = views_of(past, lessons.without, None, iterations)
        taught.append(_lesson(past, views, lessons))
    return _judged(taught, seed)


def _lesson(habits: Habits, views: Views, lessons: Lessons) -> _Lesson:
    bought = habits.bought
    everything = np.ones(bought.items.size, dtype=np.bool_)
    customers = lessons.customers
    none = np.empty(0, dtype=np.int64)
    size = lessons.sizes(customers)
    features, bought_it, q = [], [], []
    ruled = {rule: np.zeros(customers.size) for rule in RULES}
    for begin in range(0, customers.size, shortlist.BLOCK):
        block = customers[begin : begin + shortlist.BLOCK]
        request = Request(block, position(block, bought.customers), everything, none)
        for put in put_forward(habits, views, request, purpose=Purpose.ANY):
            features.append(put.features)
            q.append(put.q + begin)
            bought_it.append(lessons.learnt(block, bought.items, put.q, put.item))
        for rule in RULES:
            said = shortlist.answer(
                bought, request, _ruled(habits, request, 10, Purpose.ANY, rule), 10
            )
            at = position(said[columns.CUSTOMER].to_numpy(), block)
            item = position(said[columns.ITEM].to_numpy(), bought.items)
            hit = lessons.learnt(block, bought.items, at, item)
            ruled[rule][begin : begin + block.size] = np.bincount(at[hit], minlength=block.size)
    ruled = {rule: hits / np.maximum(size, 1) for rule, hits in ruled.items()}
    who = np.concatenate(q)
    code = position(customers, bought.customers)
    return _Lesson(
        customers,
        size,
        who,
        np.concatenate(features),
        np.concatenate(bought_it),
        habits.size[code[who]],
        ruled,
    )


def _judged(taught: list[_Lesson], seed: int) -> _Taught:
    """Teach the ranker on some lessons, try it on others, and let it speak if it is better."""
    ranker = None
    if len(taught) == 1:
        aside = np.random.default_rng(seed).random(taught[0].customers.size) < CHECKED
        ranker = _fitted([_of(taught[0], ~aside)], seed)
        pairs = [(ranker, _of(taught[0], aside))]
    else:
        pairs = [
            (_fitted([other for other in taught if other is not lesson], seed), lesson)
            for lesson in taught
        ]
    recalls, scores = [], []
    for fitted, lesson in pairs:
        score = fitted.score(lesson.features)
        best = _first(lesson.q, score, 10)
        hits = np.bincount(lesson.q[best][lesson.bought[best]], minlength=lesson.size.size)
        recalls.append(hits / np.maximum(lesson.size, 1))
        scores.append(score)
    recall = np.concatenate(recalls)
    ruled = {rule: np.concatenate([lesson.ruled[rule] for _, lesson in pairs]) for rule in RULES}
    rule = max(ruled, key=lambda name: (ruled[name].mean(), name == "counted"))
    better = recall - ruled[rule]
    figures = {name: float(value.mean()) for name, value in ruled.items()}
    figures |= {"ranker": float(recall.mean()), "lessons": float(recall.size)}
    if better.mean() <= SURE * better.std() / np.sqrt(better.size):
        return _Taught(rule, None, figures)
    if ranker is None:
        ranker = _fitted(taught, seed)
    ranker = ranker.calibrated(
        np.concatenate(scores),
        np.concatenate([lesson.basket for _, lesson in pairs]),
        np.concatenate([lesson.bought for _, lesson in pairs]),
    )
    return _Taught(rule, ranker, figures)


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


def _first(q: Ints, score: NDArray[np.float64], k: int) -> Ints:
    """Positions of each customer's ``k`` highest scores; of equals the earlier position."""
    ranking = np.lexsort((-score, q))
    return np.asarray(ranking[place(starts(q[ranking]), ranking.size) < k])


def _some(keys: Ints, most: int, seed: int) -> Ints:
    if keys.size <= most:
        return keys
    return np.sort(np.random.default_rng(seed).choice(keys, most, replace=False))


def _lines(history: History, customers: Ints, without: Ints) -> pd.DataFrame:
    """Lines of some customers, but for some orders."""
    parts = []
    for chunk in [history] if isinstance(history, pd.DataFrame) else history:
        rows = chunk[np.isin(chunk[columns.CUSTOMER].to_numpy(), customers)]
        parts.append(rows[~np.isin(rows[columns.ORDER].to_numpy(), without)])
    return pd.concat(parts, ignore_index=True)
