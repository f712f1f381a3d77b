"""Suppression: what must not be sent, to whom, by which channel, about what, and why not."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from care.domain.campaign import MessageClass
from care.domain.channel import Channel

Mask = npt.NDArray[np.bool_]


class Why(StrEnum):
    """Why something is suppressed."""

    MANUAL = "manual"
    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    ERASURE = "erasure"
    OPT_OUT = "opt-out"


class Covers(StrEnum):
    """Which messages a suppression stops: those that need consent, or service messages too."""

    MARKETING = "marketing"
    EVERYTHING = "everything"


COVERED: Mapping[Why, Covers] = {
    Why.MANUAL: Covers.EVERYTHING,
    Why.UNSUBSCRIBE: Covers.MARKETING,
    Why.BOUNCE: Covers.EVERYTHING,
    Why.COMPLAINT: Covers.MARKETING,
    Why.ERASURE: Covers.MARKETING,
    Why.OPT_OUT: Covers.MARKETING,
}
"""What a reason covers unless told otherwise: an address that does not work works for nothing."""


def import_id_of(day: date, sha256: str) -> str:
    """What an import is known by: its day and its file, so that the same one again is the same."""
    return f"{day:%Y%m%d}-{sha256[:8]}"


SUPPRESSIONS: Mapping[str, str] = {
    "customer_key": "Int64",  # missing: everybody
    "channel": "str",  # missing: every one
    "occasion": "str",  # a campaign, or campaign:occasion such as festival:mothers-day; or missing
    "purpose": "str",  # a Covers
    "reason": "str",  # a Why
}
"""One row a suppression that holds."""


def suppressed(candidates: pd.DataFrame, suppressions: pd.DataFrame, channel: Channel) -> Mask:
    """Which candidates must not be reached by a channel.

    ``candidates``: ``customer_key, campaign, occasion_key, message_class``. ``suppressions``:
    columns ``SUPPRESSIONS``.
    """
    here = suppressions["channel"].isna() | (suppressions["channel"] == channel)
    return _stopped(candidates, suppressions[here])


def opted_out(candidates: pd.DataFrame, suppressions: pd.DataFrame) -> Mask:
    """Which candidates serve an occasion of which their customer asked to hear nothing."""
    asked = (suppressions["reason"] == Why.OPT_OUT) & suppressions["channel"].isna()
    hers = asked & suppressions["occasion"].notna() & suppressions["customer_key"].notna()
    return _stopped(candidates, suppressions[hers])


def _stopped(candidates: pd.DataFrame, here: pd.DataFrame) -> Mask:
    """Which candidates are named by a suppression that covers messages of their class."""
    marketing = (candidates["message_class"] != MessageClass.SERVICE).to_numpy(bool)
    named = {covers: _named(candidates, here[here["purpose"] == covers]) for covers in Covers}
    return named[Covers.EVERYTHING] | (marketing & named[Covers.MARKETING])


def _named(candidates: pd.DataFrame, here: pd.DataFrame) -> Mask:
    """Which candidates some suppression names, by customer, by occasion, or by both."""
    if here.empty:
        return np.zeros(len(candidates), dtype=bool)
    everybody, everything = here["customer_key"].isna(), here["occasion"].isna()
    if (everybody & everything).any():
        return np.ones(len(candidates), dtype=bool)
    keys = candidates["customer_key"]
    hit = np.array(keys.isin(here.loc[everything, "customer_key"]), dtype=bool)
    hers, all_of = here[~everybody & ~everything], here.loc[everybody, "occasion"]
    # Few ever opt out, so the names of occasions are worked out for their candidates alone.
    place = np.flatnonzero(keys.isin(hers["customer_key"]) | (len(all_of) > 0))
    asked = candidates.iloc[place]
    pairs = pd.MultiIndex.from_frame(hers[["customer_key", "occasion"]])
    for occasion in (asked["campaign"].astype("str"), occasions(asked)):
        named = pd.MultiIndex.from_arrays([asked["customer_key"], occasion])
        hit[place] |= named.isin(pairs) | occasion.isin(all_of).to_numpy(bool)
    return hit


def occasions(candidates: pd.DataFrame) -> pd.Series:
    """The occasion of each candidate in words that return: ``festival:mothers-day``.

    That is the campaign and what its occasion key says beside the campaign's name and the year.
    """
    campaign = candidates["campaign"].astype("str")
    told = candidates["occasion_key"].astype("str")
    for name in campaign.unique():
        prefix = name.replace("_", "-") + "-"
        told = told.mask(campaign == name, told.str.removeprefix(prefix))
    return campaign + ":" + told.str.replace(r"(^|-)[0-9]{4}(-.*)?$", "", regex=True)
