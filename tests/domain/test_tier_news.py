"""Tier news is told once, while it is news, and says what is true until its day."""

from datetime import date, timedelta

import pandas as pd
import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.due import find_due
from care.domain.standing import find_standings
from care.domain.tier import Tier
from tests.builders import (
    NIGHT,
    a_customer,
    a_policy,
    customers,
    decisions,
    ledger,
    plan_night,
    planned,
    recent,
    tables,
)

CAMPAIGN = CAMPAIGNS["tier_news"]


def day(text):
    return pd.Timestamp(text)


def due(*people, night=NIGHT, **changed):
    settings = a_policy().campaigns["tier_news"].model_copy(update=changed)
    return find_due(tables(customers(*people)), {"tier_news": settings}, night=night)


def at_risk(until, *, since="2017-09-01", **told):
    return a_customer(
        tier="gold",
        tier_until=day(until),
        tier_unmet_from=day(since),
        tier_lacks_spend=12_000,
        **told,
    )


def test_a_tier_reached_is_told_under_the_day_it_was_reached():
    found = due(a_customer(tier="gold", tier_reached_on=day("2017-11-12"))).iloc[0]
    assert found["occasion_key"] == "tier-reached-gold-2017-11-12"
    assert found["send_until"] == day("2017-11-17")
    assert CAMPAIGN.read_facts(found["facts"]) == {"news": "reached"}


@pytest.mark.parametrize(
    ("reached", "found"), [("2017-11-13", 1), ("2017-11-09", 1), ("2017-11-08", 0)]
)
def test_news_is_told_for_its_days_and_no_longer(reached, found):
    assert len(due(a_customer(tier="gold", tier_reached_on=day(reached)), late_days=4)) == found


def test_a_tier_at_risk_says_until_when_and_what_is_lacking():
    found = due(at_risk("2017-12-14", tier_lacks_orders=2)).iloc[0]
    assert found["occasion_key"] == "tier-at-risk-gold-2017-12-14"
    assert CAMPAIGN.read_facts(found["facts"]) == {
        "news": "at_risk",
        "until": date(2017, 12, 14),
        "lacks_spend": 12_000,
        "lacks_orders": 2,
    }


@pytest.mark.parametrize(
    ("until", "found"),
    [("2017-12-15", 0), ("2017-12-14", 1), ("2017-12-10", 1), ("2017-12-09", 0)],
)
def test_the_warning_comes_in_its_days_ahead_and_never_late(until, found):
    assert len(due(at_risk(until), warn_days=30, late_days=4)) == found


def test_a_grace_shorter_than_the_warning_is_told_as_it_begins():
    assert len(due(at_risk("2017-11-20", since="2017-11-14"), warn_days=30)) == 1
    assert due(at_risk("2017-11-20", since="2017-11-15"), warn_days=30).empty


def test_a_warning_is_never_sent_after_the_last_day():
    found = due(at_risk("2017-11-15", since="2017-11-13"), warn_days=7).iloc[0]
    assert found["send_until"] == day("2017-11-15")
    assert due(at_risk("2017-11-13", since="2017-11-12"), warn_days=7).empty


@pytest.mark.parametrize(("was_until", "found"), [("2017-12-12", 1), ("2017-12-13", 0)])
def test_a_renewal_is_news_only_to_whom_a_warning_was_due(was_until, found):
    renewed = a_customer(
        tier="gold", tier_renewed_on=day("2017-11-12"), tier_was_until=day(was_until)
    )
    keys = due(renewed, warn_days=30)["occasion_key"].tolist()
    assert keys == ["tier-renewed-gold-2017-11-12"] * found


def test_nobody_is_told_that_nothing_happened():
    assert due(a_customer(), a_customer(2, tier="diamond")).empty


def test_the_same_event_is_never_told_twice():
    person = customers(a_customer(tier="gold", tier_reached_on=day("2017-11-12")))
    before = planned((1, "tier_news", "tier-reached-gold-2017-11-12", "treated"))
    found = plan_night(tables(person), ledger(person, before=before), decisions(), night=NIGHT)
    assert found.touches.empty
    assert found.exclusions["reason"].tolist() == ["already_touched"]


@pytest.mark.slow
def test_over_many_nights_each_event_is_one_occasion():
    tiers = (
        Tier(name="member", label={}, min_spend=0),
        Tier(name="silver", label={}, min_spend=1_000),
    )
    bought = pd.DataFrame(
        {
            "customer_key": 1,
            "day": pd.to_datetime(["2017-01-10", "2017-05-20"]).astype("datetime64[s]"),
            "amount_minor": 1_000,
            "orders": 1,
        }
    )
    told = []
    for n in range(300):
        night = date(2017, 1, 5) + timedelta(days=n)
        known = bought[bought["day"] < pd.Timestamp(night)]
        stands = find_standings(known, tiers, night=night, window_days=100, grace_days=40)
        for standing in stands.drop(columns="customer_key").to_dict("records"):
            told += due(a_customer(**standing), night=night)["occasion_key"].tolist()
    assert list(dict.fromkeys(told)) == [
        "tier-reached-silver-2017-01-10",
        "tier-at-risk-silver-2017-05-30",  # 100 days of window, 40 of grace
        "tier-renewed-silver-2017-05-20",
        "tier-at-risk-silver-2017-10-07",
    ]
    assert len(told) == 5 * 4


# ── Care plans ──────────────────────────────────────────────────────────────────────────────────


BIRTHDAY = {"birth_month": 11, "birth_day": 14}


def plan_with(care, *, near=None, **told):
    policy = a_policy()
    plans = decisions(policy).care_plans | {
        "gold": decisions(policy).care_plans["gold"].model_copy(update=care)
    }
    people = customers(a_customer(1, tier="gold", **BIRTHDAY, **told))
    return plan_night(
        tables(people), ledger(people, near=near), decisions(policy, care_plans=plans), night=NIGHT
    )


def test_a_tiers_own_weekly_cap_wins_over_everybodys():
    near = recent((1, "2017-11-09"))
    assert len(plan_with({}, near=near).touches) == 1
    capped = plan_with({"touches_per_week": 1}, near=near)
    assert capped.exclusions["reason"].tolist() == ["weekly_cap"]
    generous = recent((1, "2017-11-09"), (1, "2017-11-10"))
    assert plan_with({}, near=generous).touches.empty
    assert len(plan_with({"touches_per_week": 3}, near=generous).touches) == 1


@pytest.mark.parametrize(
    ("first", "reasons"), [("2017-10-16", ["monthly_cap"]), ("2017-10-15", [])]
)
def test_a_tiers_monthly_cap_counts_thirty_days(first, reasons):
    near = recent((1, first), (1, "2017-10-28"))
    found = plan_with({"touches_per_month": 2}, near=near)
    assert found.exclusions["reason"].tolist() == reasons


@pytest.mark.parametrize(
    ("told", "channel"),
    [({}, "sms"), ({"preferred_channel": "email"}, "email"), ({"sms_consent": False}, "email")],
)
def test_a_tiers_first_channel_yields_to_her_own_preference_and_consent(told, channel):
    found = plan_with({"first_channel": "sms"}, **told)
    assert found.touches["channel"].tolist() == [channel]
