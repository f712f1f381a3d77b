"""What customers like her buy: implicit-feedback matrix factorisation, a challenger.

Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (2008), as the
library `implicit` computes it with conjugate gradients.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.items import shortlist
from recommender.items.bought import Bought
from recommender.items.model import History, Purpose, PurposeLike, Source, UnableToFit
from recommender.items.popularity import popular_candidates
from recommender.items.shortlist import Candidates, Request
from recommender.keys import Ints, distinct, position

NEVER = -1e30
"""Scores below this are the library's mark for an item it was told to leave out."""


class UnableToFitAls(UnableToFit):
    """Too few items were bought often enough to factorise."""


@dataclass(frozen=True, slots=True, eq=False)
class Als:
    """One vector a customer and one an item; the score is their product."""

    kind: ClassVar[str] = "als"
    bought: Bought
    kept: Ints
    """Positions in ``bought.items`` of the items that have a vector, ascending, (J,)."""
    customer_factors: NDArray[np.float32]
    """(C, factors)."""
    item_factors: NDArray[np.float32]
    """(J, factors)."""

    @classmethod
    def fit(
        cls,
        history: History,
        *,
        today: int,
        factors: int = 128,
        iterations: int = 4,
        regularization: float = 10.0,
        alpha: float = 1.0,
        min_orders: int = 10,
        seed: int = 0,
    ) -> Self:
        """Learn from the orders up to and including ``today``; the same input, the same bytes.

        Args:
            history: rows of ``columns.HISTORY``.
            today: the last day read.
            factors: length of a vector.
            iterations: sweeps; few suffice, more overfit small shops.
            regularization: of the vectors' squared length.
            alpha: confidence a decayed order adds.
            min_orders: items in fewer orders get no vector.
            seed: of the starting vectors.

        Raises:
            UnableToFitAls: no item was in ``min_orders`` orders.
        """
        return cls.of(
            Bought.of(history, today=today),
            factors=factors,
            iterations=iterations,
            regularization=regularization,
            alpha=alpha,
            min_orders=min_orders,
            seed=seed,
        )

    @classmethod
    def of(
        cls,
        bought: Bought,
        *,
        factors: int,
        iterations: int,
        regularization: float,
        alpha: float,
        min_orders: int,
        seed: int,
        parent: "Als | None" = None,
    ) -> Self:
        """Learn from purchases already summarised; see ``fit``.

        ``parent``: where the vectors start for all whom it knew, so that few sweeps suffice.
        """
        kept = np.flatnonzero(bought.orders >= min_orders)
        if kept.size == 0:
            raise UnableToFitAls(
                f"no item was in {min_orders} orders; leave this challenger out or lower min_orders"
            )
        column = position(bought.item.astype(np.int64), kept)
        customer = np.repeat(np.arange(bought.customers.size), np.diff(bought.start))
        held = column >= 0
        with one_blas_thread():
            model = _library_model(
                factors=factors,
                iterations=iterations,
                regularization=regularization,
                alpha=alpha,
                random_state=seed,
            )
            if parent is not None and parent.item_factors.shape[1] == factors:
                model.user_factors, model.item_factors = _started(bought, kept, parent, seed)
            shape = (bought.customers.size, kept.size)
            matrix = _sparse(bought.weight[held], customer[held], column[held], shape)
            model.fit(matrix, show_progress=False)
        return cls(bought, kept, model.user_factors, model.item_factors)

    def recommend(
        self,
        customers: NDArray[np.int64],
        k: int,
        *,
        purpose: PurposeLike,
        allowed: NDArray[np.int64] | None = None,
        exclude: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """See ``ItemModel.recommend``; where vectors run out, popular items follow, so labelled."""
        why = Purpose(purpose)
        return shortlist.recommend(
            self.bought,
            customers,
            k,
            lambda request: self._candidates(request, k, why),
            allowed=allowed,
            exclude=exclude,
        )

    def _candidates(self, request: Request, k: int, purpose: Purpose) -> list[Candidates]:
        if purpose is Purpose.AGAIN:
            return [self._own(request)]
        hidden = np.empty(0, dtype=np.int64)
        if purpose is Purpose.DISCOVER:
            hidden = shortlist.owned_keys(self.bought, request)
        ranked = self.factorised(request, k, hidden)
        said = ranked.customer * self.bought.items.size + ranked.item
        taken = distinct(said, hidden)
        return [ranked, popular_candidates(self.bought, request, k, taken=taken, tier=1)]

    def _own(self, request: Request) -> Candidates:
        q, row = shortlist.own(self.bought, request)
        item = self.bought.item[row].astype(np.int64)
        column = position(item, self.kept)
        q, item, column = q[column >= 0], item[column >= 0], column[column >= 0]
        customer = self.customer_factors[request.code[q]]
        score = np.einsum("nf,nf->n", customer, self.item_factors[column])
        return Candidates(q, item, score.astype(np.float64), Source.ALS)

    def factorised(self, request: Request, k: int, hidden: Ints) -> Candidates:
        """The ``k`` best products of vectors for each known customer, but for ``hidden`` keys."""
        known = np.flatnonzero(request.code >= 0)
        columns = np.flatnonzero(request.allowed[self.kept])
        count = min(k, columns.size)
        if known.size == 0 or count == 0:
            none = np.empty(0, dtype=np.int64)
            return Candidates(none, none, np.empty(0), Source.ALS)
        silent = distinct(request.excluded, hidden)
        q, item = np.divmod(silent, self.bought.items.size)
        row, column = position(q, known), position(item, self.kept)
        there = (row >= 0) & (column >= 0)
        with one_blas_thread():
            model = _library_model(factors=self.item_factors.shape[1])
            model.user_factors = self.customer_factors[request.code[known]]
            model.item_factors = self.item_factors
            shape = (known.size, self.kept.size)
            silenced = _sparse(np.ones(there.sum()), row[there], column[there], shape)
            # The library calls its filter "already liked"; here it holds exactly what must stay
            # unsaid, so that repeats are not lost when they are wanted. Filtering looks at each
            # customer by herself, which is worth sparing where nothing must.
            found, score = model.recommend(
                np.arange(known.size),
                silenced,
                N=count,
                filter_already_liked_items=bool(there.any()),
                items=columns,
            )
        real = (found >= 0) & (score > NEVER)
        q = np.repeat(known, count).reshape(found.shape)[real]
        return Candidates(q, self.kept[found[real]], score[real].astype(np.float64), Source.ALS)

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        arrays, parameters = self.bought.to_arrays()
        mine = ("kept", "customer_factors", "item_factors")
        return arrays | {f"als_{name}": getattr(self, name) for name in mine}, parameters

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        mine = {name[4:]: array for name, array in arrays.items() if name.startswith("als_")}
        rest = {name: array for name, array in arrays.items() if not name.startswith("als_")}
        return cls(Bought.from_arrays(rest, parameters), **mine)


def _started(
    bought: Bought, kept: Ints, parent: Als, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors to start from: the parent's where it has one, else small chance as the library's."""
    chance = np.random.default_rng(seed)
    factors = parent.item_factors.shape[1]

    def begin(keys: Ints, known: Ints, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        found = chance.random((keys.size, factors), dtype=np.float32) * np.float32(0.01)
        at = position(keys, known)
        found[at >= 0] = vectors[at[at >= 0]]
        return found

    return (
        begin(bought.customers, parent.bought.customers, parent.customer_factors),
        begin(bought.items[kept], parent.bought.items[parent.kept], parent.item_factors),
    )


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: the library has its own, and both together are slower."""
    # The limit reaches only what is loaded by now, so the library brings its BLAS in first.
    import implicit.cpu.als  # noqa: F401
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, "blas"):
        yield


def _library_model(**parameters: Any) -> Any:
    from implicit.cpu.als import AlternatingLeastSquares

    return AlternatingLeastSquares(**parameters)


def _sparse(values: NDArray[Any], row: Ints, column: Ints, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((values.astype(np.float32), (row, column)), shape=shape)
