"""What orders earn, and what the letters about points say and when."""

from datetime import date

import pandas as pd
import pytest

from care.domain.campaign import Tables
from care.domain.campaigns import CAMPAIGNS
from care.domain.points import HELD, MOVES, PointsRules, earn, expire
from tests.builders import NIGHT, a_customer, customers, rhythms

RULES = PointsRules(start_on=date(2017, 11, 1), per_unit=2, percent={"gold": 150})


def orders(*rows):
    """(day, minor units, tier); each another order of customer 1."""
    return pd.DataFrame(
        {
            "customer_key": pd.Series([1] * len(rows), dtype="int64"),
            "order_id": pd.Series([f"o{place}" for place in range(len(rows))], dtype="str"),
            "day": pd.Series([pd.Timestamp(row[0]) for row in rows], dtype="datetime64[s]"),
            "amount_minor": pd.Series([row[1] for row in rows], dtype="int64"),
            "tier": pd.Series([row[2] for row in rows], dtype="str"),
        }
    )


def earned(*rows, night=NIGHT, minor_per_unit=100, **changed):
    rules = RULES.model_copy(update=changed)
    return earn(orders(*rows), rules, minor_per_unit=minor_per_unit, night=night)


@pytest.mark.parametrize(
    ("amount", "tier", "points"),
    [(1_000, "member", 20), (1_049, "member", 20), (1_050, "member", 21), (1_000, "gold", 30),
     (49, "member", 0), (50, "member", 1), (0, "gold", 0)],
)  # fmt: skip
def test_whole_points_are_earned_by_amount_and_tier(amount, tier, points):
    assert earned(("2017-11-13", amount, tier))["points"].sum() == points


def test_a_currency_without_cents_earns_by_its_own_unit():
    assert earned(("2017-11-13", 1_000, "member"), minor_per_unit=1)["points"].tolist() == [2_000]


def test_a_customer_of_no_tier_we_know_of_earns_the_plain_rate():
    assert earned(("2017-11-13", 1_000, None))["points"].tolist() == [20]


@pytest.mark.parametrize(("day", "moves"), [("2017-10-31", 0), ("2017-11-01", 1)])
def test_orders_before_the_beginning_earn_nothing(day, moves):
    assert len(earned((day, 1_000, "member"))) == moves


@pytest.mark.parametrize(("day", "moves"), [("2017-11-06", 1), ("2017-11-07", 0)])
def test_an_order_waits_for_its_delay(day, moves):
    assert len(earned((day, 1_000, "member"), delay_days=7)) == moves


def test_a_refund_before_the_delay_is_over_earns_nothing():
    assert earned(("2017-11-02", 0, "member"), delay_days=7).empty


@pytest.mark.parametrize(
    ("day", "months", "until"),
    [
        ("2017-11-13", 12, "2018-11-30"),
        ("2017-11-30", 3, "2018-02-28"),
        ("2017-12-01", 1, "2018-01-31"),
    ],
)
def test_points_last_to_the_end_of_their_last_month(day, months, until):
    found = earned((day, 1_000, "member"), night=date(2018, 1, 1), expire_after_months=months)
    assert found["expires_on"].tolist() == [pd.Timestamp(until)]


def test_without_an_end_points_last_for_ever():
    assert earned(("2017-11-13", 1_000, "member"))["expires_on"].isna().all()


def test_moves_have_their_columns_even_if_there_are_none():
    nothing = pd.DataFrame({"customer_key": [], "points": []}).astype("int64")
    for moves in (earned(), expire(nothing, night=NIGHT)):
        assert moves.empty
        assert {name: str(kind) for name, kind in moves.dtypes.items()} == dict(MOVES)


# ── Letters ─────────────────────────────────────────────────────────────────────────────────────


def due(name, *held, night=NIGHT, **chosen):
    """(points, expiring, expires on) of customers 1, 2, …; what the campaign finds."""
    people = customers(
        *(
            a_customer(key, **dict(zip(HELD, (points, some, pd.Timestamp(on)), strict=True)))
            for key, (points, some, on) in enumerate(held, start=1)
        )
    )
    campaign = CAMPAIGNS[name]
    settings = campaign.settings(priority=1, channels=["email"], **chosen)
    return campaign.candidates(Tables(people, rhythms()), settings, night=night)


def facts_of(name, found):
    return [CAMPAIGNS[name].read_facts(told) for told in found["facts"]]


@pytest.mark.parametrize(
    ("night", "every", "key"),
    [
        (date(2017, 11, 1), "month", "points-statement-2017-11"),
        (date(2017, 11, 4), "month", "points-statement-2017-11"),
        (date(2017, 11, 5), "month", None),
        (date(2017, 10, 31), "month", None),
        (date(2017, 10, 2), "quarter", "points-statement-2017-q4"),
        (date(2017, 11, 2), "quarter", None),
        (date(2018, 1, 1), "quarter", "points-statement-2018-q1"),
    ],
)
def test_a_statement_comes_on_its_day_of_month_or_quarter(night, every, key):
    found = due("points_statement", (120, 0, None), night=night, every=every)
    assert found["occasion_key"].tolist() == ([key] if key else [])


def test_a_statement_may_run_over_into_the_next_month():
    found = due(
        "points_statement",
        (1, 0, None),
        night=date(2017, 12, 2),
        every="month",
        day=28,
        late_days=5,
    )
    assert found["occasion_key"].tolist() == ["points-statement-2017-11"]
    assert found["send_until"].tolist() == [pd.Timestamp("2017-12-03")]


def test_a_statement_goes_to_those_who_have_enough_and_says_what_expires_first():
    found = due(
        "points_statement",
        (120, 20, "2018-01-31"), (9, 0, None), (None, None, None), (10, 0, None),
        night=date(2017, 11, 1), every="month", min_points=10,
    )  # fmt: skip
    assert found["customer_key"].tolist() == [1, 4]
    assert facts_of("points_statement", found) == [
        {"points": 120, "expiring": 20, "expires_on": date(2018, 1, 31)},
        {"points": 10, "expiring": 0},
    ]


@pytest.mark.parametrize(
    ("until", "found"),
    [("2017-12-05", 1), ("2017-12-06", 0), ("2017-11-28", 1), ("2017-11-27", 0)],
)
def test_expiry_is_told_ahead_for_some_days_and_never_late(until, found):
    assert len(due("points_expiry", (90, 90, until), lead_days=21, late_days=7)) == found


def test_expiry_is_told_up_to_the_last_day_of_use():
    found = due("points_expiry", (90, 40, "2017-11-14"), lead_days=1, late_days=30)
    assert found["occasion_key"].tolist() == ["points-expire-2017-11-14"]
    assert found["send_until"].tolist() == [pd.Timestamp("2017-11-14")]
    assert facts_of("points_expiry", found) == [
        {"points": 90, "expiring": 40, "expires_on": date(2017, 11, 14)}
    ]
    assert due("points_expiry", (90, 40, "2017-11-13"), lead_days=1, late_days=30).empty


def test_few_points_that_expire_are_not_worth_a_letter():
    assert due("points_expiry", (90, 9, "2017-12-05"), min_points=10).empty


def test_a_shop_without_points_writes_nothing_about_them():
    for name in ("points_statement", "points_expiry"):
        assert due(name, (None, None, None), night=date(2018, 1, 1)).empty
