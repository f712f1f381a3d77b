"""Who is touched, by which road and with which gift, one sentence each."""

from datetime import timedelta

import pandas as pd
import pytest

from care.domain.arbitration import ChosenBy, Limits, arbitrate
from care.domain.campaign import CampaignSettings
from care.domain.contact_policy import ContactPolicy
from care.domain.gift import LAST_GIFTS, Gift, possible_gifts
from care.domain.offer import make_offers
from care.domain.tier import CarePlan
from tests.builders import NIGHT, a_customer, customers, frame

TEXTS = {"en": "a gift", "zh-CN": "礼物"}
TIERS = {"member": 0, "gold": 1}
ROADS = {
    "customer_key": "int64", "campaign": "str", "occasion_key": "str", "tier": "str",
    "priority": "int64", "message_class": "str", "when_crowded": "str", "channel": "str",
    "send_from": "datetime64[s]", "send_until": "datetime64[s]", "send_on": "datetime64[s]",
    "control": "str",
}  # fmt: skip
ALL_DAY = {"start": "00:00", "end": "23:59"}
PRIORITY, VALUE = ChosenBy.PRIORITY, ChosenBy.VALUE
both = pytest.mark.parametrize("by", list(ChosenBy))


def a_gift(**told):
    return Gift(**{"label": TEXTS, "description": TEXTS, "cost": 100} | told)


def a_touch(customer_key=1, **told):
    return {
        "customer_key": customer_key, "campaign": "birthday", "occasion_key": "birthday-2017",
        "tier": "member", "priority": 90, "message_class": "marketing", "when_crowded": "defer",
        "channel": "email", "send_from": pd.Timestamp(NIGHT), "send_on": pd.Timestamp(NIGHT),
        "send_until": pd.Timestamp(NIGHT + timedelta(days=2)), "control": "",
    } | told  # fmt: skip


def a_campaign(priority=90, **told):
    return CampaignSettings(priority=priority, channels=("email", "sms"), **told)


def choose(
    *touches,
    gifts=None,
    by=PRIORITY,
    last=(),
    values=None,
    roads=None,
    weights=None,
    pieces=None,
    **left,
):
    rows = frame(ROADS, *touches)
    gifts = gifts or {}
    people = customers(*map(a_customer, sorted(set(rows["customer_key"]))))
    ladders = {name: dict.fromkeys(TIERS, tuple(gifts)) for name in set(rows["campaign"])}
    had = pd.DataFrame(list(last), columns=list(LAST_GIFTS)).astype(dict(LAST_GIFTS))
    campaigns = {name: a_campaign(value=(values or {}).get(name)) for name in set(rows["campaign"])}
    contact = ContactPolicy(
        touches_per_week=7, min_gap_days=1, sending_hours={"email": ALL_DAY, "sms": ALL_DAY},
        roads=roads or {},
    )  # fmt: skip
    care_plans = {tier: CarePlan(weight=(weights or {}).get(tier, 1.0)) for tier in TIERS}
    possible = possible_gifts(rows, ladders, gifts, people, had, night=NIGHT)
    offers = make_offers(rows, possible, campaigns, contact, care_plans)
    return arbitrate(rows, offers, Limits(gifts=pieces or {}, **left), by, TIERS, night=NIGHT)


def gifts_of(choice):
    found = choice.touches.sort_values(["customer_key", "campaign"])
    return list(zip(found["gift_id"].fillna("-"), found["gift_note"], strict=True))


def touched(choice):
    return sorted(zip(choice.touches["customer_key"], choice.touches["campaign"], strict=True))


# ── Gifts ───────────────────────────────────────────────────────────────────────────────────────


@both
def test_higher_tiers_choose_first_then_priority_then_identity(by):
    touches = [
        a_touch(1), a_touch(2, priority=95), a_touch(3, tier="gold"), a_touch(4, priority=95)
    ]  # fmt: skip
    gifts = {"tea": a_gift(worth=300), "card": a_gift()}
    found = choose(*touches, gifts=gifts, by=by, pieces={"tea": 2})
    assert gifts_of(found) == [
        ("card", "tea is short"), ("tea", ""), ("tea", ""), ("card", "tea is short")
    ]  # fmt: skip


