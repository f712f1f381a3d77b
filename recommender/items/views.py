"""Several views of what goes with a customer: factors, items alike, what follows, customers alike.

Each view is fitted on purchases up to a day and scores items sparsely, for a block of customers at
a time. None is a model by itself; the ranker weighs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.items import neighbours
from recommender.items.als import Als, UnableToFitAls
from recommender.items.baskets import Baskets
from recommender.items.habits import Habits
from recommender.items.neighbours import Sparse
from recommender.keys import Ints, pack, position

SPARSE: Final = ("alike", "follows", "follows_lately", "near", "near_last")
"""The views that score a block as a sparse matrix; the factors' scores are a product of vectors."""
ALIKE = 60
"""Items that an item brings with it."""
COMPARED = 8_000
"""Items that are compared with one another, the most bought; the rest are too rarely bought for it,
and the work grows with the square of their number."""
NEAREST = 100
"""Customers who speak for one."""
FEW = 5.0
"""Orders that an item is thought to have been in besides, so that chance does not make pairs."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The customers among whom neighbours are sought; each matrix is (P, I)."""

    told: Sparse
    """What tells of their taste."""
    share: Sparse
    """What they buy, each as a share of all she buys."""
    last: Sparse
    """1 for what was in her last order."""

    @classmethod
    def of(cls, habits: Habits, among: Ints) -> Self:
        """Gather the rows of these positions of customers."""
        from scipy.sparse import csr_array

        bought = habits.bought
        whose, row = bought.rows_of(among)
        start = np.searchsorted(whose, np.arange(among.size + 1))
        item, long = bought.item[row], habits.long[row]

        def matrix(value: NDArray[Any]) -> Sparse:
            shape = (among.size, habits.items)
            return csr_array((value.astype(np.float32), item, start), shape=shape)

        all_hers = np.maximum(np.bincount(whose, long, among.size), 1e-9)
        return cls(
            matrix(long * _rare(habits)[item]),
            matrix(long / all_hers[whose]),
            matrix(habits.since[row] == 0),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """What was learnt of all customers together."""

    als: Als | None
    """None where too few items were bought often enough."""
    alike: Sparse
    """Cosine of the buyers of two items, its nearest ``ALIKE``, (I, I)."""
    follows: Sparse
    """How much oftener than chance the second item is in the order after the first's, (I, I)."""
    among: Ints
    """Positions of the customers among whom neighbours are sought, ascending, (P,)."""
    pool: Pool
    items: Ints
    """Keys of the items that the matrices count through, ascending, (I,)."""

    @classmethod
    def of(
        cls,
        habits: Habits,
        lines: pd.DataFrame,
        *,
        pool: int,
        factors: int,
        iterations: int,
        regularization: float,
        seed: int,
        compared: int = COMPARED,
        parent: "Views | None" = None,
    ) -> Self:
        """Learn from all customers' habits.

        Args:
            habits: the purchases.
            lines: rows of ``columns.HISTORY`` of the customers from whose successive orders is
                learnt what follows what; all or a sample.
            pool: customers among whom neighbours are sought, and by whom items are compared.
            factors: length of the factors' vectors.
            iterations: sweeps of the factorisation.
            regularization: of their squared length.
            seed: of samples and starting vectors.
            compared: items that are compared with one another, the most bought.
            parent: an earlier fit, whose vectors are gone on from and whose pairs of items stay.
        """
        bought = habits.bought
        try:
            als = Als.of(
                bought,
                factors=factors,
                iterations=iterations,
                regularization=regularization,
                alpha=1.0,
                min_orders=5,
                seed=seed,
                parent=None if parent is None else parent.als,
            )
        except UnableToFitAls:
            als = None
        among = neighbours.pool(habits.customers, most=pool, seed=seed)
        if parent is None:
            most = np.sort(np.argsort(-habits.buyers, kind="stable")[:compared])
            alike = _alike(habits, most, seed)
            follows = _follows(habits, lines, np.arange(habits.items))
        else:
            # What goes with what changes slowly; new items wait until the ranker is taught anew.
            alike, follows = (
                _moved(matrix, parent.items, bought.items)
                for matrix in (parent.alike, parent.follows)
            )
        return cls(als, alike, follows, among, Pool.of(habits, among), bought.items)

    def scores(self, habits: Habits, code: Ints) -> dict[str, Sparse]:
        """Score items for the customers at these positions: name → (Q, I), as in ``SPARSE``."""
        bought = habits.bought
        picked, row = bought.rows_of(code)

        def own(value: NDArray[Any]) -> Sparse:
            from scipy.sparse import csr_array

            start = np.searchsorted(picked, np.arange(code.size + 1))
            shape = (code.size, habits.items)
            return csr_array((value.astype(np.float32), bought.item[row], start), shape=shape)

        long = own(habits.long[row])
        told = habits.long[row] * _rare(habits)[bought.item[row]]
        similar = neighbours.nearest(
            own(told),
            self.pool.told,
            NEAREST,
            close=neighbours.cosine,
            itself=position(code, self.among),
        )
        total = np.maximum(np.asarray(similar.sum(axis=1)).ravel(), 1e-9)
        similar.data = similar.data / np.repeat(total, np.diff(similar.indptr)).astype(np.float32)
        scores = {
            "alike": (long @ self.alike).tocsr(),
            "follows": (own(habits.since[row] == 0) @ self.follows).tocsr(),
            "follows_lately": (own(habits.latest[row]) @ self.follows).tocsr(),
            "near": neighbours.block_scores(similar, self.pool.share),
            "near_last": neighbours.block_scores(similar, self.pool.last),
        }
        # Look-ups need each row's columns in order; counting by columns and back is faster than
        # sorting row by row.
        return {name: matrix.tocsc().tocsr() for name, matrix in scores.items()}

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``; those of the purchases aside."""
        arrays: dict[str, NDArray[Any]] = {"view_among": self.among}
        for name in ("alike", "follows"):
            matrix = getattr(self, name)
            arrays |= {
                f"view_{name}_{part}": getattr(matrix, part)
                for part in ("data", "indices", "indptr")
            }
        if self.als is not None:
            arrays |= {
                "view_kept": self.als.kept,
                "view_customer_factors": self.als.customer_factors,
                "view_item_factors": self.als.item_factors,
            }
        return arrays, {}

    @classmethod
    def from_arrays(cls, habits: Habits, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore what ``to_arrays`` gave, over the purchases it was fitted on."""
        from scipy.sparse import csr_array

        shape = (habits.items, habits.items)
        alike, follows = (
            csr_array(
                tuple(arrays[f"view_{name}_{part}"] for part in ("data", "indices", "indptr")),
                shape=shape,
            )
            for name in ("alike", "follows")
        )
        als = None
        if "view_kept" in arrays:
            als = Als(
                habits.bought,
                arrays["view_kept"],
                arrays["view_customer_factors"],
                arrays["view_item_factors"],
            )
        among = arrays["view_among"]
        return cls(als, alike, follows, among, Pool.of(habits, among), habits.bought.items)


def _rare(habits: Habits) -> NDArray[np.float32]:
    """How much an item tells of its buyer's taste: more if few buy it (inverse frequency), (I,)."""
    return np.asarray(np.log((habits.customers + 1.0) / (habits.buyers + 1.0)), dtype=np.float32)


def _alike(habits: Habits, compared: Ints, seed: int) -> Sparse:
    """Cosine between the buyers of two of the compared items, the nearest ``ALIKE``, (I, I)."""
    bought = habits.bought
    had = neighbours.vectors(bought, np.ones(bought.item.size))
    buyers = had[neighbours.pool(habits.customers, seed=seed)].T.tocsr()[compared]
    each = np.arange(compared.size)
    near = neighbours.nearest(buyers, buyers, ALIKE, close=neighbours.cosine, itself=each)
    return _placed(near, compared, compared, habits.items)


def _placed(matrix: Sparse, rows: Ints, columns: Ints, items: int) -> Sparse:
    """The same values among more items: rows and columns at these positions, (I, I)."""
    from scipy.sparse import csr_array

    found = matrix.tocoo()
    at = (rows[found.row], columns[found.col])
    placed = csr_array((found.data, at), shape=(items, items))
    placed.sort_indices()
    return placed


def _moved(matrix: Sparse, old: Ints, new: Ints) -> Sparse:
    """The same values among other items, by key; pairs with an item that is gone are dropped."""
    from scipy.sparse import csr_array

    at = position(old, new)
    found = matrix.tocoo()
    row, column = at[found.row], at[found.col]
    kept = (row >= 0) & (column >= 0)
    moved = csr_array((found.data[kept], (row[kept], column[kept])), shape=(new.size, new.size))
    moved.sort_indices()
    return moved


def _follows(habits: Habits, lines: pd.DataFrame, compared: Ints) -> Sparse:
    """Cosine of "in an order" and "in the order after", with ``FEW`` added to both counts, (I, I).

    Of the compared items alone.
    """
    from scipy.sparse import csr_array, diags_array

    baskets = Baskets.of(lines, today=habits.bought.today)
    mine = baskets.bought
    item = position(mine.items, habits.bought.items[compared])[mine.item[baskets.row]]
    most = int(baskets.count.max())
    order = pack((baskets.owner, baskets.back), (baskets.count.size, most))
    # ``back + 1`` of one customer is the order before; her first one has none before it.
    before = (baskets.back > 0) & (item >= 0)
    later = (baskets.back < baskets.count[baskets.owner] - 1) & (item >= 0)
    size = np.bincount(order, minlength=baskets.count.size * most)
    shape = (compared.size, baskets.count.size * most)

    def held(where: NDArray[np.bool_], shift: int) -> Sparse:
        value = (1.0 / np.sqrt(size[order[where]])).astype(np.float32)
        return csr_array((value, (item[where], order[where] + shift)), shape=shape)

    first, second = held(before, -1), held(later, 0)
    together = (first @ second.T).tocsr()

    def scale(where: NDArray[np.bool_]) -> Sparse:
        count = np.bincount(item[where], minlength=compared.size)
        return diags_array((1.0 / np.sqrt(count + FEW)).astype(np.float32))

    best = _best((scale(before) @ together @ scale(later)).tocsr(), ALIKE)
    return _placed(best, compared, compared, habits.items)


def _best(matrix: Sparse, most: int) -> Sparse:
    """Each row's ``most`` largest values."""
    from scipy.sparse import csr_array

    start, value = matrix.indptr, matrix.data
    kept = np.ones(value.size, dtype=np.bool_)
    for row in np.flatnonzero(np.diff(start) > most):
        part = slice(start[row], start[row + 1])
        kept[part] = False
        kept[start[row] + np.argpartition(-value[part], most)[:most]] = True
    length = np.add.reduceat(np.append(kept, False), start[:-1]) * (np.diff(start) > 0)
    ends = np.append(0, np.cumsum(length))
    return csr_array((value[kept], matrix.indices[kept], ends), shape=matrix.shape)
