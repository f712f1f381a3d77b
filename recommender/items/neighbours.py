"""Who resembles whom: sparse vectors, the nearest rows of a pool, and what these would choose.

Nothing here holds customers by items as a dense array; a block of customers beside the pool is the
largest. SciPy's sparse products use no BLAS, so no threads need to be held back.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recommender.items.bought import Bought
from recommender.keys import Ints

BLOCK = 256
"""Rows that are compared with the pool at once: 20 MiB beside the largest pool."""
TOGETHER = 8
"""Columns of which the best is looked at first."""
POOL = 20_000
"""Customers among whom neighbours are sought; more are sampled."""

Floats32: TypeAlias = NDArray[np.float32]
Sparse: TypeAlias = Any
"""A ``scipy.sparse.csr_array``, which comes without types."""
Closeness: TypeAlias = Callable[[Floats32, Floats32, Floats32], Floats32]
"""From the dot products (Q, P) and the squared lengths (Q, 1) and (1, P): larger is closer."""


def vectors(bought: Bought, value: NDArray[Any]) -> Sparse:
    """Customers by items, from a value of each row of ``bought``: (C, I)."""
    from scipy.sparse import csr_array

    shape = (bought.customers.size, bought.items.size)
    return csr_array((value.astype(np.float32), bought.item, bought.start), shape=shape)


def pool(size: int, *, most: int = POOL, seed: int = 0) -> Ints:
    """Rows that may be neighbours, ascending: all of them, or a seeded sample of ``most``."""
    if size <= most:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(size, most, replace=False))


def cosine(dot: Floats32, asking: Floats32, asked: Floats32) -> Floats32:
    """Cosine of the angle between two rows."""
    return asymmetric_cosine(0.5)(dot, asking, asked)


def asymmetric_cosine(alpha: float) -> Closeness:
    """Aiolli's (RecSys 2013): the asking row's length counts ``alpha``, the other's the rest."""

    def close(dot: Floats32, asking: Floats32, asked: Floats32) -> Floats32:
        return np.asarray(dot / np.maximum(asking**alpha * asked ** (1.0 - alpha), 1e-30))

    return close


def euclidean(dot: Floats32, asking: Floats32, asked: Floats32) -> Floats32:
    """1 / (1 + squared distance): 1 for equals, positive however far."""
    return np.asarray(1.0 / (1.0 + np.maximum(asking + asked - 2.0 * dot, 0.0)))


def nearest(
    asking: Sparse, asked: Sparse, k: int, *, close: Closeness, itself: Ints | None = None
) -> Sparse:
    """The ``k`` closest rows of a pool for each asking row.

    Args:
        asking: (Q, D).
        asked: the pool, (P, D).
        k: neighbours a row at most.
        close: how closeness is measured; what is not above 0 is no neighbour.
        itself: position in the pool of each asking row, -1 if it is not there, (Q,); no row is its
            own neighbour then. Without it, it may be.

    Returns:
        Closeness of the neighbours, (Q, P), columns ascending within a row.
    """
    from scipy.sparse import csr_array

    k = min(k, asked.shape[0])
    across, size = asked.T.tocsr(), _squares(asked)[None, :]
    parts, lengths = [], [np.zeros(0, dtype=np.int64)]
    found = []
    for begin, block in blocks(asking):
        dot = (block @ across).toarray()
        value = close(dot, _squares(block)[:, None], size)
        if itself is not None:
            own = itself[begin : begin + block.shape[0]]
            value[np.flatnonzero(own >= 0), own[own >= 0]] = 0.0
        kept = _largest(value, k)
        parts.append(np.nonzero(kept)[1])
        found.append(value[kept])
        lengths.append(kept.sum(axis=1))
    start = np.append(0, np.cumsum(np.concatenate(lengths)))
    if not parts:
        return csr_array((asking.shape[0], asked.shape[0]), dtype=np.float32)
    shape = (asking.shape[0], asked.shape[0])
    return csr_array((np.concatenate(found), np.concatenate(parts), start), shape=shape)


def _largest(value: Floats32, k: int) -> NDArray[np.bool_]:
    """Which are among their row's ``k`` largest and above 0, (Q, P)."""
    least = _least(value, k)
    kept = (value >= least[:, None]) & (value > 0)
    tied = np.flatnonzero(kept.sum(axis=1) > k)
    if tied.size:
        best = np.argpartition(-value[tied], k - 1, axis=1)[:, :k]
        kept[tied] = False
        kept[tied[:, None], best] = True
    return kept


def _least(value: Floats32, k: int) -> Floats32:
    """The k-th largest of each row, or less where fewer are above 0, (Q,)."""
    groups = value.shape[1] // TOGETHER
    if groups < 2 * k:
        # NumPy partitions values several times faster than it partitions positions.
        return np.asarray(np.partition(value, value.shape[1] - k, axis=1)[:, -k])
    # Partitioning long rows takes most of the time. The k-th of the best of every few columns is
    # reached by k values at least, and not by many more.
    best = value[:, : groups * TOGETHER].reshape(-1, TOGETHER, groups).max(axis=1)
    reached = np.partition(best, groups - k, axis=1)[:, -k]
    row, column = np.nonzero((value >= reached[:, None]) & (value > 0))
    count = np.bincount(row, minlength=value.shape[0])
    few = np.full((value.shape[0], max(int(count.max(initial=0)), k)), -np.inf, dtype=value.dtype)
    few[row, np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)] = value[row, column]
    return np.asarray(np.partition(few, few.shape[1] - k, axis=1)[:, -k])


def blocks(rows: Sparse, size: int = BLOCK) -> Iterator[tuple[int, Sparse]]:
    """Cut a matrix into blocks of rows, each with the number of its first row."""
    for begin in range(0, rows.shape[0], size):
        yield begin, rows[begin : begin + size]


def reweighed(similar: Sparse, weigh: Callable[[Floats32], Floats32]) -> Sparse:
    """The same neighbours with other weights, such as a power of their closeness."""
    changed = similar.copy()
    changed.data = weigh(changed.data)
    return changed


def averaged(similar: Sparse) -> Sparse:
    """The same neighbours with equal weights that add up to 1 in each row."""
    length = np.diff(similar.indptr)
    changed = similar.copy()
    changed.data = np.repeat(1.0 / np.maximum(length, 1), length).astype(np.float32)
    return changed


def block_scores(similar: Sparse, taste: Sparse) -> Sparse:
    """What the neighbours of a block would choose: (Q, P) by (P, I) gives (Q, I)."""
    return (similar @ taste).tocsr()


def _squares(rows: Sparse) -> Floats32:
    return np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float32).ravel()
