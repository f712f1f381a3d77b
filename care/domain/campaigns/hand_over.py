"""Hand-over: due once a product she bought is going and another one follows it.

Who bought the product within the last months and did not give it back. That a product is going, the
catalogue says or, where it is silent, the product's own sales; then the letter does not claim that
it leaves the shelves. Where nothing follows it that could be had, there is nothing to say.

It ends after some days, or as soon as the successor cannot be had any more; each product is handed
over once.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates, facts
from care.domain.occasion import Occasion
from care.domain.owned import not_returned, of_products
from care.domain.product import LEAVING
from care.domain.succession import living_successors


class HandOverSettings(CampaignSettings):
    """Hand-over settings."""

    bought_within_days: int = Field(
        default=180, ge=1, description="who bought the product longer ago is let be"
    )
    grace_days: int = Field(
        default=7, ge=1, le=30, description="so many days a letter that was found may still be sent"
    )


def find_hand_overs(tables: Tables, settings: HandOverSettings, *, night: date) -> pd.DataFrame:
    """Owners of products in decline or retired, once for each product."""
    products = tables.products
    going = products[products["stage"].isin(LEAVING) & products["sayable"]]
    follows = going["product_key"].map(living_successors(products)).astype("Int64")
    going = going.assign(followed_by=follows)[follows.notna()]
    today = np.datetime64(night, "D")
    theirs = not_returned(of_products(tables.owned, going), tables.cases)
    bought = theirs["bought_on"].to_numpy("datetime64[D]")
    theirs = theirs[bought >= today - settings.bought_within_days]
    named = products.set_index("product_key")
    english = named["name"].reindex(theirs["followed_by"])
    chinese = named["name_zh"].reindex(theirs["followed_by"]).fillna(english)
    return candidates(
        {
            "customer_key": theirs["customer_key"],
            "occasion_key": "hand-over-" + theirs["product_key"].astype("str"),
            "send_from": today,
            "send_until": today + settings.grace_days,
            "type_key": theirs["type_key"],
            "product_key": theirs["product_key"],
            "facts": facts(
                {
                    "successor_en": english.tolist(),
                    "successor_zh": chinese.tolist(),
                    "told_by": np.where(theirs["stage_inferred"], "sales", "shop").tolist(),
                }
            ),
        },
        index=theirs.index,
    )


def _why_now(told: Occasion) -> str:
    after = told.facts.get("successor_en")
    if told.facts.get("told_by") == "sales":
        return f"Bought {told.product}, which sells less and less; {after} follows it."
    return f"Bought {told.product}, which leaves the range; {after} follows it."


CAMPAIGN = Campaign(
    "hand_over",
    HandOverSettings,
    find_hand_overs,
    _why_now,
    reads_behaviour=True,
    facts={"successor_en": "oolong in a tin", "successor_zh": "罐装乌龙茶", "told_by": "shop"},
    turns=({"successor_en": "oolong in a tin", "successor_zh": "罐装乌龙茶", "told_by": "sales"},),
    needs=frozenset({"products.successor"}),
)
