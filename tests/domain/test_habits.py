"""Rhythm breaks and win-backs: who is written to, on which step, and who is left in peace."""

from datetime import timedelta

import pandas as pd

from care.domain.campaign import PAST
from care.domain.due import find_due
from care.domain.journey import Step
from care.domain.rhythm import BREAKS, SILENCES
from tests.builders import NIGHT, a_customer, a_policy, customers, frame, tables

TODAY = pd.Timestamp(NIGHT)
PEOPLE = customers(a_customer(1), a_customer(2))


def days_ago(days):
    return TODAY - pd.Timedelta(days=days)


def a_break(customer_key=1, **told):
    return {
        "customer_key": customer_key, "type_key": 7, "product_key": 70, "category": "COFFEE",
        "purchases": 20, "mean_interval": 10.0, "last_day": days_ago(40), "broken_on": TODAY,
    } | told  # fmt: skip


def a_silence(customer_key=1, **told):
    return {
        "customer_key": customer_key, "visits": 20, "mean_interval": 7.0,
        "last_day": days_ago(30), "silent_on": TODAY,
    } | told  # fmt: skip


def due(campaign, *, night=NIGHT, breaks=(), silences=(), past=(), **changed):
    settings = a_policy().campaigns[campaign].model_copy(update=changed)
    looked_at = tables(
        PEOPLE,
        breaks=frame(BREAKS, *breaks),
        silences=frame(SILENCES, *silences),
        past=frame(PAST, *(dict(zip(PAST, row, strict=True)) for row in past)),
    )
    return find_due(looked_at, {campaign: settings}, night=night)


def test_a_habit_that_broke_off_is_asked_about():
    (found,) = due("rhythm_break", breaks=[a_break()]).to_dict("records")
    assert found["occasion_key"] == "break-7-2017-10-05-ask"
    assert (found["type_key"], found["product_key"]) == (7, 70)
    assert found["facts"] == '{"step":"ask"}'


def test_of_several_habits_the_longest_kept_is_asked_about():
    shorter, longer = a_break(type_key=3, purchases=18), a_break(type_key=9, purchases=25)
    assert due("rhythm_break", breaks=[shorter, longer])["type_key"].tolist() == [9]


def test_a_habit_of_few_purchases_is_none():
    assert due("rhythm_break", breaks=[a_break(purchases=14)]).empty


def test_a_category_may_have_letters_of_its_own_or_none():
    late = (Step(name="suggest", after_days=10),)
    for steps, age, told in ((late, 0, 0), (late, 10, 1), ((), 0, 0), ((), 10, 0)):
        found = due(
            "rhythm_break",
            breaks=[a_break(broken_on=days_ago(age))],
            category_steps={"COFFEE": steps},
        )
        assert len(found) == told, (steps, age)
    other = a_break(category="TEA")
    assert len(due("rhythm_break", breaks=[other], category_steps={"COFFEE": ()})) == 1


def test_what_no_product_stands_for_any_more_is_not_written_about():
    assert due("rhythm_break", breaks=[a_break(product_key=pd.NA)]).empty


def test_the_second_letter_follows_the_first_and_names_the_same_purchase():
    later = NIGHT + timedelta(days=21)
    before = (1, "rhythm_break", "break-7-2017-10-05-ask", NIGHT)
    found = due("rhythm_break", night=later, breaks=[a_break()], past=[before])
    assert found["occasion_key"].tolist() == ["break-7-2017-10-05-suggest"]
    assert due("rhythm_break", night=later, breaks=[a_break()]).empty


def test_another_habit_that_breaks_off_soon_after_is_left_in_peace():
    before = (1, "rhythm_break", "break-3-2017-09-01-ask", days_ago(40))
    assert due("rhythm_break", breaks=[a_break()], past=[before]).empty


def test_who_stays_away_is_written_to_when_her_own_rhythm_says_so():
    (found,) = due("win_back", silences=[a_silence()]).to_dict("records")
    assert found["occasion_key"] == "away-since-2017-10-15-hello"


def test_nobody_is_missed_within_three_weeks_however_often_she_came():
    daily = a_silence(last_day=days_ago(10), silent_on=days_ago(4), mean_interval=1.2)
    assert due("win_back", silences=[daily]).empty
    assert len(due("win_back", silences=[daily], night=NIGHT + timedelta(days=11))) == 1


def test_who_has_been_away_for_long_already_is_not_written_to_all_of_a_sudden():
    assert due(
        "win_back", silences=[a_silence(last_day=days_ago(60), silent_on=days_ago(11))]
    ).empty


def test_the_goodbye_comes_four_weeks_after_the_hello():
    before = (1, "win_back", "away-since-2017-10-15-hello", NIGHT)
    found = due("win_back", night=NIGHT + timedelta(days=28), silences=[a_silence()], past=[before])
    assert found["occasion_key"].tolist() == ["away-since-2017-10-15-goodbye"]
