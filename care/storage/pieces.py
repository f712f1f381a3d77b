"""The order history in pieces of whole customers, so that no night needs all of it in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

LINES_PER_PIECE = 2_000_000
_SPREAD = 2_654_435_761  # Knuth's multiplicative hash: 2**32 divided by the golden ratio


def cut(history: ibis.Table, *, lines: int = LINES_PER_PIECE) -> list[ibis.Table]:
    """Cut a history into pieces of about so many order lines, at least one customer each.

    Customers come in the order of their keys, each whole in one piece.
    """
    counted = history.group_by("customer_key").agg(lines=history.count()).order_by("customer_key")
    counts = counted.to_pyarrow().to_pandas()
    keys, total = counts["customer_key"].to_numpy("int64"), counts["lines"].to_numpy().cumsum()
    if counts.empty:
        return []
    starts = np.flatnonzero(np.diff((total - 1) // lines, prepend=-1))
    ends = np.append(starts[1:], len(keys)) - 1
    key = history.customer_key
    return [
        history.filter((key >= first) & (key <= last))
        for first, last in zip(keys[starts].tolist(), keys[ends].tolist(), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Frames:
    """Pieces read one after the other, as often as they are walked."""

    pieces: Sequence[ibis.Table]
    read: Callable[[ibis.Table], pd.DataFrame]

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Read each piece when its turn comes."""
        return map(self.read, self.pieces)


def sample(history: ibis.Table, *, lines: int) -> ibis.Table:
    """About so many order lines at most: all lines of a reproducible part of the customers."""
    total = int(history.count().to_pyarrow().as_py())
    if total <= lines:
        return history
    one_in = -(-total // lines)
    return history.filter((history.customer_key * _SPREAD) % 2**32 % one_in == 0)
