"""Win-back: due when she has been away longer than nearly ever before.

Who came often enough to have a rhythm and is away by her *own* rhythm: three weeks for who came
every few days, months for who came with the seasons. A journey of a few letters, with a reason to
return.

It ends when she comes back, or with its last step.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, EndedBy, Tables
from care.domain.candidate import candidates, facts
from care.domain.journey import JourneySettings, due_steps
from care.domain.occasion import Occasion
from care.domain.rhythm import FRESH_DAYS
from care.domain.segment import BUYING_REPEATEDLY


class WinBackSettings(JourneySettings):
    """Win-back settings."""

    min_visits: int = Field(
        default=4, ge=4, description="days on which she bought anything, at least"
    )
    min_away_days: int = Field(
        default=21, ge=1, description="nobody is missed sooner, however often she came"
    )


def find_win_backs(tables: Tables, settings: WinBackSettings, *, night: date) -> pd.DataFrame:
    """Customers who went silent, each at her step of the journey.

    The event is her last visit, so its day is in the occasion key.
    """
    today = np.datetime64(night, "D")
    gone = tables.silences[tables.silences["visits"] >= settings.min_visits]
    earliest = gone["last_day"] + pd.Timedelta(days=settings.min_away_days)
    entries = gone.assign(
        entry="away-since-" + gone["last_day"].dt.strftime("%Y-%m-%d"),
        entered_on=gone["silent_on"].where(gone["silent_on"] > earliest, earliest),
    )
    due = due_steps(entries, tables.past, settings, night=today)
    return candidates(
        {
            "customer_key": due["customer_key"],
            "occasion_key": due["occasion_key"],
            "occasion_on": due["entered_on"],
            "send_from": np.maximum(due["send_from"].to_numpy("datetime64[D]"), today),
            "send_until": due["send_until"],
            "facts": facts({"step": due["step"]}),
        }
    )


def _why_now(told: Occasion) -> str:
    return f"Last bought on {told.key_day}; by {told.day} away longer than nearly ever before."


CAMPAIGN = Campaign(
    "win_back",
    WinBackSettings,
    find_win_backs,
    _why_now,
    reads_behaviour=True,
    ended_by=EndedBy.ANYTHING,
    facts={"step": "hello"},
    turns=({"step": "goodbye"},),
    finds=BUYING_REPEATEDLY,
    forgotten_after_days=FRESH_DAYS,
)
