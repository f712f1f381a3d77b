"""VIP care: her own advisor writes once in each period, a few letters on each working day."""

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.campaigns.vip_care import VipCareSettings
from care.domain.due import find_due
from tests.builders import a_customer, a_policy, customers, planned
from tests.domain.test_case_campaigns import a_case, cases
from tests.goods import owned, products, tables_of

SETTINGS = a_policy().campaigns["vip_care"]
Q4 = [date(2017, 10, 2) + timedelta(days=n) for n in range(89) if n % 7 < 6]  # some Saturdays


def vips(count, **told):
    return customers(*(a_customer(key, tier="diamond", **told) for key in range(1, count + 1)))


def due(people, night, *, before=None, opened=None, **changed):
    settings = SETTINGS.model_copy(update=changed)
    past = planned() if before is None else before
    seen = tables_of(people, products(), owned(), past=past, cases=opened)
    return find_due(seen, {"vip_care": settings}, night=night)


def touched(*rows):
    """Letters that were planned: (customer, occasion, day)."""
    said = planned(*((key, "vip_care", occasion, "treated") for key, occasion, _ in rows))
    return said.assign(send_on=pd.Series([day for *_, day in rows], dtype="datetime64[s]"))


def live(people, nights, *, cannot=lambda night: (), named=None, **changed):
    """Nights one after the other: (customer, occasion, night) of every letter planned.

    ``cannot``: who is due on a night and cannot be planned. ``named``: counts who was due.
    """
    written = []
    for night in nights:
        before = touched(*written) if written else None
        found = due(people, night, before=before, **changed)
        if named is not None:
            named.update(found["customer_key"])
        kept = found[~found["customer_key"].isin(cannot(night))]
        written += [
            (int(key), occasion, night.isoformat())
            for key, occasion in zip(kept["customer_key"], kept["occasion_key"], strict=True)
        ]
    return written


def facts(found):
    return CAMPAIGNS["vip_care"].read_facts(found["facts"].iloc[0])


# ── Once in each period ─────────────────────────────────────────────────────────────────────────
@pytest.mark.slow
def test_everybody_in_the_tier_gets_one_letter_in_the_quarter():
    written = live(vips(60), Q4)
    assert sorted(key for key, *_ in written) == list(range(1, 61))
    assert {occasion for _, occasion, _ in written} == {"vip-2017-Q4"}


@pytest.mark.slow
def test_letters_are_spread_over_the_quarter_and_only_on_working_days():
    days = [date.fromisoformat(day) for *_, day in live(vips(120), Q4)]
    assert {day.weekday() for day in days} == {0, 1, 2, 3, 4}
    assert {day.month for day in days} == {10, 11, 12}
    assert max(Counter(days).values()) <= 8  # of some 2.3 a day


@pytest.mark.slow
def test_no_advisor_writes_more_than_the_policy_allows():
    people = pd.concat([vips(90), vips(40).assign(customer_key=range(91, 131))], ignore_index=True)
    named = ["Ruth"] * 60 + [None] * 70
    people["advisor"] = pd.array(named, dtype="str")
    written = live(people, Q4, per_advisor=1, per_house=2)
    by_day = Counter((day, key <= 60) for key, _, day in written)
    assert max(number for (_, of_ruth), number in by_day.items() if of_ruth) == 1
    assert max(number for (_, of_ruth), number in by_day.items() if not of_ruth) == 2
    assert sorted(key for key, *_ in written) == list(range(1, 131))


def test_two_advisors_do_not_share_a_cap():
    people = vips(40)
    people["advisor"] = pd.array(["Ruth", "Clara"] * 20, dtype="str")
    nights = Q4[-14:]  # everybody's place is over
    assert due(people, nights[0], per_advisor=3).shape[0] == 6


def test_who_had_to_wait_is_found_again_until_she_is_written_to():
    people, stopped = vips(30), set(range(1, 11))
    written = live(people, Q4, cannot=lambda night: stopped if night < date(2017, 12, 18) else ())
    assert sorted(key for key, *_ in written) == list(range(1, 31))
    assert all(day >= "2017-12-18" for key, _, day in written if key in stopped)


def test_those_who_never_can_do_not_keep_others_from_their_letter():
    """A cap of one, and half of them suppressed, which the rule cannot see."""
    people, never = vips(20, advisor="Ruth"), set(range(1, 11))
    written = live(people, Q4, cannot=lambda _: never, per_advisor=1)
    assert sorted(key for key, *_ in written) == list(range(11, 21))


