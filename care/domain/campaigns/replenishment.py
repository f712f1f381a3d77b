"""Replenishment: due when what she buys regularly is probably running out.

Who has bought a type of product often enough, and not too often, for the timing model to say when
she needs it again. Of several things the likeliest is chosen.

Nothing is said while her household is away, after somebody at home has bought of it, or where
neither the product nor anything that stands in for it is to be had.

It ends when she buys it meanwhile, or some days after the day on which she was expected to.
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, EndedBy, Tables
from care.domain.candidate import candidates, facts
from care.domain.occasion import Occasion
from care.domain.segment import BUYING_REPEATEDLY


class ReplenishmentSettings(CampaignSettings):
    """Replenishment settings."""

    lead_days: int = Field(
        default=3, ge=0, le=30, description="so many days before it probably runs out"
    )
    late_days: int = Field(default=4, ge=0, le=30, description="and so many days after")
    min_purchases: int = Field(
        default=4,
        ge=1,
        description=(
            "days on which she bought that type, at least; below 3 only what all buy so alike that "
            "a window can be named"
        ),
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
    household_cool_down_days: int = Field(
        default=14,
        ge=0,
        le=365,
        description="for so many days after somebody else at home bought of it, she is let be",
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
        & ~_at_home(rhythms, settings, today)
        & ~(rhythms["household_away_from"].to_numpy("datetime64[D]") <= today)
    )
    best = (
        rhythms[worth_saying]
        .sort_values(["customer_key", "probability", "type_key"], ascending=[True, False, True])
        .drop_duplicates("customer_key")
    )
    named = tables.products.set_index("product_key")
    english = best["instead_key"].map(named["name"])
    chinese = best["instead_key"].map(named["name_zh"]).fillna(english)
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
            "facts": facts(
                {
                    "instead_en": english.tolist(),
                    "instead_zh": chinese.tolist(),
                    "every_days": best["mean_interval"].round().astype("int64").tolist(),
                }
            ),
        },
        index=best.index,
    )


def _at_home(
    rhythms: pd.DataFrame, settings: ReplenishmentSettings, today: np.datetime64
) -> npt.NDArray[np.bool_]:
    """Where somebody else of the household has bought of the type since, and lately."""
    bought = rhythms["household_bought_on"].to_numpy("datetime64[D]")
    since = bought > rhythms["last_day"].to_numpy("datetime64[D]")
    lately: npt.NDArray[np.bool_] = bought > today - settings.household_cool_down_days - 1
    return since & lately


def _why_now(told: Occasion) -> str:
    every = told.facts.get("every_days")
    often = f" about every {every} days" if every else ""
    bought = f"Buys {told.product}{often}, last on {told.key_day}"
    if told.window_from is None or told.window_to is None:
        return f"{bought}; probably runs out about {told.day}."
    between = f"between {told.say(told.window_from)} and {told.say(told.window_to)}"
    return f"{bought}; probably runs out {between}."


CAMPAIGN = Campaign(
    "replenishment",
    ReplenishmentSettings,
    find_replenishments,
    _why_now,
    reads_behaviour=True,
    facts={"every_days": 30},
    turns=({"instead_en": "oolong in a tin", "instead_zh": "罐装乌龙茶"},),
    ended_by=EndedBy.TYPE,
    finds=BUYING_REPEATEDLY,
    known_ahead=True,
)
