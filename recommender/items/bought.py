"""What each customer bought, one row a (customer, item): the state under every item model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.items.model import History
from recommender.keys import Ints, distinct, pack, position, starts

HALF_LIFE_DAYS = 80.0


class UnableToReadHistory(ValueError):
    """An order history is empty or its chunks split a customer."""


@dataclass(frozen=True, slots=True, eq=False)
class Bought:
    """Purchases as compressed rows: customer ``c`` owns rows ``start[c] : start[c + 1]``.

    ``weight`` is the decayed number of orders holding the item, each order counting
    ``0.5 ** (age / half life)`` with its age in days reckoned from the customer's own latest day,
    so that a long silence does not turn her habits into noise.
    """

    customers: Ints
    """Keys, ascending, (C,)."""
    items: Ints
    """Keys, ascending, (I,)."""
    start: Ints
    """(C + 1,)."""
    item: NDArray[np.int32]
    """Position in ``items``, ascending within a customer, (N,)."""
    times: NDArray[np.int32]
    """Distinct orders, (N,)."""
    last_day: NDArray[np.int32]
    """(N,)."""
    weight: NDArray[np.float64]
    """(N,)."""
    orders: Ints
    """Distinct orders that held the item, over all customers, (I,)."""
    today: int
    half_life_days: float

    @classmethod
    def of(cls, history: History, *, today: int, half_life_days: float = HALF_LIFE_DAYS) -> Self:
        """Summarise an order history up to and including ``today``; later rows are not read.

        Raises:
            UnableToReadHistory: no row is left, or a customer's rows lie in two chunks.
        """
        chunks = [history] if isinstance(history, pd.DataFrame) else history
        parts = [
            _summary(chunk, half_life_days)
            for chunk in (_until(frame, today) for frame in chunks)
            if len(chunk)
        ]
        if not parts:
            raise UnableToReadHistory(
                f"no order up to day {today}; import orders before training, "
                "or plan with the labelled fallback"
            )
        return cls(**joined(parts), today=today, half_life_days=half_life_days)

    @property
    def share(self) -> NDArray[np.float64]:
        """Popularity of each item as a share of the most popular one's orders, (I,)."""
        return np.asarray(self.orders / self.orders.max(initial=1))

    def rows_of(self, code: Ints) -> tuple[Ints, Ints]:
        """Rows of the customers at positions ``code`` (-1: unknown, no rows).

        Returns:
            For each row found: the index into ``code`` it belongs to, and the row.
        """
        known = code >= 0
        first = np.where(known, self.start[code], 0)
        length = np.where(known, self.start[code + 1] - first, 0)
        owner = np.repeat(np.arange(code.size), length)
        shift = np.repeat(first - (np.cumsum(length) - length), length)
        return owner, np.arange(owner.size) + shift

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters from which ``from_arrays`` restores an equal object."""
        names = ("customers", "items", "start", "item", "times", "last_day", "weight", "orders")
        arrays = {name: getattr(self, name) for name in names}
        return arrays, {"today": self.today, "half_life_days": self.half_life_days}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        state: dict[str, Any] = {**arrays, **parameters}
        return cls(**state)


def _until(frame: pd.DataFrame, today: int) -> pd.DataFrame:
    frame = columns.require(frame, columns.HISTORY, what="the order history")
    late = frame[columns.DAY] > today
    return frame[~late] if late.any() else frame


def _summary(frame: pd.DataFrame, half_life_days: float) -> dict[str, NDArray[Any]]:
    customer, customers = _codes(frame[columns.CUSTOMER])
    item, items = _codes(frame[columns.ITEM])
    order, orders = _codes(frame[columns.ORDER])
    key = pack((customer, item, order), (customers.size, items.size, orders.size))
    sorting = np.argsort(key)
    key = key[sorting]
    first = starts(key)
    # An item on several lines of an order counts once; sorted sums make the floats repeatable.
    day = np.minimum.reduceat(frame[columns.DAY].to_numpy()[sorting], first)
    pair = key[first] // orders.size
    row = starts(pair)
    customer, item = np.divmod(pair[row], items.size)
    last_day = np.maximum.reduceat(day, row)
    start = starts(customer)
    latest = np.maximum.reduceat(last_day, start)
    times = np.diff(np.append(row, pair.size))
    age = np.repeat(latest[customer], times) - day
    return {
        "customers": customers,
        "items": items,
        "start": np.append(start, row.size),
        "item": item.astype(np.int32),
        "times": times.astype(np.int32),
        "last_day": last_day,
        "weight": np.add.reduceat(np.exp2(-age / half_life_days), row),
        "orders": np.bincount(item, weights=times, minlength=items.size).astype(np.int64),
    }


def _codes(column: "pd.Series[Any]") -> tuple[Ints, Ints]:
    codes, values = pd.factorize(column.to_numpy(), sort=True)
    return codes.astype(np.int64), np.asarray(values, dtype=np.int64)


def joined(
    parts: Sequence[dict[str, NDArray[Any]]],
    *,
    by_row: Sequence[str] = ("times", "last_day", "weight"),
    by_customer: Sequence[str] = (),
    by_item: Sequence[str] = ("orders",),
) -> dict[str, NDArray[Any]]:
    """Put summaries of disjoint customers together: rows and customers in order, items added up.

    Raises:
        UnableToReadHistory: a customer is in two parts.
    """
    if len(parts) == 1:
        return parts[0]
    customers = np.concatenate([part["customers"] for part in parts])
    order = np.argsort(customers, kind="stable")
    if (np.diff(customers[order]) == 0).any():
        raise UnableToReadHistory(
            "a customer's orders lie in two chunks; cut the history between customers"
        )
    items = distinct(*(part["items"] for part in parts))
    places = [position(part["items"], items) for part in parts]
    length = np.concatenate([np.diff(part["start"]) for part in parts])
    begin = np.cumsum(length) - length
    start = np.concatenate(([0], np.cumsum(length[order])))
    row = np.arange(start[-1]) + np.repeat(begin[order] - start[:-1], length[order])
    item = np.concatenate([at[part["item"]] for at, part in zip(places, parts, strict=True)])
    stacked = {name: np.concatenate([part[name] for part in parts])[row] for name in by_row}
    stacked |= {name: np.concatenate([part[name] for part in parts])[order] for name in by_customer}
    for name in by_item:
        total = np.zeros(items.size, dtype=parts[0][name].dtype)
        for at, part in zip(places, parts, strict=True):
            total[at] += part[name]
        stacked[name] = total
    return {
        "customers": customers[order],
        "items": items,
        "start": start,
        "item": item[row].astype(np.int32),
        **stacked,
    }
