"""Post-purchase: due some days after a delivery, with help first and a question later.

Who had something delivered. A journey of two letters: how to use it, and then how she likes it,
from one to five, which she answers with a line in reply. Who has much delivered is on one such
journey at a time, and not on the next one before a while has passed.

It ends when she gives something of it back, while a case about it is open, or with its last step.
"""

from datetime import date

import numpy as np
import pandas as pd

from care.domain.campaign import Campaign, Tables
from care.domain.candidate import candidates, facts
from care.domain.journey import JourneySettings, due_steps
from care.domain.occasion import Occasion
from care.domain.product import only_sayable


class PostPurchaseSettings(JourneySettings):
    """Post-purchase settings."""


def find_post_purchases(
    tables: Tables, settings: PostPurchaseSettings, *, night: date
) -> pd.DataFrame:
    """Customers on the journey of the delivery that came first, each at her step of it.

    The event is the delivery, so its order is in the occasion key.
    """
    known, today = tables.deliveries, np.datetime64(night, "D")
    if known is None:
        return candidates({"customer_key": []})
    earliest = pd.Timestamp(today - settings.lasts_days)
    fresh = known[known["delivered_on"] >= earliest].reset_index(drop=True)
    kept = fresh[~fresh.index.isin(_brought_back(fresh, tables.cases))]
    entries = kept.assign(
        entry="post-purchase-" + kept["order_id"], entered_on=kept["delivered_on"]
    )
    due = due_steps(entries, tables.past, settings, night=today)
    due = due.sort_values(["customer_key", "entered_on", "order_id"])
    due = due.drop_duplicates("customer_key", ignore_index=True)
    return candidates(
        {
            "customer_key": due["customer_key"],
            "occasion_key": due["occasion_key"],
            "occasion_on": due["entered_on"],
            "send_from": np.maximum(due["send_from"].to_numpy("datetime64[D]"), today),
            "send_until": due["send_until"],
            "product_key": only_sayable(due["product_key"], tables.products),
            "facts": facts({"step": due["step"]}),
        }
    )


def _brought_back(delivered: pd.DataFrame, cases: pd.DataFrame | None) -> pd.Index:
    """Rows of deliveries of which something came back since, or about which a case is open.

    A case or a delivery that names no product may be about anything of hers.
    """
    if cases is None:
        return pd.Index([], dtype="int64")
    matters = cases[(cases["kind"] == "return") | cases["closed_on"].isna()]
    pairs = (
        delivered[["customer_key", "product_key", "delivered_on"]]
        .reset_index(names="row")
        .merge(matters, on="customer_key", suffixes=("", "_of_case"))
    )
    product, of_case = pairs["product_key"], pairs["product_key_of_case"]
    about_it = product.isna() | of_case.isna() | (product == of_case).fillna(False).astype(bool)
    matter = pairs["closed_on"].isna() | (pairs["opened_on"] >= pairs["delivered_on"])
    found: pd.Index = pd.Index(pairs.loc[about_it & matter, "row"])
    return found


def _why_now(told: Occasion) -> str:
    what = told.product or "an order"
    if told.facts.get("step") == "survey":
        return f"Got {what} on {told.day} and is asked how it went."
    return f"Got {what} on {told.day} and is helped to begin with it."


CAMPAIGN = Campaign(
    "post_purchase",
    PostPurchaseSettings,
    find_post_purchases,
    _why_now,
    facts={"step": "how_to"},
    turns=({"step": "survey"},),
    needs=frozenset({"deliveries.delivered_on"}),
)
