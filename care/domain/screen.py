"""Who may be contacted: occasions already planned, consent, suppressions and addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from care.domain.campaign import CampaignSettings, MessageClass
from care.domain.candidate import IDENTITY
from care.domain.channel import ADDRESS_COLUMN, CONSENT_COLUMN, Channel
from care.domain.exclusion import Reason, exclude, gather
from care.domain.tier import CarePlan


@dataclass(frozen=True, slots=True)
class Permissions:
    """What customers allow, in columns.

    ``customers``: ``customer_key``, an address and a marketing consent column per channel, and
    ``preferred_channel``. ``suppressions``: ``customer_key, channel, campaign`` (missing channel or
    campaign means every one). ``planned``: identity columns and ``arm`` of those of
    tonight's candidates that were planned before.
    ``complaining``: customers with an open complaint, who get no marketing. ``displeased``: nor do
    those who said not long ago that they are not pleased.
    """

    customers: pd.DataFrame
    suppressions: pd.DataFrame
    planned: pd.DataFrame
    complaining: pd.Index = field(default_factory=lambda: pd.Index([], dtype="int64"))
    displeased: pd.Index = field(default_factory=lambda: pd.Index([], dtype="int64"))


def screen(
    due: pd.DataFrame,
    permissions: Permissions,
    settings: Mapping[str, CampaignSettings],
    care_plans: Mapping[str, CarePlan],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the candidates that may be contacted and choose each one's channel.

    The customer's preferred channel wins where the campaign uses it; then the first channel of her
    tier's care plan; else the campaign's order. ``due`` says each customer's ``tier``.
    Returns (kept with ``channel``, exclusions); together they are exactly ``due``.
    """
    arms = permissions.planned.set_index(IDENTITY)["arm"]
    arm = due.merge(arms.rename("arm"), how="left", left_on=IDENTITY, right_index=True)["arm"]
    again, held = (arm == "treated").to_numpy(), (arm == "held_out").to_numpy()
    fresh = due[~again & ~held]
    marketing = fresh["message_class"] != MessageClass.SERVICE
    complains = marketing & fresh["customer_key"].isin(permissions.complaining)
    displeased = marketing & fresh["customer_key"].isin(permissions.displeased) & ~complains
    complained, let_be = fresh[complains], fresh[displeased]
    fresh = fresh[~complains & ~displeased].reset_index(drop=True)

    people = permissions.customers.set_index("customer_key").reindex(fresh["customer_key"])
    preferred = people["preferred_channel"].to_numpy()
    tiers_first = fresh["tier"].map(
        {name: str(care.first_channel) for name, care in care_plans.items() if care.first_channel}
    )
    service = (fresh["message_class"] == MessageClass.SERVICE).to_numpy()
    rank = np.full(len(fresh), np.inf)
    channel = np.full(len(fresh), None, dtype=object)
    has_address = np.zeros(len(fresh), dtype=bool)
    has_consent = np.zeros(len(fresh), dtype=bool)
    for road in Channel:
        order = fresh["campaign"].map(
            {
                name: chosen.channels.index(road) if road in chosen.channels else np.inf
                for name, chosen in settings.items()
            }
        )
        used = np.isfinite(order.to_numpy("float64"))
        place = np.where((tiers_first == road).to_numpy(bool), -1.0, order.to_numpy("float64"))
        place = np.where(preferred == road, -2.0, place)
        addressed = used & people[ADDRESS_COLUMN[road]].notna().to_numpy()
        allowed = addressed & (service | people[CONSENT_COLUMN[road]].to_numpy(bool))
        open_road = allowed & ~suppressed(fresh, permissions.suppressions, road)
        better = open_road & (place < rank)
        rank[better], channel[better] = place[better], str(road)
        has_address |= addressed
        has_consent |= allowed

    reached = np.isfinite(rank)
    kept = fresh[reached].assign(channel=pd.array(channel[reached], dtype="str"))
    excluded = gather(
        exclude(due[again], Reason.ALREADY_TOUCHED),
        exclude(due[held], Reason.ALREADY_HELD_OUT),
        exclude(complained, Reason.OPEN_COMPLAINT),
        exclude(let_be, Reason.BAD_REVIEW),
        exclude(fresh[~reached & ~has_address], Reason.NO_ADDRESS),
        exclude(fresh[~reached & has_address & ~has_consent], Reason.NO_CONSENT),
        exclude(fresh[~reached & has_consent], Reason.SUPPRESSED),
    )
    return kept.reset_index(drop=True), excluded


def suppressed(
    candidates: pd.DataFrame, suppressions: pd.DataFrame, channel: Channel
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of the candidates (``customer_key, campaign``) must not be reached by a channel."""
    here = suppressions[suppressions["channel"].isna() | (suppressions["channel"] == channel)]
    whole = here.loc[here["campaign"].isna(), "customer_key"]
    single = pd.MultiIndex.from_frame(
        here.loc[here["campaign"].notna(), ["customer_key", "campaign"]]
    )
    pairs = pd.MultiIndex.from_frame(candidates[["customer_key", "campaign"]])
    hit: np.ndarray[tuple[int], np.dtype[np.bool_]] = candidates["customer_key"].isin(
        whole
    ).to_numpy() | pairs.isin(single)
    return hit
