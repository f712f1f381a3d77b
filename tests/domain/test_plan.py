"""The plan's laws and its rules, one sentence each."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.domain.candidate import IDENTITY
from care.domain.contact_policy import RECENT, SendingHours, sending_window
from care.domain.gift import Gift
from care.domain.holdout import Holdout, draw
from tests.builders import (
    NIGHT,
    a_customer,
    a_policy,
    a_rhythm,
    customers,
    decisions,
    ledger,
    plan_night,
    planned,
    recent,
    suppressions,
    tables,
)

BIRTHDAY = {"birth_month": 11, "birth_day": 14}


def plan(people, *rhythms, night=NIGHT, choices=None, **ledger_says):
    return plan_night(
        tables(people, *rhythms),
        ledger(people, **ledger_says),
        choices or decisions(),
        night=night,
    )


def reasons(plan):
    return plan.exclusions[["campaign", "outcome", "reason"]].to_numpy().tolist()


def test_a_customer_with_a_birthday_is_touched_on_her_preferred_channel():
    people = customers(
        a_customer(1, **BIRTHDAY), a_customer(2, preferred_channel="sms", **BIRTHDAY)
    )
    assert plan(people).touches["channel"].tolist() == ["email", "sms"]


def test_a_customer_without_consent_for_her_preferred_channel_gets_the_other_one():
    people = customers(a_customer(preferred_channel="sms", sms_consent=False, **BIRTHDAY))
    assert plan(people).touches["channel"].tolist() == ["email"]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"email": None, "phone": None}, "no_address"),
        ({"email_consent": False, "sms_consent": False}, "no_consent"),
        ({"email": None, "sms_consent": False}, "no_consent"),
    ],
)
def test_who_cannot_be_reached_is_excluded_with_the_reason(told, reason):
    found = plan(customers(a_customer(**BIRTHDAY, **told)))
    assert reasons(found) == [["birthday", "excluded", reason]]
    assert found.touches.empty


@pytest.mark.parametrize(
    ("stopped", "channel"),
    [
        ((1, None, None), None),
        ((1, None, "birthday"), None),
        ((1, "email", None), "sms"),
        ((1, "email", "birthday"), "sms"),
        ((1, None, "replenishment"), "email"),
        ((2, None, None), "email"),
    ],
)
def test_a_suppression_stops_just_what_it_names(stopped, channel):
    found = plan(customers(a_customer(**BIRTHDAY)), stopped=suppressions(stopped))
    assert found.touches["channel"].tolist() == ([channel] if channel else [])
    assert reasons(found) == ([] if channel else [["birthday", "excluded", "suppressed"]])


@pytest.mark.parametrize(
    ("arm", "reason"), [("treated", "already_touched"), ("held_out", "already_held_out")]
)
def test_an_occasion_planned_before_is_not_planned_again(arm, reason):
    before = planned((1, "birthday", "birthday-2017", arm))
    assert reasons(plan(customers(a_customer(**BIRTHDAY)), before=before)) == [
        ["birthday", "excluded", reason]
    ]


def test_last_years_birthday_does_not_stand_in_the_way():
    before = planned((1, "birthday", "birthday-2016", "treated"))
    assert len(plan(customers(a_customer(**BIRTHDAY)), before=before).touches) == 1


def test_the_birthday_comes_before_the_reminder_which_waits():
    found = plan(customers(a_customer(**BIRTHDAY)), a_rhythm())
    assert found.touches["campaign"].tolist() == ["birthday"]
    assert reasons(found) == [["replenishment", "deferred", "outranked"]]
    assert found.exclusions["detail"].tolist() == ["by birthday"]


def test_a_loser_whose_last_day_is_tonight_is_excluded_not_deferred():
    people = customers(a_customer(birth_month=11, birth_day=14, joined_on="2012-11-11"))
    assert reasons(plan(people)) == [["membership_anniversary", "excluded", "outranked"]]


def test_two_touches_this_week_defer_the_third():
    near = recent((1, "2017-11-09"), (1, "2017-11-11"))
    assert reasons(plan(customers(a_customer()), a_rhythm(), near=near)) == [
        ["replenishment", "deferred", "weekly_cap"]
    ]


def test_a_touch_planned_ahead_for_tomorrow_keeps_others_at_a_distance():
    near = recent((1, "2017-11-15"))
    assert reasons(plan(customers(a_customer()), a_rhythm(), near=near)) == [
        ["replenishment", "deferred", "minimum_gap"]
    ]


def test_gold_customer_gets_the_gold_gift_while_stock_lasts():
    people = customers(*(a_customer(key, tier="gold", **BIRTHDAY) for key in (1, 2, 3)))
    found = plan(people, gifts_left={"rose_tea": 1, "bakery_treat": 1})
    assert found.touches["gift_id"].tolist() == ["rose_tea", "bakery_treat", "birthday_card"]
    assert found.touches["gift_note"].tolist() == [
        "",
        "rose_tea is short",
        "rose_tea is short; bakery_treat is short",
    ]


def test_the_higher_tier_chooses_first_whatever_the_order_of_the_input():
    people = customers(
        a_customer(1, tier="gold", **BIRTHDAY), a_customer(2, tier="diamond", **BIRTHDAY)
    )
    found = plan(people, gifts_left={"flower_bouquet": 0, "rose_tea": 1, "bakery_treat": 9})
    assert found.touches["gift_id"].tolist() == ["bakery_treat", "rose_tea"]


def test_tonights_budget_is_not_exceeded():
    people = customers(*(a_customer(key, tier="gold", **BIRTHDAY) for key in range(1, 6)))
    found = plan(people, choices=decisions(gift_budget=2000), gifts_left={"rose_tea": 9})
    assert found.touches["gift_cost"].sum() <= 2000
    assert found.touches["gift_id"].value_counts()["rose_tea"] == 2


def test_who_is_held_out_gets_no_gift_and_stays_so():
    people = customers(*(a_customer(key, tier="gold", **BIRTHDAY) for key in range(1, 400)))
    choices = decisions(holdout=Holdout(share=0.25, salt="2017"), gift_budget=10**9)
    first, again = plan(people, choices=choices), plan(people, choices=choices)
    held = first.touches[first.touches["arm"] == "held_out"]
    assert 60 < len(held) < 140
    assert held["gift_id"].isna().all()
    assert not held["gift_cost"].any()
    pd.testing.assert_frame_equal(first.touches, again.touches)


def test_a_new_salt_draws_new_arms():
    keys = np.arange(10_000)
    one, other = draw(keys, "2017|birthday") < 0.05, draw(keys, "2018|birthday") < 0.05
    assert 400 < one.sum() < 600
    assert 10 < (one & other).sum() < 50  # as independent draws would have it: 25


def test_draws_are_uniform():
    counts, _ = np.histogram(draw(np.arange(100_000), "s"), bins=100, range=(0, 1))
    assert (((counts - 1000) ** 2) / 1000).sum() < 150  # chi-square, 99 degrees of freedom


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2017-11-05", "2017-11-05T07:30Z", "2017-11-06T02:00Z"),  # 01:30 happens twice: the first
        ("2017-03-12", "2017-03-12T07:00Z", "2017-03-13T01:00Z"),  # 02:30 is skipped: 03:00
    ],
)
def test_a_window_survives_the_change_of_the_clocks(day, opens, closes):
    start = "01:30" if "11-05" in day else "02:30"
    hours = SendingHours.model_validate({"start": start, "end": "21:00"})
    days = pd.Series([pd.Timestamp(day)]).astype("datetime64[s]")
    zone = pd.Series(["America/New_York"])
    first, last = sending_window(days, days, zone, hours)
    expected_open = "2017-11-05T05:30Z" if "11-05" in day else opens
    assert first[0] == pd.Timestamp(expected_open)
    assert last[0] == pd.Timestamp(closes)


def test_a_window_is_in_the_customers_own_time():
    hours = SendingHours.model_validate({"start": "09:00", "end": "20:00"})
    days = pd.Series([pd.Timestamp("2017-11-14")] * 2).astype("datetime64[s]")
    first, _ = sending_window(days, days, pd.Series(["Asia/Shanghai", "America/New_York"]), hours)
    assert first.tolist() == [pd.Timestamp("2017-11-14T01:00Z"), pd.Timestamp("2017-11-14T14:00Z")]


# ── Laws, over generated shops ──────────────────────────────────────────────────────────────────


HAPPENING = ("birthday", "membership_anniversary", "replenishment", "welcome")
"""The campaigns that have anything to do in the shops below."""


@st.composite
def shops(draw):
    """A small shop in which much happens at once: customers and what they may be running out of."""
    size = draw(st.integers(0, 12))
    day = st.integers(12, 17)
    people = [
        a_customer(
            key,
            birth_month=draw(st.sampled_from([11, 11, None])),
            birth_day=draw(day),
            joined_on=f"{draw(st.integers(2010, 2017))}-11-{draw(day)}",
            email=draw(st.sampled_from(["a@example.com", None])),
            phone=draw(st.sampled_from(["+15550100", None])),
            preferred_channel=draw(st.sampled_from(["email", "sms", None])),
            email_consent=draw(st.booleans()),
            sms_consent=draw(st.booleans()),
            tier=draw(st.sampled_from(["member", "silver", "gold", "diamond"])),
        )
        for key in range(1, size + 1)
    ]
    running_out = [
        a_rhythm(key, type_key=kind, expected_day=pd.Timestamp(2017, 11, draw(day)))
        for key in range(1, size + 1)
        for kind in range(draw(st.integers(0, 2)))
    ]
    return people, running_out


def _due(found):
    return pd.Series(dict(found.due), dtype="int64")


@settings(max_examples=8, deadline=None)
@given(shop=shops(), share=st.sampled_from([0.0, 0.3]), stock=st.integers(0, 3), order=st.randoms())
def test_laws_hold_over_generated_shops_and_consecutive_nights(shop, share, stock, order):
    people, running_out = shop
    every = decisions(holdout=Holdout(share=share, salt="law"), gift_budget=3000)
    choices = replace(every, campaigns={name: every.campaigns[name] for name in HAPPENING})
    before, near, left = planned(), recent(), dict.fromkeys(("rose_tea", "bakery_treat"), stock)
    for night in (NIGHT + timedelta(days=n) for n in range(3)):
        arguments = {"before": before, "near": near, "gifts_left": left}
        found = plan(customers(*people), *running_out, night=night, choices=choices, **arguments)
        # 1. due = touched + held out + deferred + excluded, campaign by campaign
        settled = pd.concat([found.touches["campaign"], found.exclusions["campaign"]])
        assert settled.value_counts().sort_index().to_dict() == _due(found).sort_index().to_dict()
        # 2. one touch per identity, for ever, and one customer a night
        touched = pd.concat([before, found.touches[[*IDENTITY, "arm"]]], ignore_index=True)
        assert not touched.duplicated(IDENTITY).any()
        treated = found.touches[found.touches["arm"] == "treated"]
        assert not treated["customer_key"].duplicated().any()
        # caps, stock and budget
        near = pd.concat([near, treated[list(RECENT)]], ignore_index=True)
        for _, days in near.groupby("customer_key")["send_on"]:
            assert (days.sort_values().diff().dropna() >= pd.Timedelta(days=2)).all()
        given_away = treated["gift_id"].value_counts()
        for gift in left:
            assert given_away.get(gift, 0) <= left[gift]
            left = left | {gift: left[gift] - int(given_away.get(gift, 0))}
        assert treated["gift_cost"].sum() <= 3000
        # the order of the input never matters
        shuffled, shuffled_out = list(people), list(running_out)
        order.shuffle(shuffled)
        order.shuffle(shuffled_out)
        same = plan(customers(*shuffled), *shuffled_out, night=night, choices=choices, **arguments)
        pd.testing.assert_frame_equal(found.touches, same.touches)
        pd.testing.assert_frame_equal(found.exclusions, same.exclusions)
        before = touched


def test_an_empty_shop_has_an_empty_night():
    found = plan(customers())
    assert found.touches.empty
    assert found.exclusions.empty
    assert found.due == {}


def test_shipped_ladders_end_with_a_gift_that_cannot_run_out_for_birthdays():
    policy = a_policy()
    for rungs in policy.ladders["birthday"].values():
        last: Gift = policy.gifts[rungs[-1]]
        assert last.stock is None


def test_night_is_a_date_not_a_moment():
    assert plan(customers(a_customer(**BIRTHDAY)), night=date(2017, 11, 14)).due == {"birthday": 1}