@pytest.mark.slow
def test_her_place_is_about_the_same_in_every_quarter():
    people = vips(40)
    first = {key: date.fromisoformat(day) for key, _, day in live(people, Q4)}
    later = [date(2018, 1, 1) + timedelta(days=n) for n in range(90)]
    again = {key: date.fromisoformat(day) for key, _, day in live(people, later)}
    apart = np.array([(again[key] - first[key]).days for key in first])
    assert (abs(apart - 91) <= 6).all()


def test_late_in_one_quarter_is_not_followed_early_in_the_next():
    people = vips(40)
    before = touched(*((key, "vip-2017-Q3", "2017-09-29") for key in range(1, 41)))
    nights = [(night, due(people, night, before=before)) for night in Q4]
    assert min(night for night, found in nights if len(found)) >= date(2017, 11, 14)


def test_a_letter_lasts_some_days_but_not_beyond_its_period():
    people = vips(40)
    night = date(2017, 12, 28)
    found = due(people, night, late_days=4)
    assert set(found["send_from"]) == {pd.Timestamp(night)}
    assert set(found["send_until"]) == {pd.Timestamp("2017-12-31")}


@pytest.mark.parametrize(
    ("every", "night", "occasion"),
    [
        ("month", date(2017, 11, 30), "vip-2017-11"),
        ("quarter", date(2017, 12, 29), "vip-2017-Q4"),
        ("quarter", date(2018, 3, 30), "vip-2018-Q1"),
        ("half-year", date(2017, 12, 29), "vip-2017-H2"),
        ("half-year", date(2018, 6, 29), "vip-2018-H1"),
    ],
)
def test_the_occasion_is_the_period(every, night, occasion):
    assert set(due(vips(10), night, every=every)["occasion_key"]) == {occasion}


# ── Who, and when not ───────────────────────────────────────────────────────────────────────────
LATE = date(2017, 12, 20)  # a Wednesday after everybody's place


def test_only_the_tiers_that_the_policy_names():
    people = customers(*(a_customer(n, tier=t) for n, t in enumerate(("gold", "diamond"), 1)))
    assert due(people, LATE)["customer_key"].tolist() == [2]
    both = (
        a_policy().campaigns["vip_care"].audience.model_copy(update={"tiers": ("gold", "diamond")})
    )
    assert due(people, LATE, audience=both)["customer_key"].tolist() == [1, 2]


def test_a_policy_that_names_no_tier_is_refused():
    with pytest.raises(ValueError, match="audience: name the tiers"):
        VipCareSettings(priority=1, channels=["email"])


@pytest.mark.parametrize("night", [date(2017, 12, 23), date(2017, 12, 24)])
def test_nobody_on_a_weekend(night):
    assert due(vips(10), night).empty


@pytest.mark.parametrize("kind", ["complaint", "repair", "return", "inquiry"])
def test_not_while_a_case_of_hers_is_open(kind):
    assert due(vips(1), LATE, opened=cases(a_case(kind))).empty
    assert len(due(vips(1), LATE, opened=cases(a_case(kind, "2017-12-19")))) == 1
    assert len(due(vips(2), LATE, opened=cases(a_case(kind)))) == 1


def test_not_while_it_is_news_that_she_reached_the_tier():
    assert due(vips(1, tier_reached_on=pd.Timestamp("2017-12-12")), LATE).empty


def test_who_cannot_be_reached_is_named_once_and_takes_nobodys_place():
    people = vips(35, advisor="Ruth")
    people.loc[:14, "email"] = None
    people.loc[15:29, "email_consent"] = False
    named = Counter()
    written = live(people, Q4, cannot=lambda _: range(31), named=named, per_advisor=1)
    assert sorted(key for key, *_ in written) == [31, 32, 33, 34, 35]
    assert named == dict.fromkeys(range(1, 36), 1)


# ── What it says ────────────────────────────────────────────────────────────────────────────────
def test_an_advisor_introduces_herself_the_first_time_and_no_more():
    person = vips(1, advisor="Ruth")
    assert facts(due(person, LATE)) == {"quarter": 4, "introduces": "yes"}
    before = touched((1, "vip-2017-Q3", "2017-08-01"))
    assert facts(due(person, LATE, before=before)) == {"quarter": 4}


def test_the_house_introduces_nobody():
    assert facts(due(vips(1), date(2018, 3, 29))) == {"quarter": 1}


def test_the_same_night_comes_out_the_same_whatever_the_order_of_the_customers():
    people = vips(80, advisor="Ruth")
    shuffled = people.sample(frac=1, random_state=7)
    found = due(people, LATE, per_advisor=7)
    assert len(found) == 7
    assert due(shuffled, LATE, per_advisor=7)["customer_key"].tolist() == (
        found["customer_key"].tolist()
    )
