"""Who may be contacted: occasions already planned, her wishes, consent and addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from care.domain.campaign import CampaignSettings, MessageClass
from care.domain.campaigns import CAMPAIGNS
from care.domain.candidate import IDENTITY
from care.domain.channel import ADDRESS_COLUMN, CONSENT_COLUMN, Channel
from care.domain.exclusion import Reason, exclude, gather
from care.domain.suppression import opted_out, suppressed
from care.domain.tier import CarePlan

Mask = npt.NDArray[np.bool_]

_nobody = partial(pd.Index, [], dtype="int64")


@dataclass(frozen=True, slots=True)
class Permissions:
    """What customers allow, in columns.

    ``customers``: ``customer_key``, an address and a marketing consent column per channel,
    ``sensitive_consent`` and ``preferred_channel``. ``suppressions``: columns of
    ``care.domain.suppression``. ``planned``: identity columns and ``arm`` of those of tonight's
    candidates that were planned before.
    ``complaining``: customers with an open complaint, who get no marketing. ``displeased``: nor do
    those who said not long ago that they are not pleased. ``impersonal``: customers who want
    nothing that is read from their behaviour. ``sensitive``: products of categories that are
    named to those alone who agreed.
    """

    customers: pd.DataFrame
    suppressions: pd.DataFrame
    planned: pd.DataFrame
    complaining: pd.Index = field(default_factory=_nobody)
    displeased: pd.Index = field(default_factory=_nobody)
    impersonal: pd.Index = field(default_factory=_nobody)
    sensitive: pd.Index = field(default_factory=_nobody)


def screen(
    due: pd.DataFrame,
    permissions: Permissions,
    settings: Mapping[str, CampaignSettings],
    care_plans: Mapping[str, CarePlan],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the candidates that may be contacted, by every channel that is open to them.

    The customer's preferred channel comes first where the campaign uses it; then the first channel
    of her tier's care plan; else the campaign's order. ``due`` says each customer's ``tier``.
    Returns (kept, one row for each candidate and ``channel``, and exclusions); each candidate of
    ``due`` is in exactly one of them.
    """
    arms = permissions.planned.set_index(IDENTITY)["arm"]
    arm = due.merge(arms.rename("arm"), how="left", left_on=IDENTITY, right_index=True)["arm"]
    reasons = np.select(
        [
            (arm == "treated").to_numpy(),
            (arm == "held_out").to_numpy(),
            *unwanted(due, permissions).values(),
        ],
        [Reason.ALREADY_TOUCHED, Reason.ALREADY_HELD_OUT, *UNWANTED],
        default="",
    )
    fresh = due[reasons == ""].reset_index(drop=True)
    roads = _choose_roads(fresh, permissions, settings, care_plans)
    kept = fresh.take(roads.row).assign(channel=roads.channel)
    lost = np.ones(len(fresh), dtype=bool)
    lost[roads.row] = False
    excluded = gather(
        *(exclude(due[reasons == reason], reason) for reason in _BEFORE),
        exclude(fresh[lost & ~roads.has_address], Reason.NO_ADDRESS),
        exclude(fresh[lost & roads.has_address & ~roads.has_consent], Reason.NO_CONSENT),
        exclude(fresh[lost & roads.has_consent], Reason.SUPPRESSED),
    )
    return kept.reset_index(drop=True), excluded


UNWANTED = (
    Reason.OPEN_COMPLAINT,
    Reason.BAD_REVIEW,
    Reason.OPTED_OUT,
    Reason.NOT_PERSONAL,
    Reason.SENSITIVE,
)
"""Why she may not want it, whatever the channel; where several hold, the first is told."""

_BEFORE = (Reason.ALREADY_TOUCHED, Reason.ALREADY_HELD_OUT, *UNWANTED)


def unwanted(about: pd.DataFrame, permissions: Permissions) -> dict[Reason, Mask]:
    """Which candidates or messages are not wanted, by each reason of ``UNWANTED``, in its order.

    ``about``: ``customer_key, campaign, occasion_key, message_class, product_key``. Service is owed
    to her and stops for none but an occasion whose suppression covers everything.
    """
    keys = about["customer_key"]
    marketing = (about["message_class"] != MessageClass.SERVICE).to_numpy()
    names = about["product_key"].notna().to_numpy()
    reading = [name for name, campaign in CAMPAIGNS.items() if campaign.reads_behaviour]
    personal = about["campaign"].isin(reading).to_numpy() | names
    delicate = about["product_key"].isin(permissions.sensitive).to_numpy(bool)
    if delicate.any():
        people = permissions.customers
        agreed = people.loc[people["sensitive_consent"].to_numpy(bool), "customer_key"]
        delicate &= ~keys.isin(agreed).to_numpy()
    return {
        Reason.OPEN_COMPLAINT: marketing & keys.isin(permissions.complaining).to_numpy(),
        Reason.BAD_REVIEW: marketing & keys.isin(permissions.displeased).to_numpy(),
        Reason.OPTED_OUT: opted_out(about, permissions.suppressions),
        Reason.NOT_PERSONAL: marketing & personal & keys.isin(permissions.impersonal).to_numpy(),
        Reason.SENSITIVE: marketing & delicate,
    }


@dataclass(frozen=True, slots=True)
class _Roads:
    """The channels open to each candidate, and how far she could be reached at all.

    ``row`` and ``channel``: a pair for each channel that is open, of each row the best first.
    """

    row: npt.NDArray[np.int64]
    channel: pd.api.extensions.ExtensionArray
    has_address: Mask
    has_consent: Mask


def _choose_roads(
    fresh: pd.DataFrame,
    permissions: Permissions,
    settings: Mapping[str, CampaignSettings],
    care_plans: Mapping[str, CarePlan],
) -> _Roads:
    people = permissions.customers
    # Places rather than whole rows: a customer has dozens of columns and this asks for five.
    row = pd.Index(people["customer_key"]).get_indexer(fresh["customer_key"])
    preferred = people["preferred_channel"].to_numpy()[row]
    tiers_first = fresh["tier"].map(
        {name: str(care.first_channel) for name, care in care_plans.items() if care.first_channel}
    )
    service = (fresh["message_class"] == MessageClass.SERVICE).to_numpy()
    pairs = []
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
        addressed = used & people[ADDRESS_COLUMN[road]].notna().to_numpy()[row]
        allowed = addressed & (service | people[CONSENT_COLUMN[road]].to_numpy(bool)[row])
        open_road = allowed & ~suppressed(fresh, permissions.suppressions, road)
        here = np.flatnonzero(open_road)
        pairs.append(pd.DataFrame({"row": here, "place": place[here], "channel": str(road)}))
        has_address |= addressed
        has_consent |= allowed
    found = pd.concat(pairs).sort_values(["row", "place"])
    channel = found["channel"].astype("str").array
    return _Roads(found["row"].to_numpy("int64"), channel, has_address, has_consent)
