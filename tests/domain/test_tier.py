"""Tiers over time: the edges of windows and grace, and the same answer as night by night."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.domain.standing import find_standings, memory_days, no_standings
from care.domain.tier import CarePlan, Tier

NIGHT = date(2017, 11, 14)
WINDOW, GRACE = 100, 30
TIERS = (
    Tier(name="member", label={}, min_spend=0),
    Tier(name="silver", label={}, min_spend=1_000),
    Tier(name="gold", label={}, min_spend=5_000, min_orders=2),
    Tier(name="diamond", label={}, min_spend=20_000, min_orders=2),
)


def ago(days, night=NIGHT):
    return pd.Timestamp(night - timedelta(days=days))


def purchases(*rows, night=NIGHT):
    """(days before the night, minor units, orders, customer), the last two 1 unless told."""
    full = [(*row, *(1, 1)[len(row) - 2 :]) for row in rows]
    return pd.DataFrame(
        {
            "customer_key": pd.Series([row[3] for row in full], dtype="int64"),
            "day": pd.Series([ago(row[0], night) for row in full], dtype="datetime64[s]"),
            "amount_minor": pd.Series([row[1] for row in full], dtype="int64"),
            "orders": pd.Series([row[2] for row in full], dtype="int64"),
        }
    )


def standings(bought, *, night=NIGHT, grace=GRACE):
    return find_standings(bought, TIERS, night=night, window_days=WINDOW, grace_days=grace)


def standing(*rows, night=NIGHT, grace=GRACE):
    """Of one customer, with her purchases told from the first night, whatever the night."""
    bought = purchases(*rows)
    bought = bought[bought["day"] < pd.Timestamp(night)]
    return standings(bought, night=night, grace=grace).iloc[0]


def later(days):
    return NIGHT + timedelta(days=days)


@pytest.mark.parametrize(
    ("bought", "tier"),
    [
        ([(1, 999)], "member"),
        ([(1, 1_000)], "silver"),
        ([(1, 600), (2, 400)], "silver"),
        ([(1, 5_000)], "silver"),  # enough money, one order short
        ([(1, 5_000, 2)], "gold"),
        ([(1, 4_999, 9)], "silver"),
        ([(1, 10, 9)], "member"),  # orders alone are not enough
    ],
)
def test_a_tier_is_met_exactly_on_its_edge_and_not_before(bought, tier):
    assert standing(*bought)["tier"] == tier


def test_the_window_holds_its_days_and_not_one_more():
    assert standing((WINDOW, 1_000), grace=0)["tier"] == "silver"
    assert standing((WINDOW + 1, 1_000), grace=0)["tier"] == "member"


def test_spend_that_falls_out_of_the_window_tomorrow_still_counts_tonight():
    bought = (WINDOW, 1_000)
    tonight = standing(bought)
    assert tonight["tier"] == "silver"
    assert pd.isna(tonight["tier_until"])
    tomorrow = standing(bought, night=later(1))
    assert tomorrow["tier"] == "silver"
    assert tomorrow["tier_unmet_from"] == pd.Timestamp(later(1))
    assert tomorrow["tier_until"] == pd.Timestamp(later(GRACE))
    assert (tomorrow["tier_lacks_spend"], tomorrow["tier_lacks_orders"]) == (1_000, 0)


def test_grace_ends_tonight_and_the_tier_with_it_tomorrow():
    bought = (WINDOW + GRACE, 1_000)
    tonight = standing(bought)
    assert tonight["tier"] == "silver"
    assert tonight["tier_until"] == pd.Timestamp(NIGHT)
    assert standing(bought, night=later(1))["tier"] == "member"


def test_a_purchase_on_the_last_day_of_grace_renews_the_tier():
    bought = [(WINDOW + GRACE, 1_000), (0, 1_000)]
    tomorrow = standing(*bought, night=later(1))
    assert tomorrow["tier"] == "silver"
    assert tomorrow["tier_renewed_on"] == pd.Timestamp(NIGHT)
    assert tomorrow["tier_was_until"] == pd.Timestamp(NIGHT)
    assert pd.isna(tomorrow["tier_until"])
    assert pd.isna(tomorrow["tier_reached_on"])


def test_a_purchase_the_day_after_grace_reaches_the_tier_anew():
    bought = [(WINDOW + GRACE, 1_000), (-1, 1_000)]
    after = standing(*bought, night=later(2))
    assert after["tier"] == "silver"
    assert after["tier_reached_on"] == pd.Timestamp(later(1))
    assert pd.isna(after["tier_renewed_on"])


def test_after_grace_a_tier_goes_down_one_step_at_a_time():
    bought = (WINDOW, 20_000, 2)
    seen = [standing(bought, night=later(n))["tier"] for n in (0, 30, 31, 60, 61, 90, 91)]
    assert seen == ["diamond", "diamond", "gold", "gold", "silver", "silver", "member"]


def test_a_lower_tier_that_is_met_meanwhile_has_a_grace_of_its_own():
    bought = [(WINDOW, 4_000), (WINDOW, 1_000), (50, 1_000)]  # gold, with a silver half
    assert standing(*bought, night=later(31))["tier"] == "silver"
    in_window = standing(*bought, night=later(50))
    assert (in_window["tier"], pd.isna(in_window["tier_until"])) == ("silver", True)
    assert standing(*bought, night=later(80))["tier"] == "silver"
    assert standing(*bought, night=later(81))["tier"] == "member"


def test_two_tiers_risen_in_one_order_are_one_rise_to_the_higher():
    found = standing((40, 10), (3, 6_000))
    assert found["tier"] == "gold"
    assert found["tier_reached_on"] == ago(3)


def test_of_two_rises_the_last_one_is_the_news():
    assert standing((4, 1_000), (2, 4_000))["tier_reached_on"] == ago(2)


def test_old_news_is_none():
    assert standing((14, 1_000))["tier_reached_on"] == ago(14)
    assert pd.isna(standing((15, 1_000))["tier_reached_on"])


def test_buying_more_within_a_tier_is_no_news():
    found = standing((40, 1_000), (2, 3_000))
    assert pd.isna(found["tier_reached_on"])
    assert pd.isna(found["tier_renewed_on"])


def test_a_refund_leaves_her_as_if_the_order_had_never_been():
    bought = purchases((40, 900), (2, 4_500), (5, 0))
    assert standings(bought)["tier"].tolist() == ["gold"]
    returned = bought.assign(amount_minor=[900, 0, 0])
    refunded = standings(returned).iloc[0]
    assert refunded["tier"] == "member"
    assert pd.isna(refunded["tier_reached_on"])
    assert pd.isna(refunded["tier_until"])


def test_without_grace_a_tier_is_what_is_met():
    assert standing((WINDOW + 1, 20_000, 2), grace=0)["tier"] == "member"


def test_what_is_lacking_is_enough_whenever_in_grace_she_buys_it():
    bought = [(WINDOW + 1, 4_000), (WINDOW + 1, 10), (WINDOW - 1, 900), (20, 600)]
    tonight = standing(*bought)
    assert tonight["tier"] == "gold"
    # what was bought 99 days ago will have left the window by the end of the grace
    assert (tonight["tier_lacks_spend"], tonight["tier_lacks_orders"]) == (4_400, 1)
    for day in (0, 10, GRACE - 1):
        kept = standing(*bought, (-day, 4_400), night=later(GRACE))
        assert kept["tier"] == "gold"
        assert pd.isna(kept["tier_until"])
    short = standing(*bought, (1 - GRACE, 4_399), night=later(GRACE))
    assert short["tier"] == "silver"


def test_who_bought_nothing_has_everybodys_tier():
    found = no_standings(pd.Series([7, 9]), TIERS)
    assert found["tier"].tolist() == ["member", "member"]
    assert list(found.columns) == list(standings(purchases()).columns)
    assert found.dtypes.to_dict() == standings(purchases((1, 1))).dtypes.to_dict()


def test_a_care_plans_month_cannot_be_less_than_its_week():
    with pytest.raises(ValueError, match="a week is in it"):
        CarePlan(touches_per_week=3, touches_per_month=2)


# ── The same as night by night ──────────────────────────────────────────────────────────────────


def night_by_night(bought, *, night, grace):
    """Tier of each night since the beginning, by keeping for each step until when it is kept."""
    by_day = {day: (spend, orders) for day, spend, orders in bought}
    kept_until = dict.fromkeys(range(1, len(TIERS)), -(10**6))
    found = {}
    for n in range(-400, night + 1):
        inside = [by_day[day] for day in range(n - WINDOW, n) if day in by_day]
        spend, orders = sum(s for s, _ in inside), sum(o for _, o in inside)
        met = max(
            step
            for step, tier in enumerate(TIERS)
            if spend >= tier.min_spend and orders >= tier.min_orders
        )
        for step in range(1, met + 1):
            kept_until[step] = n + grace
        for step in range(len(TIERS) - 1, 1, -1):  # falling from one is having the one below
            if kept_until[step] >= n - 10**5 and grace:
                kept_until[step - 1] = max(kept_until[step - 1], kept_until[step] + grace)
        found[n] = max([0, *(step for step, until in kept_until.items() if until >= n)])
    return found


@given(
    bought=st.lists(
        st.tuples(
            st.integers(-300, -1),
            st.sampled_from([1, 500, 1_000, 4_000, 6_000, 20_000]),
            st.integers(1, 2),
        ),
        max_size=8,
        unique_by=lambda row: row[0],
    ),
    grace=st.sampled_from([0, 1, 7, 30]),
)
def test_the_tier_is_what_living_through_every_night_would_give(bought, grace):
    lived = night_by_night(bought, night=0, grace=grace)
    rows = purchases(*((-day, spend, orders) for day, spend, orders in bought))
    found = standings(rows, grace=grace)
    if not bought:
        assert found.empty
        return
    tonight = found.iloc[0]
    names = [tier.name for tier in TIERS]
    assert tonight["tier"] == names[lived[0]]
    rises = [n for n in range(-13, 1) if lived[n] > lived[n - 1]]
    told = tonight["tier_reached_on"]
    if rises and lived[rises[-1]] == lived[0]:
        assert told == ago(1 - rises[-1])
    else:
        assert pd.isna(told)


@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 300), st.sampled_from([1, 1_000, 6_000]), st.just(1), st.integers(1, 5)
        ),
        min_size=1,
        max_size=25,
        unique_by=lambda row: (row[0], row[3]),
    )
)
def test_each_customer_stands_where_she_would_alone_and_memory_is_long_enough(rows):
    together = standings(purchases(*rows))
    alone = pd.concat(
        [standings(purchases(*(row for row in rows if row[3] == key))) for key in range(1, 6)],
        ignore_index=True,
    )
    pd.testing.assert_frame_equal(together, alone.astype(together.dtypes))
    memory = memory_days(TIERS, window_days=WINDOW, grace_days=GRACE)
    remembered = purchases(*(row for row in rows if row[0] <= memory))
    forgotten = set(together["customer_key"]) - set(remembered["customer_key"])
    expected = together[~together["customer_key"].isin(forgotten)].reset_index(drop=True)
    pd.testing.assert_frame_equal(standings(remembered), expected)
