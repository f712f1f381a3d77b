"""How often, and at what hours, the shop may speak to one customer."""

from datetime import date, time

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from care.domain.channel import Channel
from care.domain.model import Decided


class SendingHours(Decided):
    """The part of the customer's own day in which a channel may be used."""

    start: time
    end: time

    @model_validator(mode="after")
    def _in_order(self) -> "SendingHours":
        if self.start >= self.end:
            raise ValueError("sending hours must start before they end, within one day")
        return self


class ContactPolicy(Decided):
    """Caps across all campaigns, and sending hours by channel."""

    touches_per_week: int = Field(ge=1, le=7)
    min_gap_days: int = Field(ge=1, le=30, description="days between two touches")
    quiet_after_bad_review_days: int = Field(
        default=14, ge=0, le=365, description="no marketing to who was not pleased"
    )
    sending_hours: dict[Channel, SendingHours]

    @model_validator(mode="after")
    def _every_channel(self) -> "ContactPolicy":
        missing = [str(channel) for channel in Channel if channel not in self.sending_hours]
        if missing:
            raise ValueError(f"sending_hours lacks {', '.join(missing)}")
        return self


def send_day(candidates: pd.DataFrame, *, night: date) -> pd.Series:
    """The local day on which each candidate would go out: its first day, but not before tonight."""
    tonight = pd.Timestamp(night).as_unit("s")
    first = candidates["send_from"]
    return first.where(first >= tonight, tonight).rename("send_on")


def crowding(candidates: pd.DataFrame, touches: pd.DataFrame) -> pd.DataFrame:
    """How near each candidate comes to what was planned before.

    ``touches``: ``customer_key, send_on`` of the treated touches within a month either side.
    Returns, aligned with ``candidates``, ``in_week`` and ``in_month`` (touches less than 7 and 30
    days away) and ``gap`` (days to the nearest one; a large number where there is none).
    """
    pairs = candidates[["customer_key", "send_on"]].reset_index(names="row")
    near = pairs.merge(touches, on="customer_key", suffixes=("", "_of_touch"))
    distance = (near["send_on"] - near["send_on_of_touch"]).dt.days.abs()
    near = near.assign(gap=distance, in_week=distance < 7, in_month=distance < 30)
    summary = near.groupby("row").agg(
        in_week=("in_week", "sum"), in_month=("in_month", "sum"), gap=("gap", "min")
    )
    nothing = {"in_week": 0, "in_month": 0, "gap": 10_000}
    return summary.reindex(candidates.index).fillna(nothing).astype("int64")


def sending_window(
    first_day: pd.Series, last_day: pd.Series, timezone: pd.Series, hours: SendingHours
) -> tuple[pd.Series, pd.Series]:
    """Instants (UTC) between which a message may be sent, from local days and sending hours.

    A local time that a clock change skips becomes the first one after it; one that occurs twice
    is its first occurrence. Loops over time zones, of which there are few, not over customers.
    """
    opens = first_day + pd.Timedelta(_since_midnight(hours.start))
    closes = last_day + pd.Timedelta(_since_midnight(hours.end))
    return _to_utc(opens, timezone), _to_utc(closes, timezone)


def _since_midnight(moment: time) -> np.timedelta64:
    return np.timedelta64(moment.hour * 60 + moment.minute, "m")


def _to_utc(local: pd.Series, timezone: pd.Series) -> pd.Series:
    out = pd.Series(pd.NaT, index=local.index, dtype="datetime64[s, UTC]")
    for zone, rows in local.groupby(timezone, sort=True):
        aware = rows.dt.tz_localize(
            str(zone), nonexistent="shift_forward", ambiguous=np.ones(len(rows), dtype=bool)
        )
        out.loc[rows.index] = aware.dt.tz_convert("UTC").dt.as_unit("s")
    return out
