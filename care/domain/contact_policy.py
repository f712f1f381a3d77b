"""How often, when and by which road the shop may speak to one customer."""

from collections.abc import Mapping
from datetime import date, time, timedelta

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from care.domain.campaign import MessageClass
from care.domain.candidate import IDENTITY
from care.domain.channel import Channel
from care.domain.exclusion import Reason, crowded
from care.domain.model import Decided
from care.domain.tier import CarePlan

WEEK, MONTH = 7, 30
RECENT: Mapping[str, str] = {
    "customer_key": "int64",
    "campaign": "str",
    "channel": "str",
    "send_on": "datetime64[s]",
}
"""Touches that caps count."""


class SendingHours(Decided):
    """The part of the customer's own day in which a channel may be used.

    Hours that end before they start end on the next day: 18:00 to 01:00.
    """

    start: time = Field(description="in the customer's own time")
    end: time = Field(description="on the next day where it is before the start")

    @model_validator(mode="after")
    def _some(self) -> "SendingHours":
        if self.start == self.end:
            raise ValueError("sending hours end when they start; leave a time between")
        return self

    @property
    def length(self) -> timedelta:
        """How long they last."""
        return timedelta(minutes=(_minutes(self.end) - _minutes(self.start)) % (24 * 60))


class Road(Decided):
    """What one channel costs and carries, and how often one customer may be reached by it."""

    cost: int = Field(default=0, ge=0, description="minor units a message costs on average")
    messages_per_night: int | None = Field(
        default=None, ge=0, description="marketing messages of one night that it can carry"
    )
    touches_per_week: int | None = Field(
        default=None, ge=1, le=7, description="by this channel, for one customer in any seven days"
    )
    touches_per_month: int | None = Field(
        default=None, ge=1, le=31, description="and in any thirty"
    )


