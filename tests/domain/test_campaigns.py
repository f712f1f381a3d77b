from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from care.domain.anniversary import next_anniversary
from care.domain.campaigns import CAMPAIGNS
from care.domain.due import find_due
from tests.builders import NIGHT, a_customer, a_policy, a_rhythm, customers, tables


def due(campaign, people, *rhythms, night=NIGHT, **changed):
    settings = a_policy().campaigns[campaign].model_copy(update=changed)
    return find_due(tables(people, *rhythms), {campaign: settings}, night=night)


def test_every_campaign_is_found_by_being_there():
    assert set(CAMPAIGNS) >= {"birthday", "membership_anniversary", "replenishment"}


def test_birthday_is_found_ahead_and_sent_on_the_day():
    people = customers(a_customer(birth_month=11, birth_day=16))
    found = due("birthday", people, lead_days=2).iloc[0]
    assert found["occasion_key"] == "birthday-2017"
    assert found["send_from"] == found["send_until"] == pd.Timestamp("2017-11-16")


@pytest.mark.parametrize("day", [13, 17])
def test_birthday_yesterday_or_beyond_the_lead_days_is_not_due(day):
    people = customers(a_customer(birth_month=11, birth_day=day))
    assert due("birthday", people, lead_days=2).empty


def test_birthday_needs_no_year():
    people = customers(a_customer(birth_year=None, birth_month=11, birth_day=14))
    assert len(due("birthday", people)) == 1


def test_birthday_in_january_is_found_in_december_under_the_coming_year():
    people = customers(a_customer(birth_month=1, birth_day=1))
    found = due("birthday", people, night=date(2017, 12, 31), lead_days=2)
    assert found["occasion_key"].tolist() == ["birthday-2018"]


@pytest.mark.parametrize(
    ("rule", "day"), [("28-february", date(2017, 2, 28)), ("1-march", date(2017, 3, 1))]
)
def test_leap_day_birthday_moves_to_the_day_the_merchant_chose(rule, day):
    people = customers(a_customer(birth_month=2, birth_day=29))
    fired = [
        night
        for night in (date(2017, 2, 27) + timedelta(days=n) for n in range(4))
        if len(due("birthday", people, night=night, lead_days=0, leap_day=rule))
    ]
    assert fired == [day]


def test_leap_day_birthday_keeps_its_day_in_a_leap_year():
    people = customers(a_customer(birth_month=2, birth_day=29))
    assert len(due("birthday", people, night=date(2020, 2, 29), lead_days=0)) == 1
    assert due("birthday", people, night=date(2020, 2, 28), lead_days=0).empty


def test_lunar_birthdays_are_not_mistaken_for_gregorian_ones():
    people = customers(a_customer(birth_month=11, birth_day=14, birth_calendar="lunar"))
    assert due("birthday", people).empty


@pytest.mark.parametrize("rule", ["28-february", "1-march"])
def test_every_birthday_fires_exactly_once_in_every_year(rule):
    leap_year = pd.date_range("2016-01-01", "2016-12-31")
    month, day = leap_year.month.to_numpy("int64"), leap_year.day.to_numpy("int64")
    for year in range(2017, 2025):
        fired = np.zeros(len(leap_year), dtype=int)
        for night in pd.date_range(f"{year}-01-01", f"{year}-12-31").to_numpy("datetime64[D]"):
            fired += next_anniversary(month, day, on_or_after=night, leap_day=rule) == night
        assert (fired == 1).all()


def test_membership_anniversary_counts_the_years_and_skips_the_first():
    people = customers(
        a_customer(1, joined_on="2012-11-14"),
        a_customer(2, joined_on="2017-11-14"),
    )
    found = due("membership_anniversary", people)
    assert found[["customer_key", "years"]].to_numpy().tolist() == [[1, 5]]
    assert found["occasion_key"].tolist() == ["membership-anniversary-2017"]


def test_membership_anniversary_is_still_worth_sending_within_its_grace():
    people = customers(a_customer(joined_on="2012-11-12"))
    found = due("membership_anniversary", people, grace_days=3).iloc[0]
    assert found["occasion_on"] == pd.Timestamp("2017-11-12")
    assert found["send_until"] == pd.Timestamp("2017-11-15")
    assert due("membership_anniversary", people, grace_days=1).empty


def test_replenishment_names_the_likeliest_product_type_of_a_customer():
    people = customers(a_customer())
    found = due(
        "replenishment",
        people,
        a_rhythm(type_key=7, probability=0.5),
        a_rhythm(type_key=8, probability=0.7, product_key=80),
    )
    assert found[["type_key", "product_key"]].to_numpy().tolist() == [[8, 80]]
    assert found["occasion_key"].tolist() == ["replenish-8-2017-10-15"]


@pytest.mark.parametrize(
    "not_worth_saying",
    [
        {"purchases": 3},
        {"mean_interval": 9.0},
        {"probability": 0.05},
        {"product_key": None},
        {"expected_day": pd.Timestamp("2017-11-30")},
        {"expected_day": pd.Timestamp("2017-11-01")},
    ],
)
def test_replenishment_stays_silent_where_a_reminder_would_not_help(not_worth_saying):
    assert due("replenishment", customers(a_customer()), a_rhythm(**not_worth_saying)).empty


def test_another_forecast_for_the_same_purchase_is_the_same_occasion():
    people = customers(a_customer())
    one = due("replenishment", people, a_rhythm(expected_day=pd.Timestamp("2017-11-14")))
    other = due("replenishment", people, a_rhythm(expected_day=pd.Timestamp("2017-11-16")))
    assert one["occasion_key"].tolist() == other["occasion_key"].tolist()


def test_a_disabled_campaign_finds_nobody():
    people = customers(a_customer(birth_month=11, birth_day=14))
    assert due("birthday", people, enabled=False).empty
