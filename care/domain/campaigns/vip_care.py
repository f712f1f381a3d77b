"""VIP care: due once in each quarter, for a customer of the highest tier.

A letter from her own advisor; the policy names the tiers and how often. Each customer has a place
of her own in the period, always about the same, so that an advisor writes to a few on each working
day and never to more than the policy allows; who has no advisor hears from the house. Not while a
case of hers is open, not in the first two weeks after she reached the tier, which has news of its
own, and not soon after the letter before: then on the next working day on which it is possible.

It ends with the period: there is one letter in each, and what was missed is not made up for in the
next. Who leaves the tier gets no more of them.
"""

from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, model_validator

from care.domain.campaign import Campaign, CampaignSettings, MessageClass, Tables
from care.domain.candidate import candidates, facts
from care.domain.case import waiting
from care.domain.channel import ADDRESS_COLUMN, CONSENT_COLUMN
from care.domain.holdout import draw
from care.domain.occasion import Occasion
from care.domain.past import planned_since

NAME = "vip_care"
MONTHS = {"month": 1, "quarter": 3, "half-year": 6}
TAKEN_UP = 0.8
"""Share of a period's working days that have places; the others are for who had to wait."""


class VipCareSettings(CampaignSettings):
    """VIP care settings."""

    every: Literal["month", "quarter", "half-year"] = Field(
        default="quarter",
        description="how often; a period is a calendar month, quarter or half of a year",
    )
    per_advisor: int = Field(
        default=5, ge=1, le=100, description="at most so many letters of one advisor on a day"
    )
    per_house: int = Field(
        default=50, ge=1, description="at most so many on a day to those who have no advisor"
    )
    late_days: int = Field(
        default=4,
        ge=0,
        le=14,
        description=(
            "so many days a letter that was found may still be sent, but never beyond the period"
        ),
    )

    @property
    def remembers_days(self) -> int:
        """For years: whom her advisor wrote to before, he does not introduce himself to."""
        return 3650

    @model_validator(mode="after")
    def _tiers_are_named(self) -> "VipCareSettings":
        if not self.audience.tiers:
            raise ValueError(
                'audience: name the tiers it is for, such as audience = { tiers = ["diamond"] }'
            )
        return self


def find_vip_care(tables: Tables, settings: VipCareSettings, *, night: date) -> pd.DataFrame:
    """Customers of the tiers whose place has come, so many for each advisor.

    Those whose place is tonight come first, then those who had to wait, in an order that is another
    one every night. Nobody who cannot be reached takes somebody else's place: she is named on the
    night of her own, so that it is known why she got no letter, and then no more.
    """
    today = np.datetime64(night, "D")
    first, after, name = _period(today, settings.every)
    if not np.is_busday(today):
        return candidates({"customer_key": []})
    people = _in_question(tables, settings, today=today, key=f"vip-{name}", days=after - first)
    keys = people["customer_key"].to_numpy("int64")
    place = _places(keys, first, after)
    reached = _reachable(people, settings)
    waits = reached & (place <= today)
    queue = pd.DataFrame(
        {
            "advisor": people["advisor"].fillna("").to_numpy(),
            "waited": place < today,
            "lot": draw(keys, f"{NAME}|{today}"),
        }
    )[waits].sort_values(["waited", "lot"])
    most = np.where(queue["advisor"] == "", settings.per_house, settings.per_advisor)
    chosen = queue.index[queue.groupby("advisor").cumcount().to_numpy() < most]
    due = ~reached & (place == today)
    due[chosen] = True
    people = people[due]
    known = people["customer_key"].isin(tables.past["customer_key"])
    introduces = ~known & people["advisor"].notna()
    return candidates(
        {
            "customer_key": people["customer_key"],
            "occasion_key": f"vip-{name}",
            "occasion_on": today,
            "send_from": today,
            "send_until": min(today + settings.late_days, after - 1),
            "facts": facts(
                {
                    "quarter": [(night.month + 2) // 3] * len(people),
                    "introduces": introduces.map({True: "yes"}).tolist(),
                }
            ),
        },
        index=people.index,
    )


def _period(today: np.datetime64, every: str) -> tuple[np.datetime64, np.datetime64, str]:
    """First day of the period, first day of the next one, and its name."""
    months = MONTHS[every]
    number = int(today.astype("datetime64[M]").astype("int64")) // months
    first = np.datetime64(number * months, "M")
    part = number % (12 // months) + 1
    name = str(first) if months == 1 else f"{str(first)[:4]}-{'Q' if months == 3 else 'H'}{part}"
    return first.astype("datetime64[D]"), (first + months).astype("datetime64[D]"), name


def _in_question(
    tables: Tables,
    settings: VipCareSettings,
    *,
    today: np.datetime64,
    key: str,
    days: np.timedelta64,
) -> pd.DataFrame:
    """Customers of the tiers who may get the letter of the period tonight, and have not yet."""
    people = tables.customers[settings.audience.holds(tables.customers)]
    had = tables.past.loc[tables.past["occasion_key"] == key, "customer_key"]
    let_be = planned_since(tables.past, today - days // 2).union(pd.Index(had))
    let_be = let_be.union(waiting(tables.cases))
    settled = people["tier_reached_on"].isna() & ~people["customer_key"].isin(let_be)
    return people[settled].reset_index(drop=True)


def _places(
    keys: npt.NDArray[np.int64], first: np.datetime64, after: np.datetime64
) -> npt.NDArray[np.datetime64]:
    """The working day of the period on which each customer's turn comes."""
    days = np.arange(first, after)
    working = days[np.is_busday(days)]
    taken = working[: int(np.ceil(len(working) * TAKEN_UP))]
    found: npt.NDArray[np.datetime64] = taken[(draw(keys, NAME) * len(taken)).astype("int64")]
    return found


def _reachable(people: pd.DataFrame, settings: VipCareSettings) -> npt.NDArray[np.bool_]:
    """Who has an address, and allowed its use, for any channel of the campaign."""
    owed = settings.message_class == MessageClass.SERVICE
    reached = np.zeros(len(people), dtype=bool)
    for channel in settings.channels:
        allowed = owed | people[CONSENT_COLUMN[channel]].to_numpy(bool)
        reached |= allowed & people[ADDRESS_COLUMN[channel]].notna().to_numpy()
    return reached


def _why_now(told: Occasion) -> str:
    return f"Is {told.tier}, whom the advisor writes to in turn: on {told.day}."


CAMPAIGN = Campaign(
    NAME,
    VipCareSettings,
    find_vip_care,
    _why_now,
    facts={"quarter": 2, "introduces": "yes"},
    turns=({"quarter": 1}, {"quarter": 2}, {"quarter": 3}, {"quarter": 4}),
    personal=True,
)