class Blackout(Decided):
    """Days on which nobody, or nobody of some regions, hears anything but service."""

    why: str = Field(min_length=1, max_length=80, description="what the ledger gives as the reason")
    first: date = Field(description="the first day of silence, in the customer's own calendar")
    last: date = Field(description="the last one")
    regions: tuple[str, ...] = Field(
        default=(), description="region codes or their beginnings, such as US; empty means all"
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Blackout":
        if self.last < self.first:
            raise ValueError("last is before first; a blackout of one day names it twice")
        return self


class ContactPolicy(Decided):
    """Caps across all campaigns, days of silence, and sending hours by channel.

    A gap of at least a day is also the cap for a day: one touch.
    """

    touches_per_week: int = Field(
        ge=1, le=7, description="at most so many for one customer in any seven days"
    )
    touches_per_month: int | None = Field(
        default=None, ge=1, le=31, description="and at most so many in any thirty"
    )
    min_gap_days: int = Field(
        ge=1, le=30, description="days between two of them; so never more than one on a day"
    )
    quiet_after_bad_review_days: int = Field(
        default=14,
        ge=0,
        le=365,
        description=(
            "no marketing for so many days after a bad review, or after a case that was closed and "
            "given a low score; 0 for none"
        ),
    )
    sending_hours: dict[Channel, SendingHours] = Field(
        description="one table for each channel, below"
    )
    roads: dict[Channel, Road] = Field(
        default_factory=dict, description="what a channel costs and carries, below"
    )
    blackouts: tuple[Blackout, ...] = Field(
        default=(), description="days on which only service messages go out, below"
    )

    @model_validator(mode="after")
    def _every_channel(self) -> "ContactPolicy":
        missing = [str(channel) for channel in Channel if channel not in self.sending_hours]
        if missing:
            raise ValueError(f"sending_hours lacks {', '.join(missing)}")
        return self

    @property
    def messages_per_night(self) -> dict[str, int]:
        """What channels that have a limit can carry."""
        return {
            str(channel): road.messages_per_night
            for channel, road in self.roads.items()
            if road.messages_per_night is not None
        }

    def road(self, channel: str) -> Road:
        """What is decided about a channel; without a word about it, nothing."""
        return self.roads.get(Channel(channel), Road())


def send_day(candidates: pd.DataFrame, *, night: date) -> pd.Series:
    """The local day on which each candidate would go out: its first day, but not before tonight."""
    tonight = pd.Timestamp(night).as_unit("s")
    first = candidates["send_from"]
    return first.where(first >= tonight, tonight).rename("send_on")


def keep_contact_policy(
    allowed: pd.DataFrame,
    recent: pd.DataFrame,
    regions: pd.Series,
    contact: ContactPolicy,
    care_plans: Mapping[str, CarePlan],
    *,
    night: date,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the roads by which her caps, gaps and blackouts still let a candidate be reached.

    ``allowed``: one row for each candidate and channel, a candidate's first choice first.
    ``recent``: columns of ``RECENT``. ``regions``: by customer_key. What is owed to her waits for
    no cap. Returns (kept with ``send_on``, deferred and excluded); a candidate is in exactly one of
    them, and what stands in its way is named.
    """
    rows = allowed.assign(send_on=send_day(allowed, night=night)).reset_index(drop=True)
    near = crowding(rows, recent)
    tiers, channel = rows["tier"], rows["channel"]
    a_week = {
        tier: care.touches_per_week or contact.touches_per_week for tier, care in care_plans.items()
    }
    a_month = {
        tier: care.touches_per_month or contact.touches_per_month or np.inf
        for tier, care in care_plans.items()
    }
    roads = {str(one): contact.road(one) for one in Channel}
    dark = _blacked_out(rows, rows["customer_key"].map(regions), contact.blackouts)
    found = [
        (dark != "", Reason.BLACKOUT),
        (near["in_week"] >= tiers.map(a_week).astype("float64"), Reason.WEEKLY_CAP),
        (near["in_month"] >= tiers.map(a_month).astype("float64"), Reason.MONTHLY_CAP),
        (near["gap"] < contact.min_gap_days, Reason.MINIMUM_GAP),
        *(
            (
                near[f"{column}_by_road"] >= channel.map(_caps(roads, cap)).astype("float64"),
                Reason.CHANNEL_CAP,
            )
            for column, cap in (
                ("in_week", "touches_per_week"),
                ("in_month", "touches_per_month"),
            )
        ),
    ]
    where, whys = zip(*((stops.to_numpy(bool), str(why)) for stops, why in found), strict=True)
    why = pd.Series(np.select(where, whys, ""), index=rows.index)
    why[(rows["message_class"] == MessageClass.SERVICE).to_numpy(bool)] = ""
    kept = rows[why == ""]
    stopped = rows[~pd.MultiIndex.from_frame(rows[IDENTITY]).isin(_identities(kept))]
    stopped = stopped[~stopped.duplicated(IDENTITY)]
    detail = dark.where(why == Reason.BLACKOUT, near["nearest"])
    set_aside = crowded(stopped, why[stopped.index], detail=detail[stopped.index], night=night)
    return kept.reset_index(drop=True), set_aside


def _identities(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[IDENTITY])


def _caps(roads: Mapping[str, Road], cap: str) -> dict[str, float]:
    return {name: getattr(road, cap) or np.inf for name, road in roads.items()}


def _blacked_out(
    rows: pd.DataFrame, region: pd.Series, blackouts: tuple[Blackout, ...]
) -> pd.Series:
    """Why nobody is to be spoken to on the day a candidate would go out; empty where she may be."""
    why = pd.Series("", index=rows.index, dtype="str")
    for one in blackouts:
        inside = rows["send_on"].between(pd.Timestamp(one.first), pd.Timestamp(one.last))
        if one.regions:
            inside &= region.fillna("").str.startswith(one.regions)
        why[inside & (why == "")] = one.why
    return why


def crowding(candidates: pd.DataFrame, touches: pd.DataFrame) -> pd.DataFrame:
    """How near each candidate comes to what was planned before.

    ``candidates``: ``customer_key, channel, send_on``. ``touches``: columns of ``RECENT``.
    Returns, aligned with ``candidates``, ``in_week`` and ``in_month`` (touches less than 7 and 30
    days away, so that no window of that length holds more), the same ``_by_road``, ``gap`` (days
    to the nearest; a large number where there is none) and ``nearest`` in words.
    """
    pairs = candidates[["customer_key", "channel", "send_on"]].reset_index(names="row")
    near = pairs.merge(touches, on="customer_key", suffixes=("", "_of_touch"))
    near["gap"] = (near["send_on"] - near["send_on_of_touch"]).dt.days.abs()
    near = near[near["gap"] < MONTH]
    same_road = near["channel"] == near["channel_of_touch"]
    counts = {}
    for column, days in (("in_week", WEEK), ("in_month", MONTH)):
        inside = near["gap"] < days
        counts[column] = inside.groupby(near["row"]).sum()
        counts[f"{column}_by_road"] = (inside & same_road).groupby(near["row"]).sum()
    summary = pd.DataFrame(counts).reindex(candidates.index).fillna(0).astype("int64")
    first = near.sort_values(["row", "gap", "send_on_of_touch", "campaign"])
    first = first[~first.duplicated("row")].set_index("row")
    told = first["campaign"] + " on " + first["send_on_of_touch"].dt.strftime("%Y-%m-%d")
    return summary.assign(
        gap=first["gap"].reindex(candidates.index).fillna(10_000).astype("int64"),
        nearest=told.astype("str").reindex(candidates.index).fillna(""),
    )


def sending_window(
    first_day: pd.Series, last_day: pd.Series, timezone: pd.Series, hours: SendingHours
) -> tuple[pd.Series, pd.Series]:
    """Instants (UTC) between which a message may be sent, from local days and sending hours.

    A local time that a clock change skips becomes the first one after it; one that occurs twice
    is its first occurrence. Loops over time zones, of which there are few, not over customers.
    """
    opens = first_day + _since_midnight(hours.start)
    closes = last_day + (_since_midnight(hours.start) + pd.Timedelta(hours.length))
    return _to_utc(opens, timezone), _to_utc(closes, timezone)


def open_hours(window: pd.DataFrame, hours: SendingHours, at: pd.Timestamp) -> pd.Series:
    """When each message may be sent next: at once while its hours are open, else when they open.

    ``window``: ``not_before``, ``not_after`` (instants, UTC) and ``timezone``. Returns instants;
    missing where the window ends before the hours open.
    """
    earliest = window["not_before"].where(window["not_before"] > at, at)
    day = _local_day(earliest, window["timezone"]) - pd.Timedelta(days=1)
    opens = pd.Series(pd.NaT, index=window.index, dtype="datetime64[s, UTC]")
    for later in range(3):  # yesterday's hours may last into today; today's may be over
        that_day = day + pd.Timedelta(days=later)
        first, last = sending_window(that_day, that_day, window["timezone"], hours)
        start = first.where(first > earliest, earliest)
        end = last.where(last < window["not_after"], window["not_after"])
        opens = opens.where(opens.notna() | ~(start < end), start)
    return opens


def _local_day(moments: pd.Series, timezone: pd.Series) -> pd.Series:
    days = pd.Series(pd.NaT, index=moments.index, dtype="datetime64[s]")
    for zone, rows in moments.groupby(timezone, sort=True):
        local = rows.dt.tz_convert(str(zone)).dt.tz_localize(None)
        days.loc[rows.index] = local.dt.normalize().dt.as_unit("s")
    return days


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _since_midnight(moment: time) -> pd.Timedelta:
    return pd.Timedelta(minutes=_minutes(moment))


def _to_utc(local: pd.Series, timezone: pd.Series) -> pd.Series:
    out = pd.Series(pd.NaT, index=local.index, dtype="datetime64[s, UTC]")
    for zone, rows in local.groupby(timezone, sort=True):
        aware = rows.dt.tz_localize(
            str(zone), nonexistent="shift_forward", ambiguous=np.ones(len(rows), dtype=bool)
        )
        out.loc[rows.index] = aware.dt.tz_convert("UTC").dt.as_unit("s")
    return out
