"""Browse reminder: due when she left something in the cart, or ordered it and did not pay.

One letter, about one thing: an order that waits for its payment before a cart, and a cart before
what she only looked at, which counts where the shop says how often. Never about something of which
she bought the kind meanwhile, nor about what is not offered or may not be named. The letter helps,
and never says that anybody saw what she looked at.

It ends with that letter, and there is no other of its kind for as long as the policy says.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates, facts
from care.domain.occasion import Occasion
from care.domain.past import in_quiet_days
from care.domain.product import offered

_MATTERS = ["unpaid", "cart", "view"]
_LEFT = ["customer_key", "matter", "product_key", "order_id", "times", "left_on"]


class BrowseReminderSettings(CampaignSettings):
    """Browse reminder settings."""

    after_days: int = Field(
        default=1, ge=1, le=7, description="so many days after it was left in the cart, or ordered"
    )
    late_days: int = Field(
        default=3, ge=0, le=14, description="and so many days more, if it was not possible before"
    )
    quiet_days: int = Field(
        default=30,
        ge=7,
        le=365,
        description="so many days after such a letter she gets no other",
    )
    min_views: int | None = Field(
        default=None,
        ge=2,
        description=(
            "what she looked at so often in thirty days is a reason too; without it, looking "
            "around never is"
        ),
    )

    @property
    def remembers_days(self) -> int:
        """As long as another reminder would be too many."""
        return self.quiet_days


def find_browse_reminders(
    tables: Tables, settings: BrowseReminderSettings, *, night: date
) -> pd.DataFrame:
    """The one thing that each customer left lately and that most deserves a word."""
    if tables.events is None and tables.unpaid is None:
        return candidates({"customer_key": []})
    today = np.datetime64(night, "D")
    left = _left(tables, settings)
    on = left["left_on"].to_numpy("datetime64[D]") + settings.after_days
    left = left[(on <= today) & (on >= today - settings.late_days)]
    left = _still_wanted(left, tables)
    reminded = in_quiet_days(tables.past, settings.quiet_days, today=today)
    left = left[~left["customer_key"].isin(reminded)]
    matter = pd.Categorical(left["matter"], _MATTERS, ordered=True)
    best = (
        left.assign(place=matter.codes)
        .sort_values(
            ["customer_key", "place", "left_on", "times", "product_key"],
            ascending=[True, True, False, False, True],
            kind="stable",
        )
        .drop_duplicates("customer_key")
    )
    named = best["order_id"].fillna(
        best["product_key"].astype("str") + "-" + best["left_on"].dt.strftime("%Y-%m-%d")
    )
    return candidates(
        {
            "customer_key": best["customer_key"],
            "occasion_key": best["matter"] + "-" + named,
            "occasion_on": best["left_on"],
            "send_from": today,
            "send_until": best["left_on"].to_numpy("datetime64[D]")
            + (settings.after_days + settings.late_days),
            "type_key": best["type_key"],
            "product_key": best["product_key"],
            "facts": facts({"matter": best["matter"].tolist(), "order": best["order_id"].tolist()}),
        },
        index=best.index,
    )


def _left(tables: Tables, settings: BrowseReminderSettings) -> pd.DataFrame:
    """All that was left, by whom, what and when; columns ``_LEFT``."""
    found = []
    if tables.unpaid is not None:
        waiting = tables.unpaid.rename(columns={"placed_on": "left_on"})
        found.append(waiting.assign(matter="unpaid", times=1))
    if tables.events is not None:
        events = tables.events
        often = events["kind"] == "cart"
        if settings.min_views is not None:
            often |= (events["kind"] == "view") & (events["times"] >= settings.min_views)
        seen = events[often].rename(columns={"kind": "matter", "last_on": "left_on"})
        found.append(seen.assign(order_id=pd.Series(pd.NA, index=seen.index, dtype="str")))
    return pd.concat([one[_LEFT] for one in found], ignore_index=True)


def _still_wanted(left: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """What can still be had and may be named, and of whose type she bought nothing since."""
    products = tables.products
    there = products[products["sayable"] & offered(products)]
    known = left.merge(there[["product_key", "type_key"]], on="product_key")
    told = known.merge(tables.bought, on=["customer_key", "type_key"], how="left")
    had = (told["bought_on"] >= told["left_on"]).to_numpy(bool)
    return told[~had]


def _why_now(told: Occasion) -> str:
    matter, order = told.facts.get("matter"), told.facts.get("order")
    if matter == "unpaid":
        return f"Ordered {told.product} on {told.day} (order {order}) and has not paid yet."
    if matter == "cart":
        return f"Left {told.product} in the cart on {told.day}."
    return f"Looked at {told.product} several times, last on {told.day}."


CAMPAIGN = Campaign(
    "browse_reminder",
    BrowseReminderSettings,
    find_browse_reminders,
    _why_now,
    reads_behaviour=True,
    facts={"matter": "unpaid", "order": "A-1047"},
    turns=({"matter": "cart"}, {"matter": "view"}),
    needs=frozenset({"events|unpaid"}),
)
