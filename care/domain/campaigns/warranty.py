"""Warranty: due some weeks before the warranty of what she bought ends.

Owners of a product with a warranty who did not give it back, so that there is still time to have
something put right. Who bought something dear is told that she may ask for an extension.

It ends with the last working day of the warranty.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates, facts
from care.domain.occasion import Occasion
from care.domain.owned import WARRANTY_HORIZON_DAYS, not_returned, of_products


class WarrantySettings(CampaignSettings):
    """Warranty settings."""

    lead_days: int = Field(
        default=21,
        ge=1,
        le=WARRANTY_HORIZON_DAYS,
        description="found so many days before the warranty ends; sent by its last working day",
    )
    extension_from: int | None = Field(
        default=None,
        ge=0,
        description=(
            "minor units; who bought something that costs as much or more is told that she "
            "may ask for an extension"
        ),
    )


def find_warranties(tables: Tables, settings: WarrantySettings, *, night: date) -> pd.DataFrame:
    """Owners whose warranty ends soon, a candidate for each product.

    The warranty counts from her last purchase of it. The last day for the letter is a working day:
    where the warranty ends on a weekend, the Friday before.
    """
    warranted = (tables.products["warranty_days"] > 0).fillna(False).astype(bool)
    sold = tables.products[warranted & tables.products["sayable"]]
    theirs = not_returned(of_products(tables.owned, sold), tables.cases)
    ends = theirs["bought_on"].to_numpy("datetime64[D]") + theirs["warranty_days"].to_numpy("int64")
    last = np.busday_offset(ends, 0, roll="backward")
    today = np.datetime64(night, "D")
    due = (ends <= today + settings.lead_days) & (last >= today)
    theirs, ends, last = theirs[due], ends[due], last[due]
    key = "warranty-" + theirs["product_key"].astype("str") + "-"
    dear = pd.Series(pd.NA, index=theirs.index, dtype="Int64")
    if settings.extension_from is not None:
        dear = dear.mask((theirs["price_minor"] >= settings.extension_from).fillna(False), 1)
    return candidates(
        {
            "customer_key": theirs["customer_key"],
            "occasion_key": key + np.datetime_as_string(ends, unit="D"),
            "occasion_on": ends,
            "send_from": today,
            "send_until": last,
            "type_key": theirs["type_key"],
            "product_key": theirs["product_key"],
            "facts": facts({"ends_on": ends.tolist(), "extension": dear.tolist()}),
        },
        index=theirs.index,
    )


def _why_now(told: Occasion) -> str:
    return f"The warranty of {told.product} ends on {told.day}."


CAMPAIGN = Campaign(
    "warranty",
    WarrantySettings,
    find_warranties,
    _why_now,
    reads_behaviour=True,
    facts={"ends_on": date(2026, 6, 8), "extension": 1},
    needs=frozenset({"products.warranty_days"}),
    known_ahead=True,
)
