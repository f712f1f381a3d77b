"""Each order's place among the customer's own, counted back from her last one."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.items.bought import HALF_LIFE_DAYS, Bought
from recommender.items.model import History
from recommender.keys import Ints, distinct, pack, place, position, starts


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """One entry a (customer, item, order), for weights that count in orders and not in days."""

    bought: Bought
    row: Ints
    """The row of ``bought`` that each entry belongs to, ascending, (N,)."""
    back: Ints
    """How many orders the customer made after this one, 0 for her last, (N,)."""
    day: NDArray[np.int32]
    """The order's day, its first one where lines of it lie apart, (N,)."""
    count: Ints
    """Orders of each customer, (C,)."""

    @classmethod
    def of(cls, history: History, *, today: int, half_life_days: float = HALF_LIFE_DAYS) -> Self:
        """Put a customer's orders up to ``today`` in order by day, then by order key.

        Unlike ``Bought.of`` it holds the whole history in memory.

        Raises:
            UnableToReadHistory: no row is left.
        """
        frame = history if isinstance(history, pd.DataFrame) else pd.concat(list(history))
        bought = Bought.of(frame, today=today, half_life_days=half_life_days)
        frame = columns.require(frame, columns.HISTORY, what="the order history")
        frame = frame[(frame[columns.DAY] <= today).to_numpy()]
        customer = position(frame[columns.CUSTOMER].to_numpy(), bought.customers)
        item = position(frame[columns.ITEM].to_numpy(), bought.items)
        order, orders = pd.factorize(frame[columns.ORDER].to_numpy(), sort=True)
        sizes = (bought.customers.size, orders.size)
        trip = pack((customer, order.astype(np.int64)), sizes)
        trips = distinct(trip)
        at = position(trip, trips)
        day = np.full(trips.size, np.iinfo(np.int32).max, dtype=np.int32)
        np.minimum.at(day, at, frame[columns.DAY].to_numpy())
        back, count = _back(trips // orders.size, day, sizes[0])
        key = distinct(pack((customer, item, at), (sizes[0], bought.items.size, trips.size)))
        pair, at = np.divmod(key, trips.size)
        return cls(bought, _row(bought, pair), back[at], day[at], count)

    @property
    def owner(self) -> Ints:
        """Position of each entry's customer, (N,)."""
        rows = np.diff(self.bought.start)
        return np.repeat(np.arange(rows.size), rows)[self.row]

    def summed(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum a value of each entry by row of ``bought``."""
        return np.bincount(self.row, value, self.bought.item.size).astype(np.float64)


def _back(customer: Ints, day: NDArray[np.int32], customers: int) -> tuple[Ints, Ints]:
    """Orders after each order, and orders of each customer."""
    ranking = np.lexsort((day, customer))  # stable: equal days keep the order of the keys
    count = np.bincount(customer, minlength=customers)
    back = np.empty(customer.size, dtype=np.int64)
    back[ranking] = count[customer] - 1 - place(starts(customer), customer.size)
    return back, count


def _row(bought: Bought, pair: Ints) -> Ints:
    customer = np.repeat(np.arange(bought.customers.size), np.diff(bought.start))
    return position(pair, customer * bought.items.size + bought.item)