@both
def test_a_note_tells_what_was_not_for_her_and_what_was_short(by):
    gifts = {"trip": a_gift(locales=["zh-CN"]), "tea": a_gift(), "card": a_gift(cost=0)}
    found = choose(a_touch(1), gifts=gifts, by=by, gift_budget=99)
    assert gifts_of(found) == [("card", "trip is not given in her language; tea is short")]


@both
def test_who_gets_none_is_told_why(by):
    found = choose(a_touch(1), a_touch(2), gifts={"tea": a_gift()}, by=by, gift_budget=100)
    assert gifts_of(found) == [("tea", ""), ("-", "tea is short")]
    again = choose(a_touch(1), gifts={"tea": a_gift()}, by=by, last=[(1, "tea")])
    assert gifts_of(again) == [("-", "tea was her last gift")]


@both
def test_two_touches_of_one_customer_on_a_night_carry_different_gifts(by):
    gifts = {"tea": a_gift(), "card": a_gift(cost=0, worth=0)}
    owed = a_touch(1, campaign="bad_review", message_class="service")
    found = choose(a_touch(1), owed, gifts=gifts, by=by)
    assert sorted(gift for gift, _ in gifts_of(found)) in (["-", "tea"], ["card", "tea"])


def test_by_value_a_gift_that_brings_less_than_it_costs_is_not_given():
    gifts = {"tea": a_gift(worth=50), "card": a_gift(cost=0, worth=1)}
    assert gifts_of(choose(a_touch(), gifts=gifts, by=VALUE)) == [
        ("card", "tea would do less for what it costs")
    ]
    assert gifts_of(choose(a_touch(), gifts=gifts, by=PRIORITY)) == [("tea", "")]


def test_by_value_money_goes_where_it_does_most():
    gifts = {"trip": a_gift(cost=300, worth=700), "tea": a_gift(cost=100, worth=300)}
    many = [a_touch(key) for key in range(1, 4)]
    by_value = choose(*many, gifts=gifts, by=VALUE, gift_budget=300)
    assert [gift for gift, _ in gifts_of(by_value)] == ["tea"] * 3
    plain = choose(*many, gifts=gifts, by=PRIORITY, gift_budget=300)
    assert [gift for gift, _ in gifts_of(plain)] == ["trip", "-", "-"]
    assert by_value.account["value"] == plain.account["instead"] > plain.account["value"]
    assert by_value.account["instead"] == plain.account["value"]


def test_what_one_more_of_a_budget_would_have_brought_is_its_price():
    many = [a_touch(key) for key in range(1, 5)]
    found = choose(*many, gifts={"tea": a_gift(worth=350)}, by=VALUE, gift_budget=200)
    (price,) = found.account["prices"]
    assert (price["what"], price["price"]) == ("gift_budget", pytest.approx(2.5, abs=0.01))
    assert found.account["bound"] == pytest.approx(found.account["value"], abs=0.01)


# ── Touches and roads ───────────────────────────────────────────────────────────────────────────


@both
def test_one_marketing_touch_and_whatever_is_owed(by):
    found = choose(
        a_touch(1),
        a_touch(1, campaign="welcome", priority=20),
        a_touch(1, campaign="quality_notice", occasion_key="a", message_class="service"),
        a_touch(1, campaign="quality_notice", occasion_key="b", message_class="service"),
        by=by,
    )
    assert touched(found) == [(1, "birthday"), (1, "quality_notice"), (1, "quality_notice")]
    (lost,) = found.set_aside.to_dict("records")
    assert (lost["outcome"], lost["reason"], lost["detail"]) == (
        "deferred", "outranked", "by birthday"
    )  # fmt: skip


def test_the_campaign_of_more_value_wins_by_value_and_that_of_higher_priority_by_priority():
    touches = [a_touch(1), a_touch(1, campaign="welcome", priority=20)]
    values = {"birthday": 10, "welcome": 500}
    assert touched(choose(*touches, values=values, by=VALUE)) == [(1, "welcome")]
    assert touched(choose(*touches, values=values, by=PRIORITY)) == [(1, "birthday")]


