"""Post-purchase: due some days after a delivery, with an offer of help and a question.

Who had something delivered and wants to know how to use it, or to say how she likes it. Who has
much delivered is not asked each time.

It ends with the one letter, or some days after it was due.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates
from care.domain.product import only_sayable


class PostPurchaseSettings(CampaignSettings):
    """Post-purchase settings."""

    after_days: int = Field(default=7, ge=1, le=60, description="after the delivery")
    late_days: int = Field(default=3, ge=0, le=30, description="still worth asking")
    quiet_days: int = Field(
        default=60, ge=0, le=365, description="no other delivery in so many days before"
    )


def find_post_purchases(
    tables: Tables, settings: PostPurchaseSettings, *, night: date
) -> pd.DataFrame:
    """Customers whose first delivery in a while came some days ago."""
    known = tables.deliveries
    if known is None:
        return candidates({"customer_key": []})
    came = known[known["delivered_on"].notna()].sort_values(
        ["customer_key", "delivered_on", "order_id"]
    )
    since = came["delivered_on"] - came.groupby("customer_key")["delivered_on"].shift()
    first = ~(since.dt.days < settings.quiet_days).to_numpy(bool)
    delivered = came["delivered_on"].to_numpy("datetime64[D]")
    on = delivered + settings.after_days
    today = np.datetime64(night, "D")
    due = first & (on <= today) & (on >= today - settings.late_days)
    came, on = came[due], on[due]
    return candidates(
        {
            "customer_key": came["customer_key"],
            "occasion_key": "post-purchase-" + came["order_id"],
            "occasion_on": on,
            "send_from": today,
            "send_until": on + settings.late_days,
            "product_key": only_sayable(came["product_key"], tables.products),
        },
        index=came.index,
    )


CAMPAIGN = Campaign(
    "post_purchase",
    PostPurchaseSettings,
    find_post_purchases,
    needs=frozenset({"deliveries.delivered_on"}),
)
