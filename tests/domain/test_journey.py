"""Journeys: steps in order, each once, for as long as what began them lasts."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from care.domain.campaign import PAST, Campaign
from care.domain.candidate import candidates
from care.domain.channel import Channel
from care.domain.journey import JourneySettings, due_steps
from tests.builders import a_customer, customers, frame, tables

BEGAN = date(2017, 11, 1)
STEPS = [
    {"name": "first", "after_days": 0},
    {"name": "second", "after_days": 10},
    {"name": "third", "after_days": 20},
]


def settings(**changed):
    told = {"priority": 1, "channels": [Channel.EMAIL], "steps": STEPS, "late_days": 3}
    return JourneySettings.model_validate(told | changed)


def entries(*rows):
    columns = {"customer_key": "int64", "entry": "str", "entered_on": "datetime64[s]"}
    return frame(columns, *(dict(zip(columns, row, strict=True)) for row in rows))


def past(*rows):
    return frame(PAST, *(dict(zip(PAST, row, strict=True)) for row in rows))


def due(night, entered, touched, **changed):
    return due_steps(
        entered,
        touched,
        settings(**changed),
        night=np.datetime64(night, "D"),
    )


def walk(entered_on=BEGAN, *, nights=60, leaves=None, missing=(), **changed):
    """Live through the nights; every due step is planned, but for those on `missing` nights."""
    touched, made = [], []
    for n in range(-2, nights):
        night = entered_on + timedelta(days=n)
        present = leaves is None or n < leaves
        entered = entries((1, "away-7", entered_on)) if present else entries()
        found = due(night, entered, past(*touched), **changed)
        fresh = [key for key in found["occasion_key"] if key not in {row[2] for row in touched}]
        if n not in missing:
            touched += [(1, "journey", key, night) for key in fresh]
            made += [(n, key) for key in fresh]
    return made


def test_each_step_comes_once_on_its_day():
    assert walk() == [(0, "away-7-first"), (10, "away-7-second"), (20, "away-7-third")]


def test_who_leaves_the_condition_leaves_the_journey():
    assert walk(leaves=12) == [(0, "away-7-first"), (10, "away-7-second")]


def test_a_step_that_could_not_go_on_its_day_may_come_a_little_late():
    assert walk(missing=(10, 11)) == [
        (0, "away-7-first"),
        (12, "away-7-second"),
        (20, "away-7-third"),
    ]


def test_who_missed_a_step_altogether_gets_none_of_those_after_it():
    assert walk(missing=range(10, 14)) == [(0, "away-7-first")]
    assert walk(missing=range(4)) == []


def test_a_step_tells_how_long_it_is_worth_sending():
    (step,) = due(BEGAN, entries((1, "away-7", BEGAN)), past()).to_dict("records")
    assert step["send_from"] == pd.Timestamp(BEGAN)
    assert step["send_until"] == pd.Timestamp(BEGAN + timedelta(days=3))


@pytest.mark.parametrize(("days_ago", "admitted"), [(29, False), (30, True)])
def test_who_was_on_the_journey_not_long_ago_does_not_enter_again(days_ago, admitted):
    before = past((1, "journey", "away-3-first", BEGAN - timedelta(days=days_ago)))
    found = due(BEGAN, entries((1, "away-7", BEGAN)), before, cool_down_days=30)
    assert found["occasion_key"].tolist() == (["away-7-first"] if admitted else [])


def test_another_customer_does_not_keep_her_from_entering():
    before = past((2, "journey", "away-3-first", BEGAN))
    assert len(due(BEGAN, entries((1, "away-7", BEGAN)), before)) == 1


@pytest.mark.parametrize(
    ("campaign", "days_ago", "seen"),
    [("win_back", 423, 1), ("win_back", 424, 0), ("rhythm_break", 10, 0)],
)
def test_a_rule_sees_its_own_touches_as_far_back_as_its_settings_remember(campaign, days_ago, seen):
    told = []

    def rule(tables, _settings, *, night):
        told.append((tables.past, night))
        return candidates({"customer_key": []})

    before = past((1, campaign, "away-7-first", BEGAN - timedelta(days=days_ago)))
    remembers = settings(cool_down_days=400)  # and 20 to the last step, 3 on which it may be late
    journey = Campaign("win_back", JourneySettings, rule, str)
    journey.candidates(tables(customers(a_customer(1)), past=before), remembers, night=BEGAN)
    assert [(len(seen_past), night) for seen_past, night in told] == [(seen, BEGAN)]


def test_an_entry_whose_name_begins_like_another_is_another():
    # away-7 is no part of away-71, which began the journey last week
    before = past((1, "journey", "away-71-first", BEGAN - timedelta(days=7)))
    assert due(BEGAN, entries((1, "away-7", BEGAN)), before).empty


def test_what_the_entries_carry_is_kept():
    entered = entries((1, "a", BEGAN), (2, "b", BEGAN - timedelta(days=40)), (3, "c", BEGAN))
    found = due(BEGAN, entered.assign(product_key=[10, 20, 30]), past())
    assert found[["customer_key", "product_key"]].to_numpy().tolist() == [[1, 10], [3, 30]]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([STEPS[1], STEPS[0]], "put the steps in order"),
        ([STEPS[0], STEPS[1] | {"name": "first"}], "a name of its own"),
        ([], "at least 1"),
    ],
)
def test_steps_that_make_no_sense_are_refused(steps, told):
    with pytest.raises(ValidationError, match=told):
        settings(steps=steps)


def test_an_entry_whose_name_is_continued_by_another_is_another():
    # order o-1-2 was followed last week: that keeps o-1 from being followed, as any other would
    before = past((1, "journey", "o-1-2-first", BEGAN - timedelta(days=7)))
    assert due(BEGAN, entries((1, "o-1", BEGAN)), before).empty
