"""Product introduction: due when something comes in of a kind that she buys more than others do.

Few hear of a product: those who bought its type, and then its category, on the most days of the
last half-year, and have not bought it yet. The letter says what it is and asks for an opinion.
Nobody is told of the same product twice, nor of another one soon after.

It ends with that one letter, or without one when the product is no longer new, has been bought, or
cannot be had any more.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates
from care.domain.curve import NEW_DAYS
from care.domain.interest import keenness, new_products
from care.domain.occasion import Occasion
from care.domain.past import in_quiet_days


class ProductIntroductionSettings(CampaignSettings):
    """Product introduction settings."""

    new_for_days: int = Field(
        default=30,
        ge=1,
        le=NEW_DAYS,
        description="a product is new for so many days, the first one included",
    )
    per_product: int = Field(
        default=50,
        ge=1,
        le=500,
        description=(
            "so many customers hear of one product on a night, the keenest; those told before "
            "count, so that letters do not go further down the ranks"
        ),
    )
    min_type_days: int = Field(
        default=2,
        ge=1,
        description=(
            "on fewer days in the last 180 she did not buy the type often enough to hear of it"
        ),
    )
    quiet_days: int = Field(
        default=60,
        ge=1,
        le=365,
        description="so many days after one new product she hears of no other",
    )
    grace_days: int = Field(
        default=7, ge=1, le=30, description="so many days a letter that was found may still be sent"
    )

    @property
    def remembers_days(self) -> int:
        """Who was told of a product as long as it is new, and who of any in the quiet days."""
        return max(self.new_for_days, self.quiet_days)


def find_introductions(
    tables: Tables, settings: ProductIntroductionSettings, *, night: date
) -> pd.DataFrame:
    """The keenest customers of each new product, and of several products the one for each."""
    today = np.datetime64(night, "D")
    products = new_products(tables.products, night=night)
    introduced = products["introduced_on"].to_numpy("datetime64[D]")
    products = products[introduced > today - settings.new_for_days]
    keen = tables.interests[tables.interests["type_days"] >= settings.min_type_days]
    keen = keen.merge(products[["product_key", "type_key", "introduced_on"]], on="product_key")
    key = "introduce-" + keen["product_key"].astype("str")
    keen = keen.assign(occasion_key=key, points=keenness(keen["type_days"], keen["category_days"]))
    keen = _not_told_of_another(keen, tables.past, settings, today)
    # Who was told keeps her place, so that letters do not go down the ranks night by night.
    best = keen.sort_values(
        ["product_key", "points", "customer_key"], ascending=[True, False, True]
    )
    best = best[best.groupby("product_key").cumcount() < settings.per_product]
    best = best[~best["told"]].sort_values(
        ["customer_key", "points", "product_key"], ascending=[True, False, True]
    )
    theirs = best.drop_duplicates("customer_key")
    on = theirs["introduced_on"].to_numpy("datetime64[D]")
    last = on + settings.new_for_days - 1
    return candidates(
        {
            "customer_key": theirs["customer_key"],
            "occasion_key": theirs["occasion_key"],
            "occasion_on": on,
            "send_from": today,
            "send_until": np.minimum(today + settings.grace_days, last),
            "type_key": theirs["type_key"],
            "product_key": theirs["product_key"],
        },
        index=theirs.index,
    )


def _not_told_of_another(
    keen: pd.DataFrame,
    past: pd.DataFrame,
    settings: ProductIntroductionSettings,
    today: np.datetime64,
) -> pd.DataFrame:
    """Without who heard of another product lately; ``told`` marks who heard of this one."""
    told = pd.MultiIndex.from_frame(past[["customer_key", "occasion_key"]])
    knows = pd.MultiIndex.from_frame(keen[["customer_key", "occasion_key"]]).isin(told)
    lately = in_quiet_days(past, settings.quiet_days, today=today)
    quiet = keen["customer_key"].isin(lately).to_numpy(bool)
    return keen.assign(told=knows)[knows | ~quiet]


def _why_now(told: Occasion) -> str:
    return f"{told.product} is new since {told.day}, of a kind that this customer buys often."


CAMPAIGN = Campaign(
    "product_introduction",
    ProductIntroductionSettings,
    find_introductions,
    _why_now,
    reads_behaviour=True,
)
