"""Rhythm break: due when she stops buying something she bought regularly, yet still shops.

Who kept a habit for long enough and let it go, by her own rhythm. A journey of a few letters, weeks
apart, about the habit she kept longest; other letters for single categories, or none. A letter
never says that anybody was watching.

It ends when she buys the type again, when she stops shopping altogether, or with its last step.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, EndedBy, Tables
from care.domain.candidate import candidates, facts
from care.domain.journey import JourneySettings, Step, due_steps
from care.domain.occasion import Occasion
from care.domain.rhythm import FRESH_DAYS
from care.domain.segment import BUYING_REPEATEDLY


class RhythmBreakSettings(JourneySettings):
    """Rhythm break settings."""

    min_purchases: int = Field(
        default=6, ge=4, description="days on which she bought that type, at least"
    )
    category_steps: dict[str, Annotated[tuple[Step, ...], Field(max_length=6)]] = Field(
        default_factory=dict,
        description=(
            "for single categories other letters than `steps`; an empty list for none at all"
        ),
    )

    @property
    def branches(self) -> dict[str, tuple[Step, ...]]:
        """The steps of all, and those of single categories."""
        own = {f"category_steps.{name}": steps for name, steps in self.category_steps.items()}
        return {"steps": self.steps} | {name: steps for name, steps in own.items() if steps}

    @property
    def lasts_days(self) -> int:
        """After so many days no step of an entry can be due any more."""
        return max(steps[-1].after_days for steps in self.branches.values()) + self.late_days


def find_rhythm_breaks(
    tables: Tables, settings: RhythmBreakSettings, *, night: date
) -> pd.DataFrame:
    """Customers on the journey of the habit they kept longest, each at her step of it.

    The event is the purchase after which the habit broke off, so its day is in the occasion key.
    """
    today = np.datetime64(night, "D")
    broken = tables.breaks
    began = (today - broken["broken_on"].to_numpy("datetime64[D]")).astype("int64")
    worth_it = (
        (broken["purchases"].to_numpy() >= settings.min_purchases)
        & broken["product_key"].notna().to_numpy()
        & (began <= settings.lasts_days)
    )
    longest = (
        broken[worth_it]
        .sort_values(["customer_key", "purchases", "type_key"], ascending=[True, False, True])
        .drop_duplicates("customer_key")
    )
    entry = "break-" + longest["type_key"].astype("str") + "-"
    entries = longest.assign(
        entry=entry + longest["last_day"].dt.strftime("%Y-%m-%d"), entered_on=longest["broken_on"]
    )
    due = pd.concat(
        [
            due_steps(theirs, tables.past, chosen, night=today)
            for chosen, theirs in _by_category(entries, settings)
        ]
    )
    return candidates(
        {
            "customer_key": due["customer_key"],
            "occasion_key": due["occasion_key"],
            "occasion_on": due["entered_on"],
            "send_from": np.maximum(due["send_from"].to_numpy("datetime64[D]"), today),
            "send_until": due["send_until"],
            "type_key": due["type_key"],
            "product_key": due["product_key"],
            "facts": facts({"step": due["step"]}),
        }
    )


def _by_category(
    entries: pd.DataFrame, settings: RhythmBreakSettings
) -> Iterator[tuple[RhythmBreakSettings, pd.DataFrame]]:
    """The entries of each journey, with the settings of that journey; none where it is empty."""
    own = entries["category"].isin(list(settings.category_steps))
    yield settings, entries[~own]
    for name, steps in settings.category_steps.items():
        if steps:
            yield settings.model_copy(update={"steps": steps}), entries[entries["category"] == name]


def _why_now(told: Occasion) -> str:
    return (
        f"Used to buy {told.product} regularly, last on {told.key_day}, and by {told.day} was "
        "overdue; still shops here."
    )


CAMPAIGN = Campaign(
    "rhythm_break",
    RhythmBreakSettings,
    find_rhythm_breaks,
    _why_now,
    reads_behaviour=True,
    ended_by=EndedBy.TYPE,
    facts={"step": "ask"},
    turns=({"step": "suggest"},),
    finds=BUYING_REPEATEDLY,
    forgotten_after_days=FRESH_DAYS,
)
