"""What the shop could do for a candidate tonight: by which road, with which gift, and its worth.

Until a measurement says more, worth is what the policy says it is: a touch is worth the ``value``
of its campaign (its priority where the policy is silent) times the weight of her tier's care plan,
less by a tenth for each road that is not her first; a gift adds its ``worth``. What a message and
a gift cost is taken off.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from care.domain.campaign import CampaignSettings, MessageClass
from care.domain.candidate import IDENTITY
from care.domain.contact_policy import ContactPolicy
from care.domain.gift import POSSIBLE
from care.domain.tier import CarePlan

LESS_LIKED = 0.9
"""What a message keeps of its value on a road that is one step further from her first choice."""
OWED = 0.01
"""A service message is worth doing whatever it costs; in minor units, too little to outweigh."""


def make_offers(
    open_roads: pd.DataFrame,
    possible: pd.DataFrame,
    campaigns: Mapping[str, CampaignSettings],
    contact: ContactPolicy,
    care_plans: Mapping[str, CarePlan],
) -> pd.DataFrame:
    """All offers in the order of the rows they are for, the one without a gift last.

    ``open_roads``: candidates with ``channel`` and ``send_on``, her first choice first.
    ``possible``: gifts as ``possible_gifts`` finds them for these rows. Returns ``row`` (place in
    ``open_roads``), ``road`` (0 is her first choice), ``gift_id`` (missing for none), ``gift_cost``
    and ``sending_cost`` (minor units), ``rung`` (0 is the ladder's first), ``gift_note`` (why
    better rungs are not for her) and ``value`` (minor units).
    """
    road = open_roads.groupby(IDENTITY, sort=False).cumcount()
    value = _of_touch(open_roads, campaigns, care_plans) * LESS_LIKED ** road.to_numpy("float64")
    cost = open_roads["channel"].map(
        {channel: contact.road(channel).cost for channel in open_roads["channel"].unique()}
    )
    without_ladder = np.setdiff1d(np.arange(len(open_roads)), possible["row"])
    bare = pd.DataFrame({"row": without_ladder, "rung": 0, "cost": 0, "worth": 0, "note": ""})
    bare["gift_id"] = pd.Series(None, index=bare.index, dtype="str")
    offers = pd.concat([possible, bare.astype(dict(POSSIBLE))], ignore_index=True)
    offers = offers.sort_values(["row", "rung"], ignore_index=True)
    offers = offers.rename(columns={"cost": "gift_cost", "note": "gift_note"})
    row = offers["row"].to_numpy()
    offers["road"] = road.to_numpy()[row]
    offers["sending_cost"] = cost.to_numpy("int64")[row]
    offers["value"] = (
        value[row] - offers["sending_cost"] + offers["worth"] - offers["gift_cost"]
    ).to_numpy("float64")
    owed = (open_roads["message_class"] == MessageClass.SERVICE).to_numpy()[row]
    offers.loc[owed, "value"] = offers.loc[owed, "value"].clip(lower=OWED)
    return offers


def _of_touch(
    candidates: pd.DataFrame,
    campaigns: Mapping[str, CampaignSettings],
    care_plans: Mapping[str, CarePlan],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = {name: chosen.worth for name, chosen in campaigns.items()}
    weights = {name: care.weight for name, care in care_plans.items()}
    worth = candidates["campaign"].map(values).to_numpy("float64")
    return worth * candidates["tier"].map(weights).to_numpy("float64")
