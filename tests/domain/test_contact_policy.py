"""How often, when and by which road one customer is reached, one sentence each."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from care.domain.contact_policy import (
    RECENT,
    Blackout,
    ContactPolicy,
    Road,
    SendingHours,
    keep_contact_policy,
    open_hours,
    sending_window,
)
from care.domain.tier import CarePlan
from tests.builders import NIGHT, frame, recent

HOURS = {channel: {"start": "08:00", "end": "21:00"} for channel in ("email", "sms")}
ROWS = {
    "customer_key": "int64", "campaign": "str", "occasion_key": "str", "tier": "str",
    "message_class": "str", "when_crowded": "str", "channel": "str",
    "send_from": "datetime64[s]", "send_until": "datetime64[s]",
}  # fmt: skip


def a_row(customer_key=1, *, until=5, on=0, **told):
    return {
        "customer_key": customer_key, "campaign": "welcome", "occasion_key": "welcome-1",
        "tier": "member", "message_class": "marketing", "when_crowded": "defer",
        "channel": "email", "send_from": pd.Timestamp(NIGHT + timedelta(days=on)),
        "send_until": pd.Timestamp(NIGHT + timedelta(days=until)),
    } | told  # fmt: skip


def keep(*rows, near=(), care=None, region="US-NY", **decided):
    contact = ContactPolicy(
        **{"touches_per_week": 2, "min_gap_days": 2, "sending_hours": HOURS} | decided
    )
    candidates = frame(ROWS, *rows)
    regions = pd.Series(region, index=sorted(set(candidates["customer_key"])), dtype="str")
    plans = {"member": care or CarePlan()}
    return keep_contact_policy(candidates, recent(*near), regions, contact, plans, night=NIGHT)


def day(days):
    return str(NIGHT + timedelta(days=days))


def why(found):
    return found[1][["outcome", "reason", "detail"]].to_numpy().tolist()


def test_what_stands_in_the_way_is_named():
    found = keep(a_row(), near=[(1, day(-1)), (1, day(-9))])
    assert found[0].empty
    assert why(found) == [["deferred", "minimum_gap", "birthday on 2017-11-13"]]


@pytest.mark.parametrize(
    ("told", "outcome"),
    [({}, "deferred"), ({"until": 0}, "excluded"), ({"when_crowded": "drop"}, "excluded")],
)
def test_what_can_wait_waits_and_the_rest_is_dropped(told, outcome):
    assert why(keep(a_row(**told), near=[(1, day(-1))]))[0][0] == outcome


@pytest.mark.parametrize(
    ("near", "decided", "reason"),
    [
        ([(1, day(-3)), (1, day(-6))], {}, "weekly_cap"),
        ([(1, day(-3)), (1, day(-7))], {}, None),
        ([(1, day(-29)), (1, day(-9))], {"touches_per_month": 2}, "monthly_cap"),
        ([(1, day(-30)), (1, day(-9))], {"touches_per_month": 2}, None),
        ([(1, day(2))], {}, None),
        ([(1, day(1))], {}, "minimum_gap"),
        ([(2, day(0))], {}, None),
    ],
)
def test_caps_and_gaps_count_days_both_ways(near, decided, reason):
    kept, set_aside = keep(a_row(), near=near, **decided)
    assert set_aside["reason"].tolist() == ([reason] if reason else [])
    assert len(kept) == (0 if reason else 1)


def test_a_tier_has_caps_of_its_own():
    near = [(1, day(-9)), (1, day(-20))]
    assert why(keep(a_row(), near=near, care=CarePlan(touches_per_month=2)))[0][1] == "monthly_cap"


def test_whom_one_channels_cap_keeps_away_is_reached_by_another():
    roads = {"sms": {"touches_per_week": 1}}
    near = [(1, day(-4), "sms")]
    both = keep(a_row(channel="sms"), a_row(channel="email"), near=near, roads=roads)
    assert both[0]["channel"].tolist() == ["email"]
    assert both[1].empty
    alone = keep(a_row(channel="sms"), near=near, roads=roads)
    assert why(alone) == [["deferred", "channel_cap", "birthday on 2017-11-10"]]


def test_on_days_of_silence_only_service_speaks():
    blackouts = [{"why": "day of mourning", "first": day(0), "last": day(1), "regions": ["US"]}]
    rows = a_row(1), a_row(2, message_class="service"), a_row(3, on=2)
    found = keep(*rows, blackouts=blackouts)
    assert found[0]["customer_key"].tolist() == [2, 3]
    assert why(found) == [["deferred", "blackout", "day of mourning"]]
    assert len(keep(*rows, blackouts=blackouts, region="CN-31")[0]) == 3


def test_what_is_owed_waits_for_no_cap():
    near = [(1, day(-1)), (1, day(-2))]
    assert len(keep(a_row(message_class="service"), near=near)[0]) == 1


@settings(max_examples=4, deadline=None)
@given(data=st.data(), week=st.integers(1, 3), month=st.integers(3, 6), gap=st.integers(1, 4))
def test_caps_are_never_exceeded_over_some_months(data, week, month, gap):
    """Each night whoever may be touched is; then no window of days holds more than its cap."""
    contact = ContactPolicy(
        touches_per_week=week, touches_per_month=month, min_gap_days=gap, sending_hours=HOURS,
        roads={"sms": Road(touches_per_month=2)},
    )  # fmt: skip
    touches = recent()
    for number in range(60):
        night = NIGHT + timedelta(days=number)
        ahead = data.draw(st.integers(0, 3))
        row = a_row(on=number + ahead, until=number + ahead)
        rows = frame(ROWS, row | {"channel": "sms"}, row | {"channel": "email"})
        kept, _ = keep_contact_policy(
            rows, touches, pd.Series({1: "US"}), contact, {"member": CarePlan()}, night=night
        )
        if len(kept) and data.draw(st.booleans()):
            touches = pd.concat([touches, kept[list(RECENT)].head(1)], ignore_index=True)
    days = touches["send_on"].to_numpy("datetime64[D]").astype("int64")
    for span, cap in ((7, week), (30, month), (gap, 1)):
        assert all(np.sum((days >= one) & (days < one + span)) <= cap for one in days)
    texts = days[(touches["channel"] == "sms").to_numpy()]
    assert all(np.sum((texts >= one) & (texts < one + 30)) <= 2 for one in texts)


# ── Hours ───────────────────────────────────────────────────────────────────────────────────────


def next_open(at, *, hours=("08:00", "21:00"), zone="America/New_York", first=NIGHT, days=3):
    told = SendingHours.model_validate(dict(zip(("start", "end"), hours, strict=True)))
    one = pd.Series([pd.Timestamp(first)]).astype("datetime64[s]")
    zones = pd.Series([zone])
    opens, closes = sending_window(one, one + pd.Timedelta(days=days - 1), zones, told)
    window = pd.DataFrame({"not_before": opens, "not_after": closes, "timezone": zones})
    (found,) = open_hours(window, told, pd.Timestamp(at).tz_localize(zone).tz_convert("UTC"))
    return None if pd.isna(found) else found.tz_convert(zone).strftime("%d %H:%M")


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2017-11-14 03:00", "14 08:00"),
        ("2017-11-14 12:00", "14 12:00"),
        ("2017-11-14 22:30", "15 08:00"),
        ("2017-11-15 03:00", "15 08:00"),
        ("2017-11-15 20:59", "15 20:59"),
        ("2017-11-16 21:00", None),
    ],
)
def test_a_message_that_leaves_late_waits_for_the_morning(at, opens):
    assert next_open(at) == opens


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2017-11-14 17:00", "14 18:00"),
        ("2017-11-15 00:30", "15 00:30"),
        ("2017-11-15 01:00", "15 18:00"),
        ("2017-11-17 00:59", "17 00:59"),
        ("2017-11-17 01:00", None),
    ],
)
def test_hours_may_last_beyond_midnight(at, opens):
    assert next_open(at, hours=("18:00", "01:00")) == opens


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2017-11-04 23:00", "05 08:00"),  # the clocks go back in that night
        ("2017-03-11 23:00", "12 08:00"),  # and forward in that one
    ],
)
def test_the_morning_after_the_clocks_change_begins_at_its_own_hour(at, opens):
    assert next_open(at, first=date.fromisoformat(at[:10])) == opens


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (lambda: SendingHours(start="09:00", end="09:00"), "leave a time between"),
        (lambda: Blackout(why="x", first="2018-01-02", last="2018-01-01"), "names it twice"),
    ],
)
def test_what_cannot_be_is_refused(wrong, remedy):
    with pytest.raises(ValidationError, match=remedy):
        wrong()
