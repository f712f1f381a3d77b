"""Referral and thanks: due when a loyal customer says that she is pleased, or helped others.

Two letters. Who is loyal, and whose last word was five stars or the best score, is thanked and
asked to tell somebody who might like it here too. Whoever wrote what many others found helpful is
thanked for that and asked for nothing. Not while any case of hers is open, and seldom: after either
letter she gets none of them for a long time.

It ends with the one letter, or when she says something less kind before it is planned.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates, facts
from care.domain.case import waiting
from care.domain.occasion import Occasion
from care.domain.past import in_quiet_days
from care.domain.product import only_sayable
from care.domain.review import BEST, last_word, said_of_us
from care.domain.segment import Segment

NAME = "referral_thanks"


class ReferralThanksSettings(CampaignSettings):
    """Referral and thanks settings."""

    late_days: int = Field(
        default=14,
        ge=1,
        le=60,
        description=(
            "so many days after she said that she is pleased she may be asked to tell others"
        ),
    )
    helpful_from: int = Field(
        default=10,
        ge=1,
        description="so many must have found a review helpful before she is thanked for it",
    )
    helpful_within_days: int = Field(
        default=180, ge=1, le=730, description="no thanks for a review older than that"
    )
    grace_days: int = Field(
        default=5, ge=1, le=30, description="so many days thanks that were found may still be sent"
    )
    quiet_days: int = Field(
        default=365, ge=0, le=3650, description="so many days after either letter she gets neither"
    )

    @property
    def remembers_days(self) -> int:
        """As long as another letter would be too soon."""
        return self.quiet_days


def find_referrals_and_thanks(
    tables: Tables, settings: ReferralThanksSettings, *, night: date
) -> pd.DataFrame:
    """Whoever is to be thanked, once each; who helped others is not asked for anything."""
    today = np.datetime64(night, "D")
    found = pd.concat(
        [_helpful(tables, settings, today), _pleased(tables, settings, today)], ignore_index=True
    ).drop_duplicates("customer_key")
    let_be = in_quiet_days(tables.past, settings.quiet_days, today=today).union(
        waiting(tables.cases)
    )
    due = found[~found["customer_key"].isin(let_be)]
    return candidates(
        {
            "customer_key": due["customer_key"],
            "occasion_key": due["why"] + "-" + due["event"],
            "occasion_on": due["said_on"],
            "send_from": today,
            "send_until": due["until"],
            "product_key": only_sayable(due["product_key"], tables.products),
            "facts": facts({"why": due["why"].tolist(), "about": due["about"].tolist()}),
        },
        index=due.index,
    )


def _pleased(
    tables: Tables, settings: ReferralThanksSettings, today: np.datetime64
) -> pd.DataFrame:
    people = tables.customers
    loyal = people.loc[people["segment"] == str(Segment.LOYAL), "customer_key"]
    oldest = today - settings.late_days
    last = last_word(said_of_us(tables.reviews, tables.cases, since=oldest))
    until = last["said_on"].to_numpy("datetime64[D]") + settings.late_days
    due = (last["score"] == BEST) & last["customer_key"].isin(loyal)
    return last.assign(why="pleased", until=until.astype("datetime64[s]"))[due]


def _helpful(
    tables: Tables, settings: ReferralThanksSettings, today: np.datetime64
) -> pd.DataFrame:
    """The review of each customer that helped most, of those that helped enough."""
    enough, oldest = tables.reviews, today - settings.helpful_within_days
    if enough is not None:
        enough = enough[enough["helpful"].ge(settings.helpful_from).fillna(False).astype(bool)]
        enough = enough.sort_values(["customer_key", "helpful", "reviewed_on", "review_id"])
        enough = enough[enough["reviewed_on"].to_numpy() >= oldest]
        enough = enough.drop_duplicates("customer_key", keep="last")
    until = (today + settings.grace_days).astype("datetime64[s]")
    return said_of_us(enough, None, since=oldest).assign(why="helped", until=until)


def _why_now(told: Occasion) -> str:
    if told.facts.get("why") == "helped":
        return f"Wrote a review on {told.day} that helped many others."
    if told.facts.get("about") == "case":
        return f"Gave the best score once a case was settled on {told.day}."
    return f"Gave five stars on {told.day}."


CAMPAIGN = Campaign(
    NAME,
    ReferralThanksSettings,
    find_referrals_and_thanks,
    _why_now,
    facts={"why": "pleased", "about": "review"},
    turns=({"why": "pleased", "about": "case"}, {"why": "helped", "about": "review"}),
    needs=frozenset({"reviews|cases.satisfaction"}),
)
