"""One customer, one touch a night: which of her occasions speaks, and which waits."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from care.domain.campaign import MessageClass
from care.domain.contact_policy import ContactPolicy, crowding, send_day
from care.domain.exclusion import Outcome, Reason, exclude, gather
from care.domain.tier import CarePlan


def arbitrate(
    candidates: pd.DataFrame,
    touches: pd.DataFrame,
    contact: ContactPolicy,
    care_plans: Mapping[str, CarePlan],
    *,
    night: date,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose at most one marketing candidate a customer, within her tier's caps or everybody's.

    Service is always chosen.


    Priority first, then the earlier last day, then the identity, so that the order of the input
    never matters. What is owed to her neither waits for a cap nor crowds anything out.

    ``candidates`` say each customer's ``tier``, and ``care_plans`` has one for every tier.
    ``touches``: ``customer_key, send_on`` of treated marketing touches near the night. Returns
    (winners with ``send_on``, deferred and excluded); together they are exactly ``candidates``. A
    loser is deferred while its window is still open tomorrow, unless its campaign says drop.
    """
    ranked = candidates.assign(send_on=send_day(candidates, night=night)).sort_values(
        ["customer_key", "priority", "send_until", "campaign", "occasion_key"],
        ascending=[True, False, True, True, True],
        ignore_index=True,
    )
    owed = (ranked["message_class"] == MessageClass.SERVICE).to_numpy()
    service, ranked = ranked[owed], ranked[~owed].reset_index(drop=True)
    near = crowding(ranked, touches)
    a_week = {
        name: care.touches_per_week or contact.touches_per_week for name, care in care_plans.items()
    }
    a_month = {name: care.touches_per_month or np.inf for name, care in care_plans.items()}
    tiers = ranked["tier"]
    capped = near["in_week"].to_numpy() >= tiers.map(a_week).to_numpy("float64")
    enough = ~capped & (near["in_month"].to_numpy() >= tiers.map(a_month).to_numpy("float64"))
    too_close = ~capped & ~enough & (near["gap"].to_numpy() < contact.min_gap_days)
    free = ranked[~capped & ~enough & ~too_close]
    first = ~free.duplicated("customer_key").to_numpy()
    winners = free[first].reset_index(drop=True)
    losers = free[~first]
    winner_of = losers["customer_key"].map(winners.set_index("customer_key")["campaign"])

    set_aside = gather(
        exclude(ranked[capped], Reason.WEEKLY_CAP, outcome=_outcome(ranked[capped], night)),
        exclude(ranked[enough], Reason.MONTHLY_CAP, outcome=_outcome(ranked[enough], night)),
        exclude(ranked[too_close], Reason.MINIMUM_GAP, outcome=_outcome(ranked[too_close], night)),
        exclude(
            losers,
            Reason.OUTRANKED,
            outcome=_outcome(losers, night),
            detail="by " + winner_of.astype("str"),
        ),
    )
    return pd.concat([service, winners], ignore_index=True), set_aside


def _outcome(losers: pd.DataFrame, night: date) -> pd.Series:
    tomorrow_is_fine = losers["send_until"] > pd.Timestamp(night)
    waits = tomorrow_is_fine & (losers["when_crowded"] == "defer")
    return pd.Series(
        np.where(waits, str(Outcome.DEFERRED), str(Outcome.EXCLUDED)), index=losers.index
    )
