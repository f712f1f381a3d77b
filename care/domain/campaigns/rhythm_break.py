"""Rhythm break: due when she stops buying something she bought regularly, yet still shops.

Who kept a habit for long enough and let it go, by her own rhythm. A journey of a few letters, weeks
apart, about the habit she kept longest. A letter never says that anybody was watching.

It ends when she buys the type again, when she stops shopping altogether, or with its last step.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, Tables
from care.domain.candidate import candidates, facts
from care.domain.journey import JourneySettings, due_steps
from care.domain.rhythm import FRESH_DAYS
from care.domain.segment import BUYING_REPEATEDLY


class RhythmBreakSettings(JourneySettings):
    """Rhythm break settings."""

    min_purchases: int = Field(
        default=6, ge=4, description="days on which she bought that type, at least"
    )


def find_rhythm_breaks(
    tables: Tables, settings: RhythmBreakSettings, *, night: date
) -> pd.DataFrame:
    """Customers on the journey of the habit they kept longest, each at her step of it.

    The event is the purchase after which the habit broke off, so its day is in the occasion key.
    """
    today = np.datetime64(night, "D")
    broken = tables.breaks
    began = (today - broken["broken_on"].to_numpy("datetime64[D]")).astype("int64")
    worth_it = (
        (broken["purchases"].to_numpy() >= settings.min_purchases)
        & broken["product_key"].notna().to_numpy()
        & (began <= settings.lasts_days)
    )
    longest = (
        broken[worth_it]
        .sort_values(["customer_key", "purchases", "type_key"], ascending=[True, False, True])
        .drop_duplicates("customer_key")
    )
    entry = "break-" + longest["type_key"].astype("str") + "-"
    entries = longest.assign(
        entry=entry + longest["last_day"].dt.strftime("%Y-%m-%d"), entered_on=longest["broken_on"]
    )
    due = due_steps(entries, tables.past, settings, night=today)
    return candidates(
        {
            "customer_key": due["customer_key"],
            "occasion_key": due["occasion_key"],
            "occasion_on": due["entered_on"],
            "send_from": np.maximum(due["send_from"].to_numpy("datetime64[D]"), today),
            "send_until": due["send_until"],
            "type_key": due["type_key"],
            "product_key": due["product_key"],
            "facts": facts({"step": due["step"]}),
        }
    )


CAMPAIGN = Campaign(
    "rhythm_break",
    RhythmBreakSettings,
    find_rhythm_breaks,
    reads_behaviour=True,
    facts={"step": "ask"},
    turns=({"step": "suggest"},),
    finds=BUYING_REPEATEDLY,
    forgotten_after_days=FRESH_DAYS,
)
