"""Who is new is welcomed: by one branch until she buys, by another once she has."""

from datetime import timedelta

import pandas as pd
import pytest

from care.domain.campaign import PAST
from care.domain.campaigns import CAMPAIGNS
from care.domain.due import find_due
from tests.builders import NIGHT, a_customer, a_policy, customers, frame, tables

STEPS = [
    {"name": "welcome", "after_days": 0},
    {"name": "first_steps", "after_days": 7},
    {"name": "open_door", "after_days": 28},
]
ORDERED = [{"name": "thanks", "after_days": 1}, {"name": "next_steps", "after_days": 14}]
OLD_HAND = a_customer(99, joined_on=pd.Timestamp("2010-05-01"), first_order_on="2017-01-02")
"""Her order is the first that the house knows of."""


def ago(days, night=NIGHT):
    return pd.Timestamp(night - timedelta(days=days))


def joined(days, customer_key=1, night=NIGHT):
    """Who joined so many days ago and has not bought anything."""
    return a_customer(customer_key, segment="prospect", joined_on=ago(days, night))


def ordered(days, customer_key=1, night=NIGHT, **told):
    """Who made her only order so many days ago, having joined on the same day unless told."""
    told = {"segment": "one_time", "joined_on": ago(days, night)} | told
    return a_customer(customer_key, first_order_on=ago(days, night), **told)


def due(*people, past=(), night=NIGHT, **changed):
    told = {
        "steps": STEPS,
        "first_order_steps": ORDERED,
        "late_days": 6,
        "priority": 1,
        "channels": ["email"],
    }
    settings = CAMPAIGNS["welcome"].settings.model_validate(told | changed)
    before = frame(PAST, *(dict(zip(PAST, row, strict=True)) for row in past))
    seen = tables(customers(*people, OLD_HAND), past=before)
    return find_due(seen, {"welcome": settings}, night=night)


def keys(*people, **told):
    return due(*people, **told)["occasion_key"].tolist()


def sent(entry, *steps, days_ago=20, customer_key=1):
    return [(customer_key, "welcome", f"{entry}-{step}", ago(days_ago)) for step in steps]


# ── Who has not bought yet ──────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("days", "is_due"), [(0, True), (6, True), (7, False), (2000, False)])
def test_she_is_welcomed_when_she_joins_and_not_long_after(days, is_due):
    day = (NIGHT - timedelta(days=days)).isoformat()
    assert keys(joined(days)) == [f"welcome-joined-{day}-welcome"] * is_due


def test_then_come_first_steps_and_one_last_letter():
    entry = f"welcome-joined-{ago(7):%Y-%m-%d}"
    past = sent(entry, "welcome", days_ago=7)
    assert keys(joined(7), past=past) == [f"{entry}-first_steps"]
    entry = f"welcome-joined-{ago(28):%Y-%m-%d}"
    past = sent(entry, "welcome", "first_steps")
    assert keys(joined(28), past=past) == [f"{entry}-open_door"]
    assert keys(joined(28), past=sent(entry, "welcome")) == []


def test_a_step_that_was_sent_is_the_same_occasion_on_every_later_night():
    entry = f"welcome-joined-{ago(3):%Y-%m-%d}"
    assert keys(joined(3), past=sent(entry, "welcome", days_ago=3)) == [f"{entry}-welcome"]


def test_of_whom_nothing_is_known_there_is_nothing_to_say():
    assert due(a_customer(1, segment="prospect")).empty


def test_a_browser_without_an_order_is_welcomed_like_anybody_who_joined():
    assert len(due(joined(0) | {"segment": "browser"})) == 1


# ── Who made her first order ────────────────────────────────────────────────────────────────────
def test_who_buys_leaves_the_first_branch_and_is_thanked_at_once():
    before = sent(f"welcome-joined-{ago(5):%Y-%m-%d}", "welcome", days_ago=5)
    her = ordered(1, joined_on=ago(5))
    assert keys(her, past=before) == [f"welcome-order-{ago(1):%Y-%m-%d}-thanks"]


