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


def assign_gifts(
    touches: pd.DataFrame,
    ladders: Ladders,
    gifts: Mapping[str, Gift],
    left: Mapping[str, int],
    *,
    budget: int,
    tier_order: Mapping[str, int],
) -> pd.DataFrame:
    """Give each touch the first rung of its ladder that stock and tonight's budget still allow.

    ``left``: pieces in stock; a gift not named
    there is unlimited. Higher tiers choose first, then higher priority, then the identity. Adds
    ``gift_id`` (missing for none), ``gift_cost`` (minor units) and ``gift_note`` (why it is not
    the first rung, in words). Loops over campaigns, tiers and rungs, not over customers.
    """
    ordered = touches.assign(tier_step=touches["tier"].map(tier_order)).sort_values(
        ["tier_step", "priority", "campaign", "customer_key", "occasion_key"],
        ascending=[False, False, True, True, True],
    )
    gift_id = pd.Series(pd.NA, index=ordered.index, dtype="str")
    cost = pd.Series(0, index=ordered.index, dtype="int64")
    note = pd.Series("", index=ordered.index, dtype="str")
    remaining, money = dict(left), budget
    for _, group in ordered.groupby(["tier_step", "priority", "campaign"], sort=False):
        campaign, tier = str(group["campaign"].iloc[0]), str(group["tier"].iloc[0])
        waiting = group.index
        short: list[str] = []
        for rung in ladders.get(campaign, {}).get(tier, ()):
            price = gifts[rung].cost
            pieces = len(waiting)
            if rung in remaining:
                pieces = min(pieces, remaining[rung])
            if price:
                pieces = min(pieces, money // price)
            served, waiting = waiting[:pieces], waiting[pieces:]
            gift_id.loc[served], cost.loc[served] = rung, price
            note.loc[served] = "; ".join(short)
            if rung in remaining:
                remaining[rung] -= pieces
            money -= pieces * price
            if not len(waiting):
                break
            short.append(f"{rung} is short")
        note.loc[waiting] = "; ".join(short)
    chosen = pd.DataFrame({"gift_id": gift_id, "gift_cost": cost, "gift_note": note})
    return touches.join(chosen)


def total_cost(touches: pd.DataFrame) -> int:
    """What the gifts of these touches cost, in minor units."""
    return int(np.sum(touches["gift_cost"].to_numpy("int64")))
