"""Baskets that are already known, set as lessons: foretell each from what came before it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.items.model import History
from recommender.keys import Ints, distinct, position, starts


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """The last basket of some customers, which nothing may look at that is to foretell it."""

    customers: Ints
    """Keys, ascending, (Q,)."""
    bought: pd.DataFrame
    """``columns.CUSTOMER_ITEMS`` of those baskets."""
    without: Ints
    """Order keys of those baskets, ascending."""

    @classmethod
    def of(cls, baskets: pd.DataFrame, history: History, *, customers: Ints, today: int) -> Self:
        """Set the last basket of those customers who have one before it.

        Args:
            baskets: see ``orders_of``.
            history: rows of ``columns.HISTORY``.
            customers: keys, ascending.
            today: as of ``orders_of``; an order may have lines on later days too.
        """
        hers = np.isin(baskets[columns.CUSTOMER].to_numpy(), customers)
        asked = baskets[hers & ((baskets["count"] > 1) & (baskets["back"] == 0)).to_numpy()]
        orders = np.sort(asked[columns.ORDER].to_numpy())
        keys = [columns.CUSTOMER, columns.ITEM]
        parts = [
            chunk[
                np.isin(chunk[columns.ORDER].to_numpy(), orders)
                & (chunk[columns.DAY] <= today).to_numpy()
            ][keys]
            for chunk in ([history] if isinstance(history, pd.DataFrame) else history)
        ]
        return cls(
            np.sort(asked[columns.CUSTOMER].to_numpy()),
            pd.concat(parts, ignore_index=True).drop_duplicates(),
            orders,
        )

    def learnt(self, customers: Ints, items: Ints, q: Ints, item: Ints) -> NDArray[np.bool_]:
        """Whether each candidate was in the basket.

        Args:
            customers: keys that ``q`` counts through.
            items: keys that ``item`` counts through, ascending.
            q: of each candidate.
            item: of each candidate.
        """
        at = position(self.bought[columns.ITEM].to_numpy(), items)
        whose = position(self.bought[columns.CUSTOMER].to_numpy(), customers)
        there = (at >= 0) & (whose >= 0)
        truth = distinct((whose * items.size + at)[there])
        return np.asarray(position(q * items.size + item, truth) >= 0)

    def sizes(self, customers: Ints) -> Ints:
        """How many items each customer's basket held; 0 for who has no lesson."""
        whose = position(self.bought[columns.CUSTOMER].to_numpy(), customers)
        return np.bincount(whose[whose >= 0], minlength=customers.size).astype(np.int64)


def orders_of(history: History, *, today: int) -> pd.DataFrame:
    """Every order up to ``today`` with its place among its customer's own.

    Returns:
        ``customer``, ``order``, ``back`` (orders of hers after it) and ``count`` (all of hers).
    """
    parts = []
    for chunk in [history] if isinstance(history, pd.DataFrame) else history:
        rows = chunk[[columns.CUSTOMER, columns.ORDER, columns.DAY]]
        rows = rows[(rows[columns.DAY] <= today).to_numpy()]
        rows = rows.sort_values([columns.CUSTOMER, columns.ORDER, columns.DAY])
        rows = rows.drop_duplicates([columns.CUSTOMER, columns.ORDER])
        rows = rows.sort_values([columns.CUSTOMER, columns.DAY, columns.ORDER])
        customer = rows[columns.CUSTOMER].to_numpy()
        first = starts(customer)
        count = np.diff(np.append(first, customer.size))
        count = np.repeat(count, count)
        at = np.arange(customer.size) - np.repeat(first, count[first]) if customer.size else count
        parts.append(
            pd.DataFrame(
                {
                    columns.CUSTOMER: customer,
                    columns.ORDER: rows[columns.ORDER].to_numpy(),
                    "back": count - 1 - at,
                    "count": count,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
