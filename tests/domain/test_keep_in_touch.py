"""Keep in touch: a loyal customer whom nothing touched for months gets one letter, on her day."""

from datetime import date

import pandas as pd
import pytest

from care.domain.campaign import OUT_OF_TOUCH
from care.domain.campaigns.keep_in_touch import CAMPAIGN, KeepInTouchSettings, silent_from
from care.domain.due import find_due
from care.domain.segment import Segment
from tests.builders import a_customer, customers, frame, ledger, plan_night, planned, recent, tables
from tests.builders import decisions as choices


def settings(**changed):
    told = {"priority": 1, "channels": ["email"], "after_months": 6, "spread_days": 1}
    return KeepInTouchSettings.model_validate(told | {"late_days": 4} | changed)


def seen(*silences, people=None, past=None):
    """What the rule looks at: (customer, silent since) of loyal customers unless told otherwise."""
    who = people or [a_customer(key, segment="loyal") for key, _ in silences]
    rows = [{"customer_key": key, "since": pd.Timestamp(since)} for key, since in silences]
    past = planned() if past is None else past
    return tables(customers(*who), out_of_touch=frame(OUT_OF_TOUCH, *rows), past=past)


def due(night, *silences, people=None, past=None, **changed):
    shop = seen(*silences, people=people, past=past)
    return find_due(shop, {"keep_in_touch": settings(**changed)}, night=date.fromisoformat(night))


def walk(first, last, *silences, past=None, **changed):
    """What the rule alone finds, night by night."""
    shop, chosen = seen(*silences, past=past), settings(**changed)
    return {
        str(night.date()): CAMPAIGN.candidates(shop, chosen, night=night.date())
        for night in pd.date_range(first, last)
    }


def keys(found):
    return found["occasion_key"].tolist()


# ── When ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("night", "is_due"),
    [
        ("2017-11-13", False),
        ("2017-11-14", True),
        ("2017-11-18", True),
        ("2017-11-19", False),
    ],
)
def test_she_is_due_once_the_months_are_over_and_for_some_days(night, is_due):
    assert keys(due(night, (1, "2017-05-14"))) == ["silent-6-months-since-2017-05-14"] * is_due


def test_a_letter_tells_how_long_it_is_worth_sending_and_all_nights_tell_the_same():
    first = due("2017-11-14", (1, "2017-05-14"))
    assert first["occasion_on"].tolist() == [pd.Timestamp("2017-11-14")]
    assert first["send_from"].tolist() == [pd.Timestamp("2017-11-14")]
    assert first["send_until"].tolist() == [pd.Timestamp("2017-11-18")]
    pd.testing.assert_frame_equal(first, due("2017-11-18", (1, "2017-05-14")))


@pytest.mark.parametrize(
    ("since", "months", "on"),
    [
        ("2017-08-31", 6, "2018-02-28"),
        ("2019-08-31", 6, "2020-02-29"),
        ("2017-08-28", 6, "2018-02-28"),
        ("2017-12-31", 2, "2018-02-28"),
        ("2018-02-28", 1, "2018-03-28"),
        ("2017-12-31", 12, "2018-12-31"),
    ],
)
def test_a_month_without_such_a_day_is_over_on_its_last(since, months, on):
    day_before = str((pd.Timestamp(on) - pd.Timedelta(days=1)).date())
    assert due(day_before, (1, since), after_months=months, late_days=0).empty
    found = due(on, (1, since), after_months=months, late_days=0)
    assert found["occasion_on"].tolist() == [pd.Timestamp(on)]


def test_who_had_to_wait_is_due_on_her_days_of_each_month_and_on_no_night_between():
    found = walk("2017-11-01", "2018-02-28", (1, "2017-05-14"))
    assert {night: keys(those) for night, those in found.items() if len(those)} == {
        f"{month}-{day}": ["silent-6-months-since-2017-05-14"]
        for month in ("2017-11", "2017-12", "2018-01", "2018-02")
        for day in range(14, 19)
    }


@pytest.mark.parametrize(
    ("night", "months"), [("2018-04-18", 6), ("2018-05-14", 12), ("2018-11-14", 18)]
)
def test_it_is_another_occasion_when_as_many_months_again_are_over(night, months):
    assert keys(due(night, (1, "2017-05-14"))) == [f"silent-{months}-months-since-2017-05-14"]


def test_who_fell_silent_on_one_day_has_a_day_of_her_own_and_everybody_has_one():
    silences = [(key, "2017-05-14") for key in range(1, 57)]
    found = walk("2017-11-13", "2017-12-12", *silences, spread_days=28, late_days=0)
    assert [len(those) for those in found.values()] == [0, *[2] * 28, 0]


def test_in_the_shortest_months_her_last_days_end_before_her_next_ones_begin():
    months = {"after_months": 1, "spread_days": 28, "late_days": 14}
    silences = [(key, "2017-01-31") for key in (1, 27, 28)]
    found = pd.concat(walk("2018-01-15", "2018-05-15", *silences, **months))
    nights = found.groupby(["customer_key", "occasion_key"]).size()
    assert nights.groupby("customer_key").max().tolist() == [15] * 3