@both
def test_a_full_channel_sends_some_by_another_and_the_others_wait(by):
    touches = [a_touch(key, channel=road) for key in (1, 2) for road in ("sms", "email")]
    touches += [a_touch(3, channel="sms"), a_touch(4, channel="sms", when_crowded="drop")]
    found = choose(*touches, by=by, messages={"sms": 2})
    roads = found.touches.set_index("customer_key")["channel"].to_dict()
    assert sum(road == "sms" for road in roads.values()) == 2
    assert {1, 2} <= set(roads)
    if by is VALUE:
        assert roads == {1: "email", 2: "email", 3: "sms", 4: "sms"}
    else:
        assert roads == {1: "sms", 2: "sms"}
        assert found.set_aside[["outcome", "reason"]].to_numpy().tolist() == [
            ["deferred", "no_room"], ["excluded", "no_room"]
        ]  # fmt: skip


def test_what_is_owed_needs_no_room_and_no_value():
    owed = [a_touch(key, message_class="service", channel="sms") for key in (1, 2)]
    found = choose(
        *owed, by=VALUE, values={"birthday": 0}, roads={"sms": {"cost": 7}},
        messages={"sms": 0}, sending_budget=0,
    )  # fmt: skip
    assert len(found.touches) == 2


def test_by_value_a_message_that_costs_more_than_it_brings_is_not_sent():
    found = choose(
        a_touch(1), a_touch(2, channel="sms"), by=VALUE, values={"birthday": 5},
        roads={"sms": {"cost": 7}},
    )  # fmt: skip
    assert touched(found) == [(1, "birthday")]
    assert found.set_aside["reason"].tolist() == ["not_worth_it"]


def test_the_weight_of_a_tier_decides_who_is_touched_when_not_everybody_can_be():
    found = choose(
        a_touch(1), a_touch(2, tier="gold"), by=VALUE, weights={"gold": 2.0}, messages={"email": 1}
    )
    assert touched(found) == [(2, "birthday")]


# ── The control arm ─────────────────────────────────────────────────────────────────────────────


@both
def test_who_is_held_out_takes_nothing_and_leaves_it_to_others(by):
    gifts = {"tea": a_gift(worth=300), "card": a_gift(cost=0, worth=1)}
    touches = [a_touch(1, control="campaign"), a_touch(2), a_touch(3)]
    found = choose(*touches, gifts=gifts, by=by, pieces={"tea": 1})
    assert gifts_of(found) == [("-", ""), ("tea", ""), ("card", "tea is short")]
    assert found.touches["control"].tolist() == ["campaign", "", ""]


@both
def test_whom_the_control_arm_takes_does_not_change_who_is_chosen(by):
    touches = [a_touch(key, channel="sms") for key in range(1, 9)]
    plain = choose(*touches, by=by, messages={"sms": 4})
    held = [row | {"control": "campaign"} if row["customer_key"] % 2 else row for row in touches]
    assert touched(choose(*held, by=by, messages={"sms": 4})) == touched(plain)


@both
def test_the_order_of_the_rows_does_not_matter(by):
    gifts = {"tea": a_gift(worth=300), "card": a_gift()}
    touches = [
        a_touch(key, campaign=name, channel=road, tier="gold" if key % 3 else "member")
        for key in range(1, 12)
        for name in ("birthday", "welcome")
        for road in ("email", "sms")
    ]
    left = {"pieces": {"tea": 3}, "messages": {"email": 6}, "gift_budget": 900}
    one = choose(*touches, gifts=gifts, by=by, **left)
    # A candidate's own roads stay in her order of preference.
    pairs = [touches[at : at + 2] for at in range(0, len(touches), 2)]
    other = choose(*[row for pair in reversed(pairs) for row in pair], gifts=gifts, by=by, **left)
    keys = ["customer_key", "campaign"]
    pd.testing.assert_frame_equal(
        one.touches.sort_values(keys, ignore_index=True),
        other.touches.sort_values(keys, ignore_index=True),
    )
    pd.testing.assert_frame_equal(one.set_aside, other.set_aside)
    assert one.account == other.account


@both
def test_nobody_due_is_nothing_chosen(by):
    found = choose(by=by, gift_budget=0)
    assert found.touches.empty
    assert found.set_aside.empty
    assert found.account["value"] == found.account["bound"] == 0
