"""What was planned on earlier nights, as rules ask about it."""

import numpy as np
import pandas as pd


def planned_since(past: pd.DataFrame, day: np.datetime64) -> pd.Index:
    """Keys of the customers for whom something was planned that goes out from a day on.

    ``past``: ``customer_key, send_on`` of a campaign's own touches. Those of the control group
    count, so that both arms are due equally often.
    """
    theirs = past[past["send_on"].to_numpy() >= day]
    found: pd.Index = pd.Index(theirs["customer_key"].unique())
    return found


def in_quiet_days(past: pd.DataFrame, days: int, *, today: np.datetime64) -> pd.Index:
    """Keys of the customers to whom something goes out, or went at most so many days ago.

    This is what ``quiet_days`` means wherever it is: of a letter on the 1st and 30 quiet days, the
    31st is the last quiet one.
    """
    return planned_since(past, today - days)
