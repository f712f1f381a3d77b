"""Maintenance: due a service interval after she bought what wants looking after.

Owners of a product that has a service interval and that they did not give back. The interval counts
from her last purchase of the product or from its last repair, whichever was later, and comes round
again.

It ends when she has been reminded often enough, gives the product back, or buys it anew, which
begins another count.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates
from care.domain.occasion import Occasion
from care.domain.owned import last_repaired, not_returned, of_products


class MaintenanceSettings(CampaignSettings):
    """Maintenance settings."""

    lead_days: int = Field(
        default=3, ge=0, le=30, description="so many days before the interval is over"
    )
    late_days: int = Field(default=4, ge=0, le=30, description="and so many days after")
    times: int = Field(
        default=4, ge=1, le=50, description="reminders after one purchase, an interval apart"
    )


def find_maintenance(tables: Tables, settings: MaintenanceSettings, *, night: date) -> pd.DataFrame:
    """Owners of products whose service interval is over about now, a candidate for each product."""
    serviced = (tables.products["service_interval_days"] > 0).fillna(False).astype(bool)
    sold = tables.products[serviced & tables.products["sayable"]]
    theirs = not_returned(of_products(tables.owned, sold), tables.cases)
    interval = theirs["service_interval_days"].to_numpy("int64")
    bought = theirs["bought_on"].to_numpy("datetime64[D]")
    repaired = last_repaired(theirs, tables.cases).to_numpy("datetime64[D]")
    since = np.fmax(bought, repaired)  # of which one may not be there
    today = np.datetime64(night, "D")
    turn = ((today - since).astype("int64") + settings.lead_days) // interval
    on = since + turn * interval
    due = (turn >= 1) & (turn <= settings.times) & (on >= today - settings.late_days)
    theirs, on = theirs[due], on[due]
    key = "maintenance-" + theirs["product_key"].astype("str") + "-"
    return candidates(
        {
            "customer_key": theirs["customer_key"],
            "occasion_key": key + np.datetime_as_string(on, unit="D"),
            "occasion_on": on,
            "send_from": today,
            "send_until": np.maximum(on + settings.late_days, today),
            "type_key": theirs["type_key"],
            "product_key": theirs["product_key"],
        },
        index=theirs.index,
    )


def _why_now(told: Occasion) -> str:
    return f"Bought {told.product}, which wants looking after again on {told.day}."


CAMPAIGN = Campaign(
    "maintenance",
    MaintenanceSettings,
    find_maintenance,
    _why_now,
    reads_behaviour=True,
    needs=frozenset({"products.service_interval_days"}),
    known_ahead=True,
)