def test_the_second_order_ends_it():
    entry = f"welcome-order-{ago(14):%Y-%m-%d}"
    past = sent(entry, "thanks", days_ago=13)
    assert keys(ordered(14), past=past) == [f"{entry}-next_steps"]
    assert keys(ordered(14, segment="repeat"), past=past) == []


def test_who_joined_only_after_her_first_order_is_met_on_the_day_she_joined():
    her = ordered(100, joined_on=ago(2))
    assert keys(her) == [f"welcome-order-{ago(2):%Y-%m-%d}-thanks"]


def test_who_joined_months_before_her_first_order_is_met_on_the_day_of_the_order():
    her = ordered(1, joined_on=ago(150))
    assert keys(her) == [f"welcome-order-{ago(1):%Y-%m-%d}-thanks"]


def test_who_joined_before_the_houses_first_order_is_no_newcomer_however_little_she_bought():
    assert due(ordered(1, joined_on=pd.Timestamp("2017-01-01"))).empty
    assert len(due(ordered(1, joined_on=pd.Timestamp("2017-01-02")))) == 1


@pytest.mark.parametrize(("unsure_days", "is_due"), [(315, True), (316, False)])
def test_without_a_day_of_joining_the_history_must_be_old_enough_to_tell(unsure_days, is_due):
    # the order of 2017-11-13 comes 315 days after the house's first one
    her = ordered(1, joined_on=pd.NaT)
    assert len(due(her, unsure_days=unsure_days)) == is_due


def test_a_shop_without_a_single_order_thanks_nobody():
    settings = a_policy().campaigns["welcome"]
    seen = tables(customers(joined(0)))
    found = find_due(seen, {"welcome": settings}, night=NIGHT)
    assert found["occasion_key"].tolist() == ["welcome-joined-2017-11-14-welcome"]


def test_a_day_that_is_corrected_begins_no_letters_anew():
    before = sent(f"welcome-joined-{ago(4):%Y-%m-%d}", "welcome", days_ago=4)
    assert due(joined(2), past=before).empty
    other = sent(f"welcome-joined-{ago(4):%Y-%m-%d}", "welcome", days_ago=4, customer_key=2)
    assert len(due(joined(2), past=other)) == 1


# ── All together ────────────────────────────────────────────────────────────────────────────────
def test_letters_know_their_step_and_how_long_they_are_worth_sending():
    (found,) = due(joined(3)).to_dict("records")
    assert CAMPAIGNS["welcome"].read_facts(found["facts"]) == {"step": "welcome"}
    assert (found["send_from"], found["send_until"]) == (pd.Timestamp(NIGHT), ago(-3))


def test_both_branches_meet_on_one_night():
    found = due(joined(0, 1), ordered(1, 2), ordered(400, 3, segment="lapsed"))
    assert found["customer_key"].tolist() == [1, 2]


@pytest.mark.slow
def test_no_step_comes_twice_and_the_whole_story_has_four_letters():
    """Lived night by night: she joins, hesitates for twenty days, buys, and buys no more."""
    past, story = [], []
    for n in range(60):
        night = NIGHT + timedelta(days=n)
        her = joined(n, night=night)
        if n > 20:
            her |= {
                "segment": "one_time",
                "first_order_on": pd.Timestamp(NIGHT) + pd.Timedelta("20D"),
            }
        done = {row[2] for row in past}
        fresh = [key for key in keys(her, past=past, night=night) if key not in done]
        past += [(1, "welcome", key, pd.Timestamp(night)) for key in fresh]
        story += [(n, key.rpartition("-")[2]) for key in fresh]
    assert story == [(0, "welcome"), (7, "first_steps"), (21, "thanks"), (34, "next_steps")]


@pytest.mark.parametrize("branch", ["steps", "first_order_steps"])
def test_steps_out_of_order_are_refused_in_either_branch(branch):
    with pytest.raises(ValueError, match=rf"{branch}: .* put the steps in order"):
        due(**{branch: [STEPS[1], STEPS[0]]})
