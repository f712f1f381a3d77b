"""When a pause has become longer than nearly all pauses of the same rhythm.

Log intervals of a pair are taken as normal around the pair's own mean. Their variance is shrunk
towards that of all pairs, as a few intervals tell little of their spread:

    s2 = (ss + K * pooled) / (n - 1 + K),    overdue after exp(mean + z * sqrt(s2 * (1 + 1 / n)))

with n intervals, ss their sum of squares about the mean and z the normal quantile of 1 - share; the
factor 1 + 1/n is that of a prediction, whose mean is itself only estimated.
"""

from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.timing.model import as_of

PRIOR_INTERVALS = 4.0
"""K: the weight of the pooled variance, in intervals."""
LONGEST_DAYS = 3650.0


def overdue_from(pairs: pd.DataFrame, *, today: int, share: float) -> NDArray[np.int32]:
    """The first day on which only ``share`` of a pair's pauses would still be going on.

    Args:
        pairs: rows of ``columns.PAIRS`` as of ``today``, each with at least two intervals.
        today: the last day whose purchases are known.
        share: between 0 and 0.5.

    Returns:
        Days since 1970-01-01, row for row as ``pairs``; later than the last purchase.
    """
    pairs = as_of(pairs, today)
    intervals = pairs[columns.PURCHASES].to_numpy("float64") - 1.0
    squares = pairs[columns.LOG_INTERVAL_SS].to_numpy("float64")
    degrees = float((intervals - 1.0).sum())
    pooled = float(squares.sum()) / degrees if degrees > 0 else 0.0
    variance = (squares + PRIOR_INTERVALS * pooled) / (intervals - 1.0 + PRIOR_INTERVALS)
    spread = np.sqrt(variance * (1.0 + 1.0 / intervals))
    after = np.exp(
        pairs[columns.MEAN_LOG_INTERVAL].to_numpy("float64")
        + NormalDist().inv_cdf(1.0 - share) * spread
    )
    days = np.ceil(np.clip(after, 1.0, LONGEST_DAYS)).astype("int32")
    found: NDArray[np.int32] = pairs[columns.LAST_DAY].to_numpy("int32") + days
    return found
