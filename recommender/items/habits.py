"""What a shop's orders say of each customer, each item, and each customer's way with an item."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.items.baskets import Baskets
from recommender.items.bought import HALF_LIFE_DAYS, Bought, UnableToReadHistory, joined
from recommender.items.model import History
from recommender.keys import Ints, starts

Floats32 = NDArray[np.float32]
Ints32 = NDArray[np.int32]

WEEKS_DAYS: Final = 20.0
"""Half-life of what she bought in the last weeks."""
TREND_DAYS: Final = (14.0, 90.0)
"""Half-lives whose proportion tells whether an item is coming or going."""
ROWS: Final = ("since", "first", "first_day", "latest", "lately", "long", "weeks")
CUSTOMERS: Final = ("baskets", "size", "last_size", "first_visit", "last_visit", "repeats")
ITEMS: Final = (
    "buyers", "repeaters", "chances", "nexts", "returns", "discoveries", "late", "short", "slow",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Counts behind every feature; nothing in it is later than ``bought.today``.

    Orders are counted back from the customer's own last one, so that it tells nothing of when she
    comes again.
    """

    bought: Bought
    since: Ints32
    """Orders of hers after the last one with the item, (N,)."""
    first: Ints32
    """Orders of hers after the first one with the item, (N,)."""
    first_day: Ints32
    """(N,)."""
    latest: Floats32
    """Her orders with the item, each counting half the one after it, (N,)."""
    lately: Floats32
    """The same, each counting .8 of the one after it, (N,)."""
    long: Floats32
    """The same, each counting .95 of the one after it, (N,)."""
    weeks: Floats32
    """The same, each counting half after ``WEEKS_DAYS`` before her last day, (N,)."""
    baskets: Ints32
    """Orders, (C,)."""
    size: Floats32
    """Mean number of items in an order, (C,)."""
    last_size: Ints32
    """Items in her last order, (C,)."""
    first_visit: Ints32
    last_visit: Ints32
    repeats: Floats32
    """Share of what her orders after the first held that she had had before, (C,)."""
    buyers: Ints
    """(I,)."""
    repeaters: Ints
    """Buyers with two orders or more that held the item, (I,)."""
    chances: Ints
    """Orders with the item that its buyer followed by another order, (I,)."""
    nexts: Ints
    """Those of them whose next order held the item again, (I,)."""
    returns: Ints
    """Those of them with any later order that held the item again, (I,)."""
    discoveries: Ints
    """Customers who took it up later than in their first order, (I,)."""
    late: NDArray[np.float64]
    """Orders with the item, each counting .8 of its customer's next one, (I,)."""
    short: NDArray[np.float64]
    slow: NDArray[np.float64]
    """Orders with the item, by age on the shop's calendar; see ``TREND_DAYS``, (I,)."""

    @classmethod
    def of(
        cls,
        history: History,
        *,
        today: int,
        without: Ints | None = None,
        half_life_days: float = HALF_LIFE_DAYS,
    ) -> Self:
        """Summarise an order history up to and including ``today``.

        Args:
            history: rows of ``columns.HISTORY``; chunks are read one at a time.
            today: the last day read.
            without: order keys that must not be looked at, ascending.
            half_life_days: of ``bought.weight``.

        Raises:
            UnableToReadHistory: no row is left, or a customer's rows lie in two chunks.
        """
        chunks = [history] if isinstance(history, pd.DataFrame) else history
        parts = []
        for chunk in chunks:
            rows = chunk
            if without is not None:
                rows = rows[~np.isin(rows["order"].to_numpy(), without)]
            if len(rows) and int(rows["day"].min()) <= today:
                parts.append(_summary(rows, today, half_life_days))
        if not parts:
            raise UnableToReadHistory(
                f"no order up to day {today}; import orders before training, "
                "or plan with the labelled fallback"
            )
        whole = joined(
            parts,
            by_row=("times", "last_day", "weight", *ROWS),
            by_customer=CUSTOMERS,
            by_item=("orders", *ITEMS),
        )
        mine = {name: whole.pop(name) for name in (*ROWS, *CUSTOMERS, *ITEMS)}
        return cls(Bought(**whole, today=today, half_life_days=half_life_days), **mine)

    @property
    def customers(self) -> int:
        """How many customers."""
        return int(self.bought.customers.size)

    @property
    def items(self) -> int:
        """How many items."""
        return int(self.bought.items.size)

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        arrays, parameters = self.bought.to_arrays()
        mine = {f"habit_{one.name}": getattr(self, one.name) for one in fields(self)[1:]}
        return arrays | mine, parameters

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave; arrays of others are passed over."""
        known = ("customers", "items", "start", "item", "times", "last_day", "weight", "orders")
        bought = Bought(
            **{name: arrays[name] for name in known},
            today=parameters["today"],
            half_life_days=parameters["half_life_days"],
        )
        return cls(bought, **{one.name: arrays[f"habit_{one.name}"] for one in fields(cls)[1:]})


def _summary(frame: pd.DataFrame, today: int, half_life_days: float) -> dict[str, NDArray[Any]]:
    baskets = Baskets.of(frame, today=today, half_life_days=half_life_days)
    bought, row, back, day = baskets.bought, baskets.row, baskets.back, baskets.day
    owner = baskets.owner
    customers, items = bought.customers.size, bought.items.size
    item = bought.item[row]
    # Entries of a row stand together; within it the latest order comes first from here on.
    order = np.lexsort((back, row))
    row, back, day, owner, item = row[order], back[order], day[order], owner[order], item[order]
    head = starts(row)
    tail = np.append(head[1:], row.size) - 1
    last_visit = np.full(customers, np.iinfo(np.int32).min, dtype=np.int32)
    np.maximum.at(last_visit, owner, day)
    first_visit = np.full(customers, np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(first_visit, owner, day)

    def by_row(value: NDArray[Any]) -> Floats32:
        return np.add.reduceat(value, head).astype(np.float32)

    def by_item(value: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(item, value, items), dtype=np.float64)

    def count(where: NDArray[np.bool_]) -> Ints:
        return np.bincount(item[where], minlength=items).astype(np.int64)

    again = np.ones(row.size, dtype=np.bool_)  # she had it in an earlier order
    again[tail] = False
    later = np.ones(row.size, dtype=np.bool_)  # she had it in a later order
    later[head] = False
    followed = back > 0
    at_once = later.copy()
    at_once[1:] &= back[1:] == back[:-1] + 1
    opening = back == baskets.count[owner] - 1
    after_first = np.bincount(owner[~opening], minlength=customers)
    held = np.bincount(owner, minlength=customers)
    age = today - day
    return {
        "customers": bought.customers,
        "items": bought.items,
        "start": bought.start,
        "item": bought.item,
        "times": bought.times,
        "last_day": bought.last_day,
        "weight": bought.weight,
        "orders": bought.orders,
        "since": back[head].astype(np.int32),
        "first": back[tail].astype(np.int32),
        "first_day": np.minimum.reduceat(day, head),
        "latest": by_row(0.5**back),
        "lately": by_row(0.8**back),
        "long": by_row(0.95**back),
        "weeks": by_row(np.exp2((day - last_visit[owner]) / WEEKS_DAYS)),
        "baskets": baskets.count.astype(np.int32),
        "size": (held / baskets.count).astype(np.float32),
        "last_size": np.bincount(owner[back == 0], minlength=customers).astype(np.int32),
        "first_visit": first_visit,
        "last_visit": last_visit,
        "repeats": (
            np.bincount(owner[again], minlength=customers) / np.maximum(after_first, 1)
        ).astype(np.float32),
        "buyers": np.bincount(bought.item, minlength=items).astype(np.int64),
        "repeaters": np.bincount(bought.item[bought.times > 1], minlength=items).astype(np.int64),
        "chances": count(followed),
        "nexts": count(followed & at_once),
        "returns": count(followed & later),
        "discoveries": count(~again & ~opening),
        "late": by_item(0.8**back),
        "short": by_item(np.exp2(-age / TREND_DAYS[0])),
        "slow": by_item(np.exp2(-age / TREND_DAYS[1])),
    }
