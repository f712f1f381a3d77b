"""The shape every item model has, and the words it answers in."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class UnableToFit(ValueError):
    """A model asks more of a history than this one has; the others go on without it."""


class Purpose(StrEnum):
    """What the asker wants to say."""

    AGAIN = "again"
    """Only what she has bought before; a customer without history gets no row."""
    DISCOVER = "discover"
    """Only what she has never bought."""
    ANY = "any"
    """Whatever her next basket most likely holds."""


class Source(StrEnum):
    """Which evidence ranked an item; scores compare within one source only."""

    PERSONAL = "personal"
    POPULAR = "popular"
    ALS = "als"
    ITEM = "item"
    """Bought by those who bought something of hers."""
    NEIGHBOURS = "neighbours"
    """Bought by the customers whose baskets are most like hers."""
    SEGMENT = "segment"
    """Popular among the customers of her segment."""
    NEW = "new"
    """New to the shop, and put forward so that somebody tries it."""


class Reason(StrEnum):
    """Why an item is recommended, as a sentence may truthfully say it."""

    BOUGHT_OFTEN = "bought_often"
    BOUGHT_LATELY = "bought_lately"
    BOUGHT_BEFORE = "bought_before"
    SIMILAR_CUSTOMERS = "similar_customers"
    POPULAR = "popular"
    GOES_WITH = "goes_with"
    """Others bought it together with, or after, the item of hers named by ``because``."""
    SEGMENT = "segment"
    """Popular among the customers of her segment."""
    NEW = "new"
    """New, and of a type she buys."""


PurposeLike: TypeAlias = Purpose | Literal["again", "discover", "any"]

History: TypeAlias = pd.DataFrame | Iterable[pd.DataFrame]
"""Rows of ``columns.HISTORY``, whole or in chunks that each hold all rows of their customers."""


class ItemModel(Protocol):
    """A fitted model of what customers will want."""

    def recommend(
        self,
        customers: NDArray[np.int64],
        k: int,
        *,
        purpose: PurposeLike,
        allowed: NDArray[np.int64] | None = None,
        exclude: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Rank at most ``k`` items for each customer.

        Args:
            customers: keys; repeats are answered once, unknown keys get what is popular.
            k: rows a customer at most.
            purpose: see ``Purpose``.
            allowed: the only items that may be named; all known ones when None.
            exclude: (customer, item) rows never to be named, such as what she just bought.

        Returns:
            ``columns.RECOMMENDATIONS``, ordered by customer and rank.
        """
        ...
