"""What a forecast rests on, in plain words."""

import numpy as np
import pandas as pd

from recommender import columns


def due_reasons(states: pd.DataFrame, *, today: int) -> list[str]:
    """Such as "bought 6 times, about every 28 days, last 24 days ago", row for row.

    Args:
        states: rows of ``columns.PAIRS``.
        today: the last day whose purchases are known.
    """
    every = _days(states[columns.MEAN_INTERVAL])
    return [
        f"bought {times} times, about every {interval}, last {since}"
        if times > 1
        else f"bought once, {since}; others of that type tell how long it lasts"
        for times, interval, since in zip(
            states[columns.PURCHASES].tolist(), every, _ago(states, today), strict=True
        )
    ]


def broken(states: pd.DataFrame, *, today: int) -> list[str]:
    """The same for a rhythm that broke off, with the household's last day of shopping."""
    house = (today - states[columns.HOUSE_LAST_DAY] + 1).tolist()
    return [
        f"{told}; shopped {_since(days)}"
        for told, days in zip(due_reasons(states, today=today), house, strict=True)
    ]


def _days(values: "pd.Series[float]") -> list[str]:
    whole = np.nan_to_num(np.rint(values.to_numpy())).astype(np.int64).tolist()
    return ["day" if days == 1 else f"{days} days" for days in whole]


def _ago(states: pd.DataFrame, today: int) -> list[str]:
    # Told on the night, which is the day after the last known one.
    return [_since(days) for days in (today - states[columns.LAST_DAY] + 1).tolist()]


def _since(days: int) -> str:
    return "yesterday" if days == 1 else f"{days} days ago"
