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
