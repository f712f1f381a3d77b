"""Quality notice: due once something is found to be wrong with a product she bought.

Everybody who bought the product up to the day of the notice. It is owed to her, so it is of the
service class: no cap, no control group, and what no other letter may name is named here. Who bought
the product only after that day has a sound one; who gave one back may have kept another, and is
told.

It ends with the one letter for each notice, or some weeks after the day of the notice.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, MessageClass, Tables
from care.domain.candidate import candidates, facts
from care.domain.occasion import Occasion
from care.domain.owned import of_products


class QualityNoticeSettings(CampaignSettings):
    """Quality notice settings."""

    message_class: MessageClass = MessageClass.SERVICE
    late_days: int = Field(
        default=30,
        ge=0,
        le=365,
        description="so many days after the day of the notice it is still given",
    )


def find_quality_notices(
    tables: Tables, settings: QualityNoticeSettings, *, night: date
) -> pd.DataFrame:
    """Everybody who bought a product up to the day of its notice, once for each notice."""
    today = np.datetime64(night, "D")
    noticed = tables.products["flagged_on"].to_numpy("datetime64[D]")
    fresh = (noticed <= today) & (noticed >= today - settings.late_days)
    theirs = of_products(tables.owned, tables.products[fresh])
    theirs = theirs[theirs["affected_on"].notna()]
    on = theirs["flagged_on"].to_numpy("datetime64[D]")
    key = "quality-" + theirs["product_key"].astype("str") + "-"
    return candidates(
        {
            "customer_key": theirs["customer_key"],
            "occasion_key": key + np.datetime_as_string(on, unit="D"),
            "occasion_on": on,
            "send_from": today,
            "send_until": on + settings.late_days,
            "type_key": theirs["type_key"],
            "product_key": theirs["product_key"],
            "facts": facts({"bought_on": theirs["affected_on"].dt.date.tolist()}),
        },
        index=theirs.index,
    )


def _why_now(told: Occasion) -> str:
    bought = told.fact_day("bought_on")
    return f"Bought {told.product} on {bought}; on {told.day} it was found to be faulty."


CAMPAIGN = Campaign(
    "quality_notice",
    QualityNoticeSettings,
    find_quality_notices,
    _why_now,
    facts={"bought_on": date(2026, 4, 30)},
    needs=frozenset({"products.flagged_on"}),
)
