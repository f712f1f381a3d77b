"""A candidate not contacted tonight, and the reason in the merchant's words."""

from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd


class Outcome(StrEnum):
    """What became of a candidate that was not planned."""

    DEFERRED = "deferred"
    EXCLUDED = "excluded"


class Reason(StrEnum):
    """Why a candidate was not contacted."""

    ALREADY_TOUCHED = "already_touched"
    ALREADY_HELD_OUT = "already_held_out"
    OPEN_COMPLAINT = "open_complaint"
    BAD_REVIEW = "bad_review"
    OPTED_OUT = "opted_out"
    NOT_PERSONAL = "not_personal"
    SENSITIVE = "sensitive"
    SUPPRESSED = "suppressed"
    NO_ADDRESS = "no_address"
    NO_CONSENT = "no_consent"
    WEEKLY_CAP = "weekly_cap"
    MONTHLY_CAP = "monthly_cap"
    MINIMUM_GAP = "minimum_gap"
    CHANNEL_CAP = "channel_cap"
    BLACKOUT = "blackout"
    OUTRANKED = "outranked"
    NO_ROOM = "no_room"
    NOT_WORTH_IT = "not_worth_it"
    EXCLUDED_BY_REVIEWER = "excluded_by_reviewer"


BINDING = (
    Reason.WEEKLY_CAP,
    Reason.MONTHLY_CAP,
    Reason.MINIMUM_GAP,
    Reason.CHANNEL_CAP,
    Reason.BLACKOUT,
    Reason.OUTRANKED,
    Reason.NO_ROOM,
)
"""Reasons of the policy's own making: a looser one would have let the candidate through."""

IN_WORDS: dict[Reason, str] = {
    Reason.ALREADY_TOUCHED: "this occasion was already planned on an earlier night",
    Reason.ALREADY_HELD_OUT: "this occasion is in the control group",
    Reason.OPEN_COMPLAINT: "she has a complaint that is not settled yet",
    Reason.BAD_REVIEW: "she told us not long ago that she is not pleased",
    Reason.OPTED_OUT: "she asked not to be written to on this occasion",
    Reason.NOT_PERSONAL: "she wants nothing that is read from what she buys or looks at",
    Reason.SENSITIVE: "it would speak of something sensitive, and she has not agreed to that",
    Reason.SUPPRESSED: "she asked not to be contacted, or the address does not work",
    Reason.NO_ADDRESS: "no address for any channel of the campaign",
    Reason.NO_CONSENT: "no consent for any channel of the campaign",
    Reason.WEEKLY_CAP: "she has had this week's touches",
    Reason.MONTHLY_CAP: "she has had this month's touches, as her tier's care plan has it",
    Reason.MINIMUM_GAP: "too soon after, or before, another touch",
    Reason.CHANNEL_CAP: "she has had this channel's touches, and no other one is open to her",
    Reason.BLACKOUT: "the shop is silent on that day",
    Reason.OUTRANKED: "another campaign came first tonight",
    Reason.NO_ROOM: "tonight's messages or money went where they do more",
    Reason.NOT_WORTH_IT: "it would cost more than it is thought to bring",
    Reason.EXCLUDED_BY_REVIEWER: "whoever reviewed the campaign took her out",
}

COLUMNS = ["customer_key", "campaign", "occasion_key", "outcome", "reason", "detail"]


def exclude(
    candidates: pd.DataFrame,
    reason: Reason | pd.Series,
    *,
    outcome: Outcome | pd.Series = Outcome.EXCLUDED,
    detail: str | pd.Series = "",
) -> pd.DataFrame:
    """Turn candidates into exclusions; ``detail`` says more where there is more."""
    return candidates[["customer_key", "campaign", "occasion_key"]].assign(
        outcome=outcome if isinstance(outcome, pd.Series) else str(outcome),
        reason=reason if isinstance(reason, pd.Series) else str(reason),
        detail=detail,
    )


def crowded(
    candidates: pd.DataFrame, reason: Reason | pd.Series, *, detail: pd.Series, night: date
) -> pd.DataFrame:
    """Turn candidates that others stood in the way of into exclusions.

    One is deferred while its window is still open tomorrow, unless its campaign says drop.
    """
    waits = (candidates["send_until"] > pd.Timestamp(night)) & (
        candidates["when_crowded"] == "defer"
    )
    outcome = pd.Series(
        np.where(waits, str(Outcome.DEFERRED), str(Outcome.EXCLUDED)), index=candidates.index
    )
    return exclude(candidates, reason, outcome=outcome, detail=detail)


def gather(*parts: pd.DataFrame) -> pd.DataFrame:
    """Put exclusions together, in the order of the candidates' identity."""
    filled = [part[COLUMNS] for part in parts if len(part)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in COLUMNS})
    return pd.concat(filled, ignore_index=True).sort_values(
        ["campaign", "customer_key", "occasion_key"], ignore_index=True
    )