# ── Since when ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("joined_on", "begins"),
    [("2017-10-20", None), ("2010-01-01", "2017-05-14"), (None, "2017-05-14")],
)
def test_the_silence_begins_no_earlier_than_the_day_she_joined(joined_on, begins):
    people = [a_customer(1, segment="loyal", joined_on=pd.Timestamp(joined_on or "NaT"))]
    found = due("2017-11-14", (1, "2017-05-14"), people=people)
    assert keys(found) == [f"silent-6-months-since-{begins}"] * (begins is not None)


def test_who_joined_after_the_house_knew_her_waits_from_then_on():
    people = [a_customer(1, segment="loyal", joined_on=pd.Timestamp("2017-06-30"))]
    told = (1, "2017-05-14")
    assert keys(due("2017-12-30", told, people=people)) == ["silent-6-months-since-2017-06-30"]


def test_who_was_touched_lately_is_not_there_and_not_due():
    people = [a_customer(1, segment="loyal"), a_customer(2, segment="loyal")]
    assert due("2017-11-14", (2, "2017-05-14"), people=people)["customer_key"].tolist() == [2]


def test_who_was_erased_is_not_due():
    assert due("2017-11-14", (9, "2017-05-14"), people=[a_customer(1, segment="loyal")]).empty


@pytest.mark.parametrize(
    ("night", "months"),
    [("2018-02-28", 6), ("2018-08-31", 6), ("2018-03-01", 1), ("2020-02-29", 24)],
)
def test_nobody_who_can_be_due_is_left_out_of_what_is_read(night, months):
    last = date.fromisoformat(night)
    first = silent_from({"keep_in_touch": settings(after_months=months)}, last)
    later = pd.date_range(first, last).strftime("%Y-%m-%d")[1:]
    silences = list(enumerate(later, start=1))
    assert due(night, *silences, after_months=months, late_days=14).empty


def test_nothing_is_read_where_the_campaign_does_not_run():
    assert silent_from({}, date(2017, 11, 14)) is None


# ── Who ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("segment", Segment)
def test_only_who_is_loyal_is_due_unless_the_policy_chooses_others(segment):
    people, told = [a_customer(1, segment=str(segment))], (1, "2017-05-14")
    assert len(due("2017-11-14", told, people=people)) == (segment is Segment.LOYAL)
    chosen = {"segments": [segment]}
    assert len(due("2017-11-14", told, people=people, audience=chosen)) == 1


def test_the_policy_may_choose_by_tier():
    people = [a_customer(1, tier="gold", segment="lapsed"), a_customer(2, segment="loyal")]
    told = [(1, "2017-05-14"), (2, "2017-05-14")]
    found = due("2017-11-14", *told, people=people, audience={"tiers": ["gold"]})
    assert found["customer_key"].tolist() == [1]


# ── Once ────────────────────────────────────────────────────────────────────────────────────────
def outcome(night="2017-11-14", *, near=None, **told):
    her = a_customer(1, segment="loyal", **told)
    chosen = choices(campaigns={"keep_in_touch": settings()})
    shop = seen((1, "2017-05-14"), people=[her])
    known = ledger(customers(her), near=near)
    plan = plan_night(shop, known, chosen, night=date.fromisoformat(night))
    return len(plan.touches), plan.exclusions["reason"].tolist()


@pytest.mark.parametrize("arm", ["treated", "held_out"])
@pytest.mark.parametrize(
    ("night", "is_due"),
    [("2017-11-15", False), ("2017-12-14", False), ("2018-05-13", False), ("2018-05-14", True)],
)
def test_who_was_planned_and_not_touched_is_let_be_until_the_months_are_over_again(
    night, is_due, arm
):
    before = planned((1, "keep_in_touch", "silent-6-months-since-2017-05-14", arm))
    assert len(due(night, (1, "2017-05-14"), past=before)) == is_due


def test_what_was_planned_before_another_silence_does_not_matter():
    before = planned((1, "keep_in_touch", "silent-6-months-since-2016-11-14", "held_out"))
    assert len(due("2017-11-14", (1, "2017-05-14"), past=before)) == 1


@pytest.mark.parametrize("months", [1, 6, 24])
def test_what_was_planned_is_remembered_as_long_as_the_occasion_can_come_again(months):
    told = {"after_months": months, "spread_days": 28, "late_days": 14}
    first = pd.Timestamp("2017-01-31") + pd.DateOffset(months=months)
    name = f"silent-{months}-months-since-2017-01-31"
    before = planned((27, "keep_in_touch", name, "held_out")).assign(send_on=first)
    again = first + pd.DateOffset(months=months)
    around = again - pd.Timedelta(days=31), again + pd.Timedelta(days=60)
    found = walk(*around, (27, "2017-01-31"), past=before, **told)
    assert name not in {key for those in found.values() for key in keys(those)}
    assert any(len(those) for those in found.values())


def test_whom_another_touch_crowds_out_waits_while_her_days_last():
    assert outcome(near=recent((1, "2017-11-13"))) == (0, ["minimum_gap"])
    assert outcome("2017-11-17", near=recent((1, "2017-11-13"))) == (1, [])


def test_it_needs_her_consent():
    assert outcome(email_consent=False) == (0, ["no_consent"])
