"""The shape every timing model has."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns

PurchaseDays: TypeAlias = pd.DataFrame | Iterable[pd.DataFrame]
"""Rows of ``columns.PURCHASE_DAYS``: one frame, or chunks that each hold all rows of their
customers and can be walked more than once (a list, or an object that reads them anew)."""


class UnableToReadPurchaseDays(ValueError):
    """Purchase days came as a stream that can be read only once."""


class UnableToForetell(ValueError):
    """Pairs know purchases of days that have not come."""


class TimingModel(Protocol):
    """A fitted model of when customers buy a type again."""

    def due(self, pairs: pd.DataFrame, *, today: int, horizon: int) -> pd.DataFrame:
        """Foretell the next purchase of each pair.

        Args:
            pairs: rows of ``columns.PAIRS`` as of ``today`` (see ``rhythm``).
            today: the last day whose purchases are known.
            horizon: days to look ahead.

        Returns:
            ``columns.DUE``, row for row as ``pairs``. ``probability`` is that of a purchase on a
            day in (today, today + horizon]. ``expected_day`` is the day the rhythm alone gives,
            which may have passed. ``window_from`` and ``window_to`` bound the next purchase with
            80 % probability, given that there was none up to ``today``.

        Raises:
            UnableToForetell: a pair's last purchase is later than ``today``.
        """
        ...


def chunked(purchase_days: PurchaseDays) -> Iterable[pd.DataFrame]:
    """Purchase days as chunks, whatever they came as.

    Raises:
        UnableToReadPurchaseDays: they came as an iterator, which ends after one walk.
    """
    if isinstance(purchase_days, pd.DataFrame):
        return [purchase_days]
    if isinstance(purchase_days, Iterator):
        raise UnableToReadPurchaseDays(
            "purchase days are walked twice; give a list of chunks, or an object reading them anew"
        )
    return purchase_days


def bought(pairs: pd.DataFrame, later: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether each pair is among the purchase days of ``later``."""
    keys = [columns.CUSTOMER, columns.TYPE]
    return pd.MultiIndex.from_frame(pairs[keys]).isin(pd.MultiIndex.from_frame(later[keys]))


def as_of(pairs: pd.DataFrame, today: int) -> pd.DataFrame:
    """Return the columns of ``columns.PAIRS``, having checked that they are as of ``today``.

    Raises:
        UnableToForetell: a pair's last purchase is later.
    """
    pairs = columns.require(pairs, columns.PAIRS, what="pairs")
    if (pairs[columns.LAST_DAY] > today).any():
        raise UnableToForetell(
            f"some pairs were last bought after day {today}; summarise them with "
            f"rhythm(purchase_days, today={today})"
        )
    return pairs
