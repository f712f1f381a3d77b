"""A journey: a few touches over weeks, for as long as what began it lasts.

A journey is data: steps with offsets from the day she entered. Nothing is remembered but the
touches themselves. Whoever no longer meets the condition is not among the entries any more, and so
has left; a step is an occasion of its own and therefore never repeated; and a step is due only
after the one before it was planned, so that nobody gets a second letter without the first.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from care.domain.campaign import CampaignSettings
from care.domain.model import Decided

ENTRY = ["customer_key", "entry", "entered_on"]
"""A customer on a journey: ``entry`` names the event that began it, on the day ``entered_on``."""


class Step(Decided):
    """One touch of a journey."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        description=(
            "templates ask for it as `facts.step`; renaming a step makes it another letter"
        ),
    )
    after_days: int = Field(
        ge=0,
        le=365,
        description="days since she entered the journey; each step later than the one before",
    )


class JourneySettings(CampaignSettings):
    """What the merchant decides for any journey."""

    steps: tuple[Step, ...] = Field(
        min_length=1,
        max_length=6,
        description=(
            "the letters of the journey, in order; see [steps of a "
            "journey](policy.md#steps-of-a-journey)"
        ),
    )
    late_days: int = Field(
        default=7,
        ge=0,
        le=30,
        description=(
            "a letter that could not go on its day may still go so many days later; who "
            "misses one gets none of those after it"
        ),
    )
    cool_down_days: int = Field(
        default=180,
        ge=0,
        le=3650,
        description="so long after a journey she does not enter another one of this campaign",
    )

    @model_validator(mode="after")
    def _steps_come_one_after_the_other(self) -> "JourneySettings":
        for branch, steps in self.branches.items():
            for before, step in pairwise(steps):
                if step.after_days <= before.after_days:
                    raise ValueError(
                        f"{branch}: {step.name!r} after {step.after_days} days does not come after "
                        f"{before.name!r} after {before.after_days}; put the steps in order"
                    )
            if len({step.name for step in steps}) < len(steps):
                raise ValueError(f"{branch}: give each step a name of its own")
        return self

    @property
    def branches(self) -> dict[str, tuple[Step, ...]]:
        """The steps by the key that names them; a journey that branches has more than one."""
        return {"steps": self.steps}

    @property
    def lasts_days(self) -> int:
        """After so many days no step of an entry can be due any more."""
        return self.steps[-1].after_days + self.late_days

    @property
    def remembers_days(self) -> int:
        """Back to the cool-down before the entry of whoever is on her last step."""
        last = max(steps[-1].after_days for steps in self.branches.values())
        return last + self.late_days + self.cool_down_days


def due_steps(
    entries: pd.DataFrame,
    past: pd.DataFrame,
    settings: JourneySettings,
    *,
    night: np.datetime64,
) -> pd.DataFrame:
    """The step that each entry has come to, if it is due tonight.

    ``entries``: columns of ``ENTRY`` and any others, which are kept; their index is not. ``past``:
    the journey's own touches so far (``customer_key, occasion_key, send_on``). Returns the entries
    with a due step, with ``occasion_key, step, send_from, send_until``, at most one row an entry.
    """
    entered = _admitted(entries.reset_index(drop=True), past, settings)
    days = entered["entered_on"].to_numpy("datetime64[D]")
    age = (night.astype("datetime64[D]") - days).astype("int64")
    made = pd.MultiIndex.from_frame(past[["customer_key", "occasion_key"]])
    found = []
    before = np.ones(len(entered), dtype=bool)
    for step in settings.steps:
        key = entered["entry"] + f"-{step.name}"
        done = pd.MultiIndex.from_arrays([entered["customer_key"], key]).isin(made)
        opens = days + step.after_days
        due = before & (age >= step.after_days) & (age <= step.after_days + settings.late_days)
        found.append(
            entered.assign(
                occasion_key=key, step=step.name, send_from=opens,
                send_until=opens + settings.late_days,
            )[due]
        )  # fmt: skip
        before = done
    steps: pd.DataFrame = pd.concat(found)
    # The later step stands for an entry whose steps overlap: the one before it is planned.
    return steps[~steps.index.duplicated(keep="last")].sort_index().reset_index(drop=True)


def _admitted(entries: pd.DataFrame, past: pd.DataFrame, settings: JourneySettings) -> pd.DataFrame:
    """Leave out who was on the same journey, for another reason, not long ago."""
    others = entries.merge(past[["customer_key", "occasion_key", "send_on"]], on="customer_key")
    # The name of a step holds no hyphen, while that of an entry may: o-1 is no part of o-1-2.
    began = others["occasion_key"].str.rsplit("-", n=1).str[0]
    own = (began == others["entry"]).to_numpy(bool)
    since = (others["entered_on"] - others["send_on"]).dt.days.to_numpy()
    recent = others[~own & (since < settings.cool_down_days)]
    again = pd.MultiIndex.from_frame(entries[["customer_key", "entry"]]).isin(
        pd.MultiIndex.from_frame(recent[["customer_key", "entry"]])
    )
    admitted: pd.DataFrame = entries[~again].reset_index(drop=True)
    return admitted
