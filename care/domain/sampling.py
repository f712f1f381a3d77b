"""Which messages a reviewer should look at when she looks at a few."""

import hashlib

import numpy as np
import pandas as pd

from care.domain.recommendation import FALLBACKS

SKETCH = ["message_id", "tier", "locale", "channel", "gift_note", "items_source", "parts", "length"]
"""What is known of a message without opening it; ``length``: of its sealed body, in bytes."""


def choose(sketches: pd.DataFrame, n: int, *, seed: int) -> list[tuple[str, str]]:
    """Pick ``n`` messages, fewer if there are not so many: (message id, why), each once.

    ``sketches``: columns ``SKETCH``. Up to half of them are those that most likely read oddly: the
    longest of its channel, one with fallback items, one whose gift gave way, the one of most parts.
    The others go through the tiers, languages and channels in turn. Another seed picks others.
    """
    rows = sketches.assign(order=[_draw(seed, one) for one in sketches["message_id"]])
    rows = rows.sort_values("order", ignore_index=True)
    chosen: dict[str, str] = {}
    for where, why in _risky(rows):
        there = rows.loc[where & ~rows["message_id"].isin(list(chosen)), "message_id"]
        if len(there) and len(chosen) < max(n // 2, 1):
            chosen[str(there.iloc[0])] = why
    groups = rows[~rows["message_id"].isin(list(chosen))]
    by = ["tier", "locale", "channel"]
    turn = groups.groupby(by).cumcount()
    groups = groups.assign(turn=turn).sort_values(["turn", "order"])
    for message_id, *kind in groups[["message_id", *by]].itertuples(index=False, name=None):
        chosen.setdefault(str(message_id), ", ".join(map(str, kind)))
    return list(chosen.items())[:n]


def _risky(rows: pd.DataFrame) -> list[tuple[np.ndarray, str]]:
    """Masks of what may read oddly, the likeliest first, each with the reason."""
    longest = rows.groupby("channel")["length"].transform("max")
    typical = rows.groupby("channel")["length"].transform("median")
    return [
        (rows["items_source"].isin(FALLBACKS).to_numpy(bool), "fallback items"),
        ((rows["gift_note"] != "").to_numpy(bool), "its gift gave way"),
        (((rows["length"] == longest) & (longest > typical)).to_numpy(bool), "the longest"),
        (
            ((rows["parts"] > 1) & (rows["parts"] == rows["parts"].max())).to_numpy(bool),
            "most parts",
        ),
    ]


def _draw(seed: int, message_id: str) -> str:
    return hashlib.blake2b(f"{seed}:{message_id}".encode(), digest_size=8).hexdigest()
