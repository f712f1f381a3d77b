"""How a customer buys, and whom a campaign addresses."""

from datetime import date, timedelta

import pandas as pd
import pytest

from care.domain.due import find_due
from care.domain.segment import SEGMENTED, Audience, SegmentRules, find_segments
from tests.builders import NIGHT, a_customer, a_policy, customers, tables

RULES = SegmentRules(window_days=365, loyal_orders=6, lapsed_after_days=180)


def history(*rows):
    """(days since the last order, orders, minor units) of customers 1, 2, …; none: never bought."""
    frame = pd.DataFrame(
        [
            (key, amount, orders, pd.Timestamp(NIGHT - timedelta(days=days)))
            for key, row in enumerate(rows, start=1)
            if row is not None
            for days, orders, amount in [row]
        ],
        columns=["customer_key", "amount_minor", "orders", "last_day"],
    )
    frame["first_day"] = frame["last_day"]
    days = dict.fromkeys(("first_day", "last_day"), "datetime64[s]")
    return frame.astype({"customer_key": "int64"} | days)


def found(*rows, lately=None, people=None, **rules):
    bought = history(*rows)
    who = (
        customers(*(a_customer(key) for key in range(1, len(rows) + 1)))
        if people is None
        else people
    )
    recent = bought if lately is None else history(*lately)
    return find_segments(who, bought, recent, RULES.model_copy(update=rules), night=NIGHT)


@pytest.mark.parametrize(
    ("row", "segment"),
    [
        (None, "prospect"),
        ((10, 1, 500), "one_time"),
        ((180, 1, 500), "one_time"),
        ((181, 1, 500), "lapsed"),
        ((10, 2, 500), "repeat"),
        ((10, 5, 500), "repeat"),
        ((10, 6, 500), "loyal"),
        ((181, 60, 500), "lapsed"),
    ],
)
def test_a_customer_is_what_her_orders_make_her(row, segment):
    assert found(row)["segment"].tolist() == [segment]


def test_it_is_known_when_she_bought_first_and_of_who_never_did_nothing():
    first = found((10, 1, 500), None)["first_order_on"]
    assert first.tolist() == [pd.Timestamp(NIGHT - timedelta(days=10)), pd.NaT]


def test_orders_before_the_window_make_nobody_loyal():
    assert found((10, 9, 500), lately=[(10, 5, 100)])["segment"].tolist() == ["repeat"]


def test_scores_are_fifths_of_those_who_ever_bought():
    rows = [(100 - n, n, 100 * n) for n in range(1, 11)]
    scored = found(*rows, None)
    fifths = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, pd.NA]
    for score in ("recency", "frequency", "monetary"):
        assert scored[score].tolist() == fifths


def test_equal_customers_have_equal_scores_whatever_their_number():
    scored = found(*[(5, 1, 100)] * 7)
    assert set(scored["monetary"]) == {1}
    mixed = found(*[(5, 1, 100)] * 7, *[(5, 1, 200)] * 3)
    assert mixed["monetary"].tolist() == [1] * 7 + [4] * 3


def test_who_bought_only_before_the_window_is_scored_as_having_bought_nothing_in_it():
    scored = found((400, 5, 900), (5, 1, 10), lately=[None, (5, 1, 10)])
    assert scored["monetary"].tolist() == [1, 3]
    assert scored["segment"].tolist() == ["lapsed", "one_time"]


def test_the_order_of_customers_does_not_matter():
    rows = [(100 - n, n % 4 + 1, 100 * n) for n in range(9)]
    people = customers(*(a_customer(key) for key in range(1, 10)))
    one = found(*rows)
    other = found(*rows, people=people.iloc[::-1].reset_index(drop=True))
    pd.testing.assert_frame_equal(one, other.sort_values("customer_key", ignore_index=True))


def test_an_empty_shop_has_the_same_columns():
    none = find_segments(customers(), history(), history(), RULES, night=NIGHT)
    assert {name: str(kind) for name, kind in none.dtypes.items()} == {
        "customer_key": "int64"
    } | dict(SEGMENTED)


@pytest.mark.parametrize(
    ("born", "plain"),
    [
        ((1957, 11, 14), True),  # sixty tonight
        ((1957, 11, 15), False),
        ((1956, 12, 31), True),
        ((1957, None, None), False),  # it may still be to come
        ((1956, None, None), True),
        ((None, 1, 1), False),
    ],
)
def test_a_plainer_letter_is_for_whoever_is_old_enough_for_certain(born, plain):
    year, month, day = born
    person = customers(a_customer(birth_year=year, birth_month=month, birth_day=day))
    assert found(None, people=person, plain_from_age=60)["plain_style"].tolist() == [plain]
    assert found(None, people=person)["plain_style"].tolist() == [False]


def test_a_lunar_birthday_counts_when_the_year_is_over():
    person = customers(
        a_customer(1, birth_year=1957, birth_calendar="lunar"),
        a_customer(2, birth_year=1956, birth_calendar="lunar"),
    )
    assert found(None, None, people=person, plain_from_age=60)["plain_style"].tolist() == [
        False,
        True,
    ]


def test_a_lunar_year_may_end_in_february():
    born = customers(a_customer(birth_year=1956, birth_calendar="lunar"))
    for night, plain in ((date(2017, 2, 28), False), (date(2017, 3, 1), True)):
        said = find_segments(
            born, history(), history(), RULES.model_copy(update={"plain_from_age": 60}), night=night
        )
        assert said["plain_style"].tolist() == [plain]


# ── Audience ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("audience", "due"),
    [
        ({}, [1, 2, 3]),
        ({"segments": ["loyal"]}, [2, 3]),
        ({"tiers": ["gold"]}, [1, 2]),
        ({"segments": ["loyal"], "tiers": ["gold"]}, [2]),
        ({"min_expected_spend": 20_000}, [1, 3]),  # she of whom nothing is known is not meant
    ],
)
def test_a_campaign_addresses_its_audience_alone(audience, due):
    birthday = {"birth_month": 11, "birth_day": 14}
    people = customers(
        a_customer(1, tier="gold", segment="repeat", **birthday),
        a_customer(2, tier="gold", segment="loyal", **birthday),
        a_customer(3, segment="loyal", **birthday),
        a_customer(4, tier="gold", segment="loyal"),
    )
    people["expected_spend"] = pd.array([20_000, None, 70_000, 90_000], dtype="Int64")
    settings = a_policy().campaigns["birthday"]
    chosen = settings.model_copy(update={"audience": Audience.model_validate(audience)})
    found_due = find_due(tables(people), {"birthday": chosen}, night=NIGHT)
    assert found_due["customer_key"].tolist() == due


def test_a_segment_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="prospect"):
        Audience.model_validate({"segments": ["whale"]})
