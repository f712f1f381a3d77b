"""The concrete thing a touch carries, chosen by the tier's ladder while stock and budget last."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.model import Decided


class Gift(Decided):
    """A gift of the shop. Without ``stock`` there is always enough of it."""

    label: dict[str, str]
    description: dict[str, str]
    cost: int = Field(ge=0, description="minor units, what one costs the shop")
    stock: int | None = Field(default=None, ge=0)


Ladders = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Campaign → tier → gift ids, best first."""


def possible_gifts(
    touches: pd.DataFrame, ladders: Ladders, gifts: Mapping[str, Gift]
) -> pd.DataFrame:
    """STAND-IN."""
    parts = []
    for (campaign, tier), rows in touches.reset_index(drop=True).groupby(["campaign", "tier"]):
        for rung, gift in enumerate(ladders.get(campaign, {}).get(tier, ())):
            parts.append(
                pd.DataFrame(
                    {
                        "row": rows.index,
                        "rung": rung,
                        "gift_id": gift,
                        "cost": gifts[gift].cost,
                        "worth": 2 * gifts[gift].cost,
                        "note": "",
                    }
                )
            )
    empty = pd.DataFrame(
        {
            "row": pd.Series(dtype="int64"),
            "rung": pd.Series(dtype="int64"),
            "gift_id": pd.Series(dtype="str"),
            "cost": pd.Series(dtype="int64"),
            "worth": pd.Series(dtype="int64"),
            "note": pd.Series(dtype="str"),
        }
    )
    return pd.concat([empty, *parts], ignore_index=True)


def total_cost(touches: pd.DataFrame) -> int:
    """What the gifts of these touches cost, in minor units."""
    return int(np.sum(touches["gift_cost"].to_numpy("int64")))
