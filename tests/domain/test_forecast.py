"""The coming nights: which nights stand for them, and what one night leaves for the next."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from care.domain.forecast import again, ledger_after, nights_to_repeat, parts_of, tables_after
from tests.builders import NIGHT, a_customer, a_policy, customers, ledger, plan_night, tables

DAY = timedelta(days=1)
BIRTHDAY = {"birth_month": 11, "birth_day": 14}


def nights(first, count):
    return [first + DAY * number for number in range(count)]


@pytest.mark.parametrize(
    ("planned", "stand_for"),
    [
        ([NIGHT], [NIGHT]),
        (nights(NIGHT, 3), nights(NIGHT + DAY, 2)),
        (nights(NIGHT, 8), nights(NIGHT + DAY, 7)),
        (nights(NIGHT, 20), nights(NIGHT + 6 * DAY, 14)),
        (nights(NIGHT, 300), nights(NIGHT + 272 * DAY, 28)),
    ],
    ids=["one", "the first is like no other", "a week", "whole weeks", "four weeks at most"],
)
def test_the_last_nights_stand_for_the_coming_ones(planned, stand_for):
    assert nights_to_repeat(planned) == stand_for


def test_a_night_that_was_left_out_ends_the_row():
    planned = nights(NIGHT, 10) + nights(NIGHT + 12 * DAY, 3)
    assert nights_to_repeat(planned) == nights(NIGHT + 12 * DAY, 3)


# ── What comes again ────────────────────────────────────────────────────────────────────────────


def came(*rows):
    names = ["customer_key", "campaign", "occasion_key", "send_on", "send_until"]
    frame = pd.DataFrame(list(rows), columns=names)
    return frame.assign(
        night=pd.Timestamp(NIGHT).as_unit("s"),
        send_on=pd.to_datetime(frame["send_on"]).astype("datetime64[s]"),
        send_until=pd.to_datetime(frame["send_until"]).astype("datetime64[s]"),
        type_key=pd.NA,
        product_key=pd.NA,
    )


LOYAL = {"segment": "loyal", "tier": "gold"}
PEOPLE = customers(
    a_customer(1, **LOYAL), a_customer(2), a_customer(3, **LOYAL), a_customer(4, **LOYAL)
)


def test_it_comes_again_with_somebody_like_her_on_its_own_days():
    before = came((1, "win_back", "gone-1", "2017-11-15", "2017-11-20"))
    found = again(before, PEOPLE, night=NIGHT + 7 * DAY, time=1)
    assert found["customer_key"].tolist() == [3]
    assert found["send_from"].tolist() == [pd.Timestamp("2017-11-22")]
    assert found["send_until"].tolist() == [pd.Timestamp("2017-11-27")]
    assert found["campaign"].tolist() == ["win_back"]


def test_each_time_it_is_anothers_turn_and_another_occasion():
    before = came((4, "win_back", "gone-1", None, None))
    twice = [again(before, PEOPLE, night=NIGHT + time * DAY, time=time) for time in (1, 2, 3)]
    assert [int(found["customer_key"].iloc[0]) for found in twice] == [1, 3, 4]
    assert len({found["occasion_key"].iloc[0] for found in twice}) == 3


def test_of_who_was_not_touched_the_night_alone_is_known():
    found = again(came((1, "win_back", "x", None, None)), PEOPLE, night=NIGHT + DAY, time=1)
    assert (
        found["send_from"].tolist() == found["send_until"].tolist() == [pd.Timestamp(NIGHT + DAY)]
    )


def test_who_has_left_the_shop_stands_for_nobody():
    assert again(came((9, "win_back", "x", None, None)), PEOPLE, night=NIGHT, time=1).empty


# ── What one night leaves for the next ──────────────────────────────────────────────────────────


def touched_on(night, *people, **ledger_says):
    everybody = customers(*people)
    return plan_night(
        tables(everybody), ledger(everybody, **ledger_says), a_policy().decisions(), night=night
    ).touches.assign(night=pd.Timestamp(night).as_unit("s"))


def after(touches, night=NIGHT + DAY, gifts_left=None, money_left=None):
    before = replace(ledger(PEOPLE, gifts_left=gifts_left), money_left=money_left)
    return ledger_after(before, touches, night=night)


GOLD = {"tier": "gold"}
STOCK = {"rose_tea": 5, "flower_bouquet": 5, "coffee_voucher": 5, "tote_bag": 5, "bakery_treat": 5}


def test_pieces_and_money_of_the_month_are_fewer_by_what_was_given():
    touches = touched_on(NIGHT, a_customer(1, **BIRTHDAY, **GOLD), gifts_left=STOCK)
    (gift,), cost = touches["gift_id"], int(touches["gift_cost"].sum())
    assert cost > 0
    left = after(touches, gifts_left=STOCK, money_left=10_000)
    assert left.gifts_left == STOCK | {gift: 4}
    assert left.money_left == 10_000 - cost
    assert left.last_gifts.to_numpy().tolist() == [[1, gift]]


def test_a_new_month_has_its_money_whole():
    touches = touched_on(NIGHT, a_customer(1, **BIRTHDAY, **GOLD), gifts_left=STOCK)
    assert after(touches, night=date(2017, 12, 1), money_left=10_000).money_left == 10_000


def test_what_was_planned_counts_towards_caps_and_is_not_planned_again():
    touches = touched_on(NIGHT, a_customer(1, **BIRTHDAY))
    left = after(touches)
    assert left.recent["customer_key"].tolist() == [1]
    assert left.permissions.planned["occasion_key"].tolist() == ["birthday-2017"]
    told = tables_after(tables(PEOPLE), touches)
    assert told.past["occasion_key"].tolist() == ["birthday-2017"]


def test_a_touch_ends_the_silence_and_one_that_was_held_out_does_not():
    silent = pd.DataFrame({"customer_key": [1, 2], "since": pd.Timestamp("2017-01-01")})
    touches = touched_on(NIGHT, a_customer(1, **BIRTHDAY), a_customer(2, **BIRTHDAY))
    touches.loc[touches["customer_key"] == 2, "arm"] = "held_out"
    told = tables_after(replace(tables(PEOPLE), out_of_touch=silent), touches)
    assert told.out_of_touch["customer_key"].tolist() == [2]


def test_nothing_planned_leaves_everything_as_it_was():
    before = ledger(PEOPLE)
    assert ledger_after(before, pd.DataFrame(), night=NIGHT) is before


# ── Parts of short messages ─────────────────────────────────────────────────────────────────────


def test_parts_are_those_of_the_campaigns_messages_so_far_or_of_all():
    parts = pd.DataFrame(
        {"campaign": ["birthday", "festival"], "messages": [4, 6], "parts": [8, 6]}
    )
    touches = pd.DataFrame(
        {
            "campaign": ["birthday", "birthday", "win_back"],
            "channel": ["sms", "email", "sms"],
        }
    )
    assert parts_of(touches, parts).tolist() == [2.0, 0.0, 1.4]


def test_where_no_short_message_was_ever_written_their_parts_are_not_known():
    nothing = pd.DataFrame({"campaign": [], "messages": [], "parts": []})
    touches = pd.DataFrame({"campaign": ["birthday"] * 2, "channel": ["sms", "email"]})
    assert parts_of(touches, nothing).isna().tolist() == [True, False]
