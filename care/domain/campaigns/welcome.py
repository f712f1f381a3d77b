"""Welcome: due when a customer is new: on the day she joins, and after her first order.

Who joined and has not bought anything yet gets a welcome, then what others begin with, then one
last, gentle letter. Who made her first order is thanked for it, and hears a little later what else
there is. Whoever joined before the first order that the house knows of is no newcomer, however
little of hers is on record.

It ends with her second order, or with its last step; the first order ends the letters for who has
not bought yet and begins those of thanks.
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, Tables
from care.domain.candidate import candidates, facts
from care.domain.journey import JourneySettings, Step, due_steps
from care.domain.occasion import Occasion
from care.domain.segment import WITHOUT_ORDERS, Segment

JOINED, ORDERED = "welcome-joined-", "welcome-order-"
"""How the entries of the two branches begin; the day follows."""


class WelcomeSettings(JourneySettings):
    """Welcome settings."""

    steps: tuple[Step, ...] = Field(
        min_length=1,
        max_length=6,
        description=(
            "the letters for who has not bought anything yet, counted from the day she "
            "joined; see [steps of a journey](policy.md#steps-of-a-journey)"
        ),
    )
    first_order_steps: tuple[Step, ...] = Field(
        min_length=1,
        max_length=6,
        description=(
            "the letters for who made her first order, counted from its day, or from the day "
            "she joined if that came later"
        ),
    )
    unsure_days: int = Field(
        default=90,
        ge=0,
        le=730,
        description=(
            "a first order that comes so soon after the first one of the house is not taken "
            "for one, unless she is known to have joined since"
        ),
    )

    @property
    def branches(self) -> dict[str, tuple[Step, ...]]:
        """The steps of both branches."""
        return {"steps": self.steps, "first_order_steps": self.first_order_steps}


def find_welcomes(tables: Tables, settings: WelcomeSettings, *, night: date) -> pd.DataFrame:
    """New customers, each at her step of the branch that she is on.

    The events are the day she joined and the day of her first order, or the day she joined if that
    came after it; they are in the occasion keys.
    """
    people, today = tables.customers, np.datetime64(night, "D")
    joined = people["joined_on"].to_numpy("datetime64[D]")
    ordered = people["first_order_on"].to_numpy("datetime64[D]")
    never = np.isnat(ordered)
    once = (people["segment"] == Segment.ONE_TIME).to_numpy(bool)
    first = once & _is_first(joined, ordered, settings.unsure_days)
    found = [candidates({"customer_key": []})]
    for new, entered_on, prefix, steps in (
        (never, joined, JOINED, settings.steps),
        (first, np.fmax(joined, ordered), ORDERED, settings.first_order_steps),
    ):
        branch = settings.model_copy(update={"steps": steps})
        who = new & (entered_on >= today - branch.lasts_days)  # false where it is not known
        entries = pd.DataFrame(
            {
                "customer_key": people["customer_key"].to_numpy()[who],
                "entry": prefix
                + pd.Series(np.datetime_as_string(entered_on[who], unit="D"), dtype="str"),
                "entered_on": entered_on[who].astype("datetime64[s]"),
            }
        )
        # The branches are journeys of their own: buying ends the one and begins the other at once.
        past = tables.past[tables.past["occasion_key"].str.startswith(prefix)]
        due = due_steps(entries, past, branch, night=today)
        found.append(
            candidates(
                {
                    "customer_key": due["customer_key"],
                    "occasion_key": due["occasion_key"],
                    "occasion_on": due["entered_on"],
                    "send_from": np.maximum(due["send_from"].to_numpy("datetime64[D]"), today),
                    "send_until": due["send_until"],
                    "facts": facts({"step": due["step"]}),
                }
            )
        )
    return pd.concat(found, ignore_index=True)


def _is_first(
    joined: npt.NDArray[np.datetime64], ordered: npt.NDArray[np.datetime64], unsure_days: int
) -> npt.NDArray[np.bool_]:
    """Whether the first order on record is the first one she made.

    An order history begins somewhere, and the first order in it need not be anybody's first. Of who
    joined since then it is; of who joined before nobody can tell; of whom it is not known when she
    joined it probably is, if the history had been going on for a while.
    """
    known = ordered[~np.isnat(ordered)]
    if not len(known):
        return np.zeros(len(ordered), dtype=bool)
    began = known.min()
    later = np.isnat(joined) & (ordered >= began + unsure_days)
    sure: npt.NDArray[np.bool_] = (joined >= began) | later
    return sure


def _why_now(told: Occasion) -> str:
    if told.key.startswith(ORDERED):
        return f"Made the first order on {told.day}."
    return f"Became a member on {told.day} and has not bought anything yet."


CAMPAIGN = Campaign(
    "welcome",
    WelcomeSettings,
    find_welcomes,
    _why_now,
    reads_behaviour=True,
    facts={"step": "welcome"},
    turns=(
        {"step": "first_steps"},
        {"step": "open_door"},
        {"step": "thanks"},
        {"step": "next_steps"},
    ),
    finds=WITHOUT_ORDERS | {Segment.ONE_TIME},
)
