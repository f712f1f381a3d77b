"""Several integer columns as one sortable integer, so that sorting and look-ups are array code."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class UnableToPackKeys(ValueError):
    """The combinations of the columns outnumber a 64-bit integer."""


def pack(columns: Sequence[Ints], sizes: Sequence[int]) -> Ints:
    """Combine columns of codes, each within ``0 .. size - 1``, keeping their sort order.

    Raises:
        UnableToPackKeys: the product of the sizes does not fit 63 bits.
    """
    if math.prod(max(size, 1) for size in sizes) >= 2**63:
        raise UnableToPackKeys(
            f"{' x '.join(map(str, sizes))} combinations do not fit 64 bits; "
            "hand the history over in smaller chunks of customers"
        )
    key = columns[0].astype(np.int64)
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        key = key * size + column
    return key


def starts(ordered: NDArray[np.generic]) -> Ints:
    """Positions at which a new value begins in an array whose equal values lie together."""
    if ordered.size == 0:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))


def distinct(*values: Ints) -> Ints:
    """All values, ascending, each once."""
    # np.unique hashes integers, which on packed keys is many times slower than sorting them.
    ordered = np.sort(np.concatenate(values))
    return ordered[starts(ordered)]


def position(values: Ints, ordered: Ints) -> Ints:
    """Index of each value in a sorted array without repeats; -1 where it is absent."""
    if ordered.size == 0:
        return np.full(values.shape, -1, dtype=np.int64)
    found = np.minimum(np.searchsorted(ordered, values), ordered.size - 1)
    return np.where(ordered[found] == values, found, -1)


def place(first: Ints, length: int) -> Ints:
    """Each row's place (0, 1, …) within its run, from the runs' first rows."""
    return np.arange(length) - np.repeat(first, np.diff(np.append(first, length)))


def mixed(values: Ints, seed: int) -> NDArray[np.uint64]:
    """Scatter keys over 64 bits, always alike: the order of the results is a draw that lasts.

    The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    begin = np.uint64((seed % 2**32 + 1) * 0x9E3779B97F4A7C15 % 2**64)
    found = values.astype(np.uint64) + begin
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(found ^ (found >> np.uint64(31)))
