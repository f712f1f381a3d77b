"""Whether a type of product is in its season: how it sells now, beside how it usually does."""

import numpy as np
import pandas as pd

RECENT_WEEKS = 4
USUAL_WEEKS = 48
"""Weeks before the recent ones that tell what is usual."""
FEW = 20.0
"""Purchases that are thought to have been as usual, so that chance does not make a season."""
CLEARLY = 0.5
"""What sells more than so much of what is usual is not out of season."""


def damping(sales: pd.DataFrame) -> pd.Series:
    """By how much the chance of another purchase of a type is less out of its season, by type.

    ``sales``: ``type_key, weeks_ago, purchases``: on how many customers' days a type was bought,
    0 for the last seven days. What is usual is the type's part of all purchases, so that a quiet
    shop makes no season. 1 for what is in season or has not been seen long enough.
    """
    age = sales["weeks_ago"]
    recent = sales[age < RECENT_WEEKS].groupby("type_key")["purchases"].sum()
    before = sales[(age >= RECENT_WEEKS) & (age < RECENT_WEEKS + USUAL_WEEKS)]
    usual = before.groupby("type_key")["purchases"].sum()
    if usual.empty or recent.empty:
        return pd.Series(1.0, index=usual.index.union(recent.index))
    expected = usual / usual.sum() * recent.sum()
    ratio = (recent.reindex(usual.index).fillna(0) + FEW) / (expected + FEW)
    return pd.Series(np.where(ratio < CLEARLY, ratio, 1.0), index=usual.index)
