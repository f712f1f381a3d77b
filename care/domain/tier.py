"""How much a customer has entrusted to the shop over the last year, in steps with a name."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.model import Decided


class Tier(Decided):
    """One step: who reaches it and what it is called, by locale."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: dict[str, str]
    min_spend: int = Field(ge=0, description="minor units spent over the window")


def assign_tiers(spend: pd.Series, tiers: Sequence[Tier]) -> pd.Series:
    """Tier name for each customer's spend (minor units).

    ``tiers`` come in rising order of ``min_spend`` and start at 0. Same index as ``spend``.
    """
    edges = np.array([tier.min_spend for tier in tiers], dtype="int64")
    step = np.searchsorted(edges, spend.to_numpy("int64"), side="right") - 1
    names = np.array([tier.name for tier in tiers], dtype=object)
    return pd.Series(names[np.maximum(step, 0)], index=spend.index, dtype="str", name="tier")
