"""How regularly each customer buys each type: the sufficient statistics of every timing model."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import Ints, pack, starts
from recommender.timing.model import PurchaseDays


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Purchase days ordered by customer, type and day, each once; one pair a start."""

    customer: Ints
    """(P,)."""
    type: Ints
    """(P,)."""
    start: Ints
    """(P,)."""
    day: NDArray[np.int32]
    """(N,)."""

    @property
    def purchases(self) -> Ints:
        """Purchase days of each pair, (P,)."""
        return np.diff(np.append(self.start, self.day.size))

    @property
    def pair(self) -> Ints:
        """Pair of each purchase day, (N,)."""
        return np.repeat(np.arange(self.start.size), self.purchases)


def visits(purchase_days: pd.DataFrame, *, today: int) -> Visits:
    """Order the purchase days up to and including ``today``; later ones are not read."""
    frame = columns.require(purchase_days, columns.PURCHASE_DAYS, what="purchase days")
    late = (frame[columns.DAY] > today).to_numpy()
    if late.any():
        frame = frame[~late]
    if frame.empty:
        none = np.empty(0, dtype=np.int64)
        return Visits(none, none, none, np.empty(0, dtype=np.int32))
    customer, customers = _codes(frame[columns.CUSTOMER].to_numpy(), len(frame))
    kind, kinds = _codes(frame[columns.TYPE].to_numpy(), len(frame))
    day = frame[columns.DAY].to_numpy().astype(np.int64)
    origin = int(day.min())
    span = int(day.max()) - origin + 1
    day -= origin
    key = pack((customer, kind, day), (customers.size, kinds.size, span))
    if (key[1:] < key[:-1]).any():
        key.sort()
    repeated = key[1:] == key[:-1]
    if repeated.any():
        key = key[np.concatenate(([True], ~repeated))]
    pair = key // span
    day = key - pair * span
    start = starts(pair)
    customer, kind = np.divmod(pair[start], kinds.size)
    return Visits(customers[customer], kinds[kind], start, (day + origin).astype(np.int32))


def rhythm(purchase_days: PurchaseDays, *, today: int) -> pd.DataFrame:
    """Summarise purchase days up to and including ``today``, one row a (customer, type).

    A day counts once however often it appears. Intervals are whole days between successive
    purchase days, at least 1, so that their logarithm exists.

    Returns:
        ``columns.PAIRS``, ordered by customer and type within each chunk.
    """
    chunks = [purchase_days] if isinstance(purchase_days, pd.DataFrame) else purchase_days
    parts = [summary(visits(chunk, today=today)) for chunk in chunks]
    return pd.concat(parts, ignore_index=True) if parts else columns.empty(columns.PAIRS)


def log_intervals(of: Visits) -> tuple[NDArray[np.float64], Ints, Ints]:
    """Logarithms of the intervals, in order.

    Returns:
        The log interval that ends at a purchase day, the pair it belongs to, and the position of
        that day in ``of.day``; three arrays of one length.
    """
    ends = np.ones(of.day.size, dtype=np.bool_)
    ends[of.start] = False
    end = np.flatnonzero(ends)
    gap = of.day[end] - of.day[end - 1]
    return np.log(gap), of.pair[end], end


def summary(of: Visits) -> pd.DataFrame:
    """``columns.PAIRS`` of ordered purchase days."""
    purchases = of.purchases
    first_day = of.day[of.start]
    last_day = of.day[of.start + purchases - 1]
    value, pair, _ = log_intervals(of)
    intervals = purchases - 1
    divisor = np.where(intervals > 0, intervals, np.nan)
    mean_log = np.bincount(pair, value, of.start.size) / divisor
    return pd.DataFrame(
        {
            columns.CUSTOMER: of.customer,
            columns.TYPE: of.type,
            columns.PURCHASES: purchases.astype(np.int32),
            columns.FIRST_DAY: first_day,
            columns.LAST_DAY: last_day,
            columns.MEAN_INTERVAL: (last_day - first_day) / divisor,
            columns.MEAN_LOG_INTERVAL: mean_log,
            # Without any interval bincount would count in whole numbers.
            columns.LOG_INTERVAL_SS: np.bincount(
                pair, (value - mean_log[pair]) ** 2, of.start.size
            ).astype(np.float64),
        }
    )


def _codes(values: Ints, rows: int) -> tuple[Ints, Ints]:
    """Places in ascending keys that hold all values, and those keys."""
    low, high = int(values.min()), int(values.max())
    if high - low <= 4 * rows + 1_000:
        # Keys that lie close together need no hashing; some of them nobody may have.
        return values.astype(np.int64) - low, np.arange(low, high + 1, dtype=np.int64)
    codes, found = pd.factorize(values, sort=True)
    return codes.astype(np.int64), np.asarray(found, dtype=np.int64)
