"""What her next basket most likely holds: many views put items forward, a ranker orders them.

Candidates are her own items, and what factors, items alike, what follows what, customers alike and
popularity put forward. The ranker is taught by last baskets that are already known, each foretold
from what came before it. Where it is not surely better than a simple rule, the rule speaks.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.items import shortlist
from recommender.items.features import NOWHERE, VIEWS, Put, put_forward
from recommender.items.habits import Habits
from recommender.items.model import History, Purpose, PurposeLike, Source
from recommender.items.popularity import popular_candidates
from recommender.items.ranker import Ranker
from recommender.items.rule import ruled
from recommender.items.shortlist import Candidates, Request
from recommender.items.teaching import some_of, teach
from recommender.items.views import COMPARED, Views
from recommender.keys import Ints, distinct, starts

POOL: Final = 20_000
LARGE: Final = 50_000
POOL_OF_LARGE: Final = 4_000
"""Customers among whom neighbours are sought, in a shop with more customers than ``LARGE``."""
WARM_SWEEPS: Final = 2

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
    is the rule's own, see ``rule.RULES``.
    """

    kind: ClassVar[str] = "two_stage"
    habits: Habits
    rule: str
    """The best of ``rule.RULES`` on the lessons."""
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
            some = some_of(habits.bought.customers, POOL, seed)
            lines = lines_of(history, some, without)
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
        taught = teach(history, habits, views_of, iterations, today, seed)
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
            return ruled(self.habits, request, k, purpose, self.rule)
        bought = self.habits.bought
        hidden = np.empty(0, dtype=np.int64)
        if purpose is Purpose.DISCOVER:
            hidden = shortlist.owned_keys(bought, request)
        parts: list[Candidates] = []
        said = [hidden]
        for put in put_forward(self.habits, self.views, request, purpose=purpose):
            best, score = self.ranker.leaders(put.features, put.q, k)
            chance = self.ranker.probability(score, self.habits.size[request.code[put.q[best]]])
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


def lines_of(history: History, customers: Ints, without: Ints) -> pd.DataFrame:
    """Lines of some customers, but for some orders."""
    parts = []
    for chunk in [history] if isinstance(history, pd.DataFrame) else history:
        rows = chunk[np.isin(chunk[columns.CUSTOMER].to_numpy(), customers)]
        parts.append(rows[~np.isin(rows[columns.ORDER].to_numpy(), without)])
    return pd.concat(parts, ignore_index=True)
