"""Bad review: due as soon as a customer gave few stars, or a low score once her case was settled.

She hears from a person, at once: her advisor where she has one, who is sorry and asks whether to
call. It is owed to her, so it is of the service class, and meanwhile she gets no marketing, for as
long as the contact policy says. Never while a complaint of hers is open: then somebody is with her
already. Who was written to lately is not written to again, however much else she did not like.

It ends with the one letter; what follows is said on the telephone.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, MessageClass, Tables
from care.domain.candidate import candidates, facts
from care.domain.case import complaining
from care.domain.occasion import Occasion
from care.domain.past import in_quiet_days
from care.domain.product import only_sayable
from care.domain.review import BEST, LOW, last_word, said_of_us

NAME = "bad_review"


class BadReviewSettings(CampaignSettings):
    """Bad review settings."""

    message_class: MessageClass = MessageClass.SERVICE
    late_days: int = Field(
        default=4, ge=1, le=30, description="so many days after the review it is still answered"
    )
    score_days: int = Field(
        default=14,
        ge=1,
        le=60,
        description=(
            "so many days after the case was closed a low score is still answered, because "
            "scores come in later"
        ),
    )
    quiet_days: int = Field(
        default=30,
        ge=0,
        le=365,
        description="so many days after such a letter she gets no other",
    )

    @property
    def remembers_days(self) -> int:
        """As long as another letter would be too soon."""
        return self.quiet_days


def find_bad_reviews(tables: Tables, settings: BadReviewSettings, *, night: date) -> pd.DataFrame:
    """What each customer was displeased with last, if it is still time to answer."""
    today = np.datetime64(night, "D")
    oldest = today - max(settings.late_days, settings.score_days)
    said = said_of_us(tables.reviews, tables.cases, since=oldest)
    in_hand = complaining(tables.cases).union(
        in_quiet_days(tables.past, settings.quiet_days, today=today)
    )
    bad = last_word(said[(said["score"] <= LOW) & ~said["customer_key"].isin(in_hand)])
    on = bad["said_on"].to_numpy("datetime64[D]")
    days = np.where(bad["about"] == "review", settings.late_days, settings.score_days)
    due = on + days >= today
    bad, on, days = bad[due], on[due], days[due]
    return candidates(
        {
            "customer_key": bad["customer_key"],
            "occasion_key": "bad-" + bad["event"],
            "occasion_on": on,
            "send_from": today,
            "send_until": on + days,
            "product_key": only_sayable(bad["product_key"], tables.products),
            "facts": facts({"about": bad["about"].tolist(), "score": bad["score"].tolist()}),
        },
        index=bad.index,
    )


def _why_now(told: Occasion) -> str:
    about = f" to {told.product}" if told.product else ""
    score = told.facts.get("score")
    if told.facts.get("about") == "case":
        given = f"{score} of {BEST}" if score else "a low score"
        return f"Gave {given} once a case was settled on {told.day}."
    stars = "few stars" if score is None else "1 star" if score == 1 else f"{score} stars"
    return f"Gave {stars}{about} on {told.day}."


CAMPAIGN = Campaign(
    NAME,
    BadReviewSettings,
    find_bad_reviews,
    _why_now,
    facts={"about": "review", "score": 2},
    turns=({"about": "case", "score": 1},),
    needs=frozenset({"reviews|cases.satisfaction"}),
    personal=True,
)
