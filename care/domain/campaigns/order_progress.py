"""Order progress: due when her order is late, or could not be delivered.

Who waits for an order whose promised day went by, or whose delivery failed: she hears it from us
before she has to ask. It is owed to her, so it is of the service class. Late and failed are two
occasions of one order.

It ends when the order has come, or after some days, when it is no news any more.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, MessageClass, Tables
from care.domain.candidate import candidates, facts
from care.domain.occasion import Occasion


class OrderProgressSettings(CampaignSettings):
    """Order progress settings."""

    message_class: MessageClass = MessageClass.SERVICE
    late_days: int = Field(
        default=3, ge=0, le=14, description="so many days after it went wrong she is still told"
    )


def find_order_progress(
    tables: Tables, settings: OrderProgressSettings, *, night: date
) -> pd.DataFrame:
    """Orders whose promised day went by without them, and deliveries that failed.

    An order is late only if a delivery of a later day is known: else nobody may have told us yet
    what was delivered on hers.
    """
    known = tables.deliveries
    if known is None:
        return candidates({"customer_key": []})
    waiting = known[known["delivered_on"].isna()]
    told_until = known[["failed_on", "delivered_on"]].max().max()
    failed = waiting["failed_on"].notna()
    late = ~failed & (waiting["promised_on"] < told_until)
    waiting, failed = waiting[failed | late], failed[failed | late]
    missed = waiting["promised_on"].to_numpy("datetime64[D]") + 1
    on = np.where(failed, waiting["failed_on"].to_numpy("datetime64[D]"), missed)
    today = np.datetime64(night, "D")
    due = (on <= today) & (on >= today - settings.late_days)
    waiting, failed, on = waiting[due], failed[due], on[due]
    what = pd.Series(np.where(failed, "failed", "late"), index=waiting.index, dtype="str")
    return candidates(
        {
            "customer_key": waiting["customer_key"],
            "occasion_key": "order-" + what + "-" + waiting["order_id"],
            "occasion_on": on,
            "send_from": today,
            "send_until": on + settings.late_days,
            "facts": facts(
                {
                    "order": waiting["order_id"].tolist(),
                    "happened": what.tolist(),
                    "promised_on": waiting["promised_on"].dt.date.tolist(),
                }
            ),
        },
        index=waiting.index,
    )


def _why_now(told: Occasion) -> str:
    order = told.facts.get("order")
    if told.facts.get("happened") == "failed":
        return f"Order {order} could not be delivered on {told.day}."
    return f"Order {order} was promised for {told.fact_day('promised_on')} and has not come yet."


CAMPAIGN = Campaign(
    "order_progress",
    OrderProgressSettings,
    find_order_progress,
    _why_now,
    facts={"order": "A-1047", "happened": "late", "promised_on": date(2026, 5, 15)},
    needs=frozenset({"deliveries"}),
)
