"""Replenishment: due when what she buys regularly is probably running out.

Who has bought a type of product often enough, and not too often, for the timing model to say when
she needs it again. Of several things the likeliest is chosen.

It ends when she buys it meanwhile, or some days after the day on which she was expected to.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates
from care.domain.segment import BUYING_REPEATEDLY


class ReplenishmentSettings(CampaignSettings):
    """Replenishment settings."""

    lead_days: int = Field(
        default=3, ge=0, le=30, description="so many days before it probably runs out"
    )
    late_days: int = Field(default=4, ge=0, le=30, description="and so many days after")
    min_purchases: int = Field(
        default=4, ge=3, description="days on which she bought that type, at least"
    )
    min_interval_days: int = Field(
        default=21, ge=1, description="what is bought more often needs no reminder"
    )
    min_probability: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="that she buys it within the next 7 days, as the timing model sees it",
    )


def find_replenishments(
    tables: Tables, settings: ReplenishmentSettings, *, night: date
) -> pd.DataFrame:
    """The likeliest product type per customer whose expected day is near.

    The occasion is the purchase that is being used up, so its key holds the day of that purchase:
    another forecast for the same purchase is the same occasion.
    """
    rhythms = tables.rhythms
    today = np.datetime64(night, "D")
    ahead = (rhythms["expected_day"].to_numpy("datetime64[D]") - today).astype("int64")
    worth_saying = (
        (ahead <= settings.lead_days)
        & (ahead >= -settings.late_days)
        & (rhythms["purchases"].to_numpy() >= settings.min_purchases)
        & (rhythms["mean_interval"].to_numpy() >= settings.min_interval_days)
        & (rhythms["probability"].to_numpy() >= settings.min_probability)
        & rhythms["product_key"].notna().to_numpy()
    )
    best = (
        rhythms[worth_saying]
        .sort_values(["customer_key", "probability", "type_key"], ascending=[True, False, True])
        .drop_duplicates("customer_key")
    )
    key = "replenish-" + best["type_key"].astype("str") + "-"
    return candidates(
        {
            "customer_key": best["customer_key"],
            "occasion_key": key + best["last_day"].dt.strftime("%Y-%m-%d"),
            "occasion_on": best["expected_day"],
            "send_from": today,
            "send_until": np.maximum(
                best["expected_day"].to_numpy("datetime64[D]") + settings.late_days, today
            ),
            "type_key": best["type_key"],
            "product_key": best["product_key"],
            "window_from": best["window_from"],
            "window_to": best["window_to"],
        },
        index=best.index,
    )


CAMPAIGN = Campaign(
    "replenishment",
    ReplenishmentSettings,
    find_replenishments,
    reads_behaviour=True,
    finds=BUYING_REPEATEDLY,
    known_ahead=True,
)
