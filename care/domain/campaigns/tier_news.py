"""Tier news: due when a tier is reached, will end unless she buys, or was renewed in time.

Who has just been lifted to a tier, is about to lose one, or kept one at the last moment. The
occasion is the event: the day on which a purchase lifted her, or the day on which her tier would
end.

It ends some days after the event, for news is fresh or it is none; a warning ends with the purchase
that keeps the tier.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates, facts
from care.domain.occasion import Occasion


class TierNewsSettings(CampaignSettings):
    """Tier news settings."""

    late_days: int = Field(
        default=4,
        ge=0,
        le=13,
        description="news may still be told so many days after it could be told first",
    )
    warn_days: int = Field(
        default=30,
        ge=7,
        le=180,
        description=(
            "a tier that will end is told so many days ahead, or as its grace begins where "
            "that is shorter"
        ),
    )


def find_tier_news(tables: Tables, settings: TierNewsSettings, *, night: date) -> pd.DataFrame:
    """Customers whose tier was reached or renewed lately, or whose warning has come.

    A tier is renewed, as far as letters go, if its end was near enough to be warned of.
    """
    people, today = tables.customers, np.datetime64(night, "D")
    until = people["tier_until"].to_numpy("datetime64[D]")
    warned_from = np.maximum(
        until - settings.warn_days, people["tier_unmet_from"].to_numpy("datetime64[D]")
    )
    reached = people["tier_reached_on"].to_numpy("datetime64[D]")
    renewed = people["tier_renewed_on"].to_numpy("datetime64[D]")
    was_until = people["tier_was_until"].to_numpy("datetime64[D]")
    told = {
        "reached": (reached, reached + 1, np.ones(len(people), dtype=bool)),
        "at_risk": (until, warned_from, until >= today),
        "renewed": (renewed, renewed + 1, renewed >= was_until - settings.warn_days),
    }
    found = []
    for news, (event, begins, holds) in told.items():
        ends = begins + settings.late_days
        due = holds & (begins <= today) & (today <= ends)  # a missing day compares as false
        rows, at_risk = people[due], news == "at_risk"
        key = news.replace("_", "-")
        found.append(
            candidates(
                {
                    "customer_key": rows["customer_key"],
                    "occasion_key": f"tier-{key}-"
                    + rows["tier"]
                    + "-"
                    + np.datetime_as_string(event[due]),
                    "occasion_on": event[due],
                    "send_from": begins[due],
                    "send_until": np.minimum(ends[due], until[due]) if at_risk else ends[due],
                    "facts": facts(
                        {
                            "news": [news] * len(rows),
                            "until": event[due].tolist(),
                            "lacks_spend": rows["tier_lacks_spend"].tolist(),
                            "lacks_orders": rows["tier_lacks_orders"].tolist(),
                        }
                        if at_risk
                        else {"news": [news] * len(rows)}
                    ),
                },
                index=rows.index,
            )
        )
    return pd.concat(found, ignore_index=True)


def _why_now(told: Occasion) -> str:
    news = told.facts.get("news")
    if news == "at_risk":
        return f"Is {told.tier} until {told.day} only, unless enough is bought by then."
    if news == "renewed":
        return f"Kept {told.tier} with a purchase on {told.day}."
    return f"Reached {told.tier} with a purchase on {told.day}."


_UNTIL = date(2026, 6, 17)

CAMPAIGN = Campaign(
    "tier_news",
    TierNewsSettings,
    find_tier_news,
    _why_now,
    reads_behaviour=True,
    facts={"news": "at_risk", "until": _UNTIL, "lacks_spend": 12_000, "lacks_orders": 2},
    turns=(
        {"news": "at_risk", "until": _UNTIL, "lacks_spend": 12_000, "lacks_orders": 0},
        {"news": "at_risk", "until": _UNTIL, "lacks_spend": 0, "lacks_orders": 1},
        {"news": "reached"},
        {"news": "renewed"},
    ),
)
