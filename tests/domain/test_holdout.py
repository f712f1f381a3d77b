"""The control arm: who is in it, for how long, and whether chance explains it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from care.domain.holdout import Holdout, Period, control_scope, drawn_since, lopsided

SPRING, LATER = date(2018, 3, 31), date(2018, 4, 1)


def scope(people=4000, *, night=SPRING, campaign="birthday", kind="marketing", exempt=(), **told):
    rows = pd.DataFrame(
        {"customer_key": np.arange(people), "campaign": campaign, "message_class": kind}
    )
    holdout = Holdout(**{"share": 0.1, "salt": "s"} | told)
    return control_scope(rows, holdout, pd.Index(list(exempt), dtype="int64"), night=night)


def test_a_campaigns_arm_has_its_share_and_stays_the_same_within_a_period():
    one, next_day = scope(period="quarter", night=date(2018, 1, 1)), scope(period="quarter")
    assert one.equals(next_day)
    assert 300 < (one == "campaign").sum() < 500
    assert set(one) == {"", "campaign"}


@pytest.mark.parametrize(
    ("period", "changes"), [("month", True), ("quarter", True), ("year", False), (None, False)]
)
def test_a_new_period_draws_other_arms(period, changes):
    before, after = scope(period=period), scope(period=period, night=LATER)
    assert before.equals(after) is not changes


def test_arms_of_two_campaigns_are_drawn_apart():
    both = (scope() != "") & (scope(campaign="welcome") != "")
    assert 15 < both.sum() < 75  # as independent draws would have it: 40


def test_who_is_held_out_of_everything_is_so_in_every_campaign():
    one = scope(share_of_all=0.05) == "everything"
    other = scope(share_of_all=0.05, campaign="welcome") == "everything"
    assert 130 < one.sum() < 270
    assert one.equals(other)


def test_service_and_named_customers_are_in_no_arm():
    assert not scope(kind="service", share_of_all=0.2).any()
    held = scope(share_of_all=0.2)
    named = held.index[held != ""][:10]
    freed = scope(share_of_all=0.2, exempt=named)
    assert not freed[named].any()
    assert freed.drop(named).equals(held.drop(named))


@pytest.mark.parametrize(
    ("held_out", "drawn", "told"),
    [(50, 1000, False), (38, 1000, False), (90, 1000, True), (15, 1000, True)],
)
def test_a_ratio_that_chance_hardly_brings_is_told(held_out, drawn, told):
    arms = pd.DataFrame({"campaign": ["birthday"], "held_out": [held_out], "drawn": [drawn]})
    assert [one["expected"] for one in lopsided(arms, 0.05)] == ([drawn * 0.05] if told else [])


@pytest.mark.parametrize(
    ("period", "first"),
    [("month", (2018, 3, 1)), ("quarter", (2018, 1, 1)), ("year", (2018, 1, 1)), (None, (1, 1, 1))],
)
def test_a_period_begins_on_its_first_day(period, first):
    assert drawn_since(None if period is None else Period(period), SPRING) == date(*first)
