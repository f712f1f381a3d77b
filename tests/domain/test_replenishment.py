"""Replenishment: what is said when something runs out, and when nothing is."""

from datetime import timedelta

import pandas as pd
import pytest

from care.domain.due import find_due
from tests.builders import NIGHT, a_customer, a_policy, a_rhythm, customers, tables
from tests.goods import a_product, products

TODAY = pd.Timestamp(NIGHT)


def days_ago(days):
    return TODAY - pd.Timedelta(days=days)


def due(*rhythms, **changed):
    settings = a_policy().campaigns["replenishment"].model_copy(update=changed)
    sold = products(a_product(70), a_product(71, name="Rose tea", name_zh="玫瑰茶"))
    looked_at = tables(customers(a_customer(1)), *rhythms, products=sold)
    return find_due(looked_at, {"replenishment": settings}, night=NIGHT)


def test_what_is_running_out_is_told_once_for_a_purchase():
    (found,) = due(a_rhythm()).to_dict("records")
    assert found["occasion_key"] == "replenish-7-2017-10-15"
    assert found["facts"] == '{"every_days":30}'


def test_the_likeliest_of_several_is_told():
    assert due(a_rhythm(type_key=7), a_rhythm(type_key=9, probability=0.6))[
        "type_key"
    ].tolist() == [9]


@pytest.mark.parametrize(("days", "told"), [(1, 0), (14, 0), (15, 1)])
def test_after_somebody_at_home_bought_it_she_is_let_be(days, told):
    bought = days_ago(days)
    assert len(due(a_rhythm(household_bought_on=bought), household_cool_down_days=14)) == told


def test_her_own_last_purchase_is_no_reason_to_let_her_be():
    bought = days_ago(8)
    row = a_rhythm(last_day=bought, household_bought_on=bought)
    assert len(due(row, household_cool_down_days=14)) == 1


@pytest.mark.parametrize(("away_from", "told"), [(TODAY, 0), (days_ago(-1), 1), (pd.NaT, 1)])
def test_nothing_is_said_while_the_household_is_away(away_from, told):
    assert len(due(a_rhythm(household_away_from=away_from))) == told


def test_what_stands_in_is_named_in_both_languages():
    (found,) = due(a_rhythm(instead_key=71))["facts"]
    assert found == '{"every_days":30,"instead_en":"Rose tea","instead_zh":"玫瑰茶"}'


def test_too_few_purchases_are_not_told_unless_the_shop_wishes():
    rare = a_rhythm(purchases=1, mean_interval=30.0)
    assert due(rare).empty
    assert len(due(rare, min_purchases=1)) == 1


def test_nothing_is_told_long_after_it_was_expected():
    late = TODAY - timedelta(days=5)
    assert due(a_rhythm(expected_day=late)).empty
