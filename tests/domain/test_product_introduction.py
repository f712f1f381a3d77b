"""Who is told of something new: few, the keenest, once, and not of one thing after another."""

from datetime import timedelta

import pandas as pd
import pytest

from care.domain.campaign import PAST
from care.domain.due import find_due
from care.domain.interest import INTERESTS, MOST_PRODUCTS, new_products
from tests.builders import NIGHT, a_customer, a_policy, customers, frame
from tests.goods import a_product, owned, products, tables_of

PEOPLE = customers(*(a_customer(key) for key in range(1, 9)))
NEW = a_product(70, introduced_on="2017-11-10")


def wants(customer_key, type_days=3, category_days=None, product_key=70):
    days = type_days if category_days is None else category_days
    return {
        "customer_key": customer_key,
        "product_key": product_key,
        "type_days": type_days,
        "category_days": days,
    }


def told_of(customer_key, product_key=70, days_ago=1):
    return {
        "customer_key": customer_key,
        "campaign": "product_introduction",
        "occasion_key": f"introduce-{product_key}",
        "send_on": pd.Timestamp(NIGHT) - pd.Timedelta(days=days_ago),
    }


def due(*keen, sold=(NEW,), past=(), night=NIGHT, **changed):
    chosen = a_policy().campaigns["product_introduction"].model_copy(update=changed)
    tables = tables_of(
        PEOPLE,
        products(*sold),
        owned(),
        interests=frame(INTERESTS.dtypes, *keen),
        past=frame(PAST, *past),
    )
    return find_due(tables, {"product_introduction": chosen}, night=night)


def who(*keen, **changed):
    return due(*keen, **changed)["customer_key"].tolist()


def test_she_is_told_which_product_and_until_when_it_is_worth_it():
    (found,) = due(wants(1)).to_dict("records")
    assert (found["occasion_key"], found["product_key"]) == ("introduce-70", 70)
    assert found["occasion_on"] == pd.Timestamp("2017-11-10")
    assert (found["send_from"], found["send_until"]) == (
        pd.Timestamp("2017-11-14"),
        pd.Timestamp("2017-11-21"),
    )


@pytest.mark.parametrize(
    ("told", "is_new"),
    [
        ({"introduced_on": "2017-11-14"}, True),
        ({"introduced_on": "2017-11-15"}, False),  # tomorrow
        ({"introduced_on": "2017-10-16"}, True),
        ({"introduced_on": "2017-10-15"}, False),  # thirty days ago
        ({"introduced_on": None}, False),
        ({"introduced_on": "2017-11-10", "stock": 0}, False),
        ({"introduced_on": "2017-11-10", "stage": "retired"}, False),
        ({"introduced_on": "2017-11-10", "sayable": False}, False),
    ],
)
def test_only_what_is_new_may_be_named_and_can_be_had_is_introduced(told, is_new):
    assert bool(who(wants(1), sold=[a_product(70, **told)])) == is_new


def test_a_letter_never_arrives_when_the_product_is_no_longer_new():
    found = due(wants(1), sold=[a_product(70, introduced_on="2017-10-17")])
    assert found["send_until"].tolist() == [pd.Timestamp("2017-11-15")]


def test_few_are_told_and_the_keenest():
    keen = [wants(1, 2), wants(2, 5), wants(3, 4, 9), wants(4, 4, 4), wants(5, 1, 90)]
    assert who(*keen, per_product=2) == [2, 3]
    assert who(*keen, per_product=3) == [2, 3, 4]
    assert who(*keen, per_product=9) == [1, 2, 3, 4]  # of her category alone is not enough


def test_a_day_of_its_type_counts_more_than_some_of_its_category():
    assert who(wants(1, 2, 30), wants(2, 3, 20), per_product=1) == [1]
    assert who(wants(1, 2, 20), wants(2, 3, 12), per_product=1) == [2]


def test_nobody_is_told_twice_and_no_letter_goes_further_down_the_ranks():
    keen = [wants(1, 5), wants(2, 4), wants(3, 3)]
    assert who(*keen, past=[told_of(1)], per_product=2) == [2]
    assert who(*keen, past=[told_of(1), told_of(2)], per_product=2) == []
    assert who(*keen, past=[told_of(1, days_ago=59)], per_product=1) == []


@pytest.mark.parametrize(("days_ago", "told"), [(0, []), (60, []), (61, [1])])
def test_who_heard_of_something_new_is_let_be_for_a_while(days_ago, told):
    assert who(wants(1), past=[told_of(1, product_key=71, days_ago=days_ago)]) == told


def test_who_is_let_be_leaves_her_place_to_another():
    keen = [wants(1, 5), wants(2, 4)]
    assert who(*keen, past=[told_of(1, product_key=71)], per_product=1) == [2]


def test_of_two_new_products_she_hears_of_the_one_she_wants_more():
    sold = [NEW, a_product(71, introduced_on="2017-11-12")]
    found = due(wants(1, 2), wants(1, 4, product_key=71), wants(2, 3), sold=sold)
    assert found[["customer_key", "product_key"]].to_numpy().tolist() == [[1, 71], [2, 70]]


def test_it_is_one_occasion_on_whichever_night_it_is_found():
    nights = [NIGHT, NIGHT + timedelta(days=9)]
    keys = [due(wants(1), night=night)["occasion_key"].tolist() for night in nights]
    assert keys == [["introduce-70"], ["introduce-70"]]


def test_nothing_new_and_nobody_keen_find_nobody():
    assert due().empty
    assert due(wants(1), sold=[]).empty


def test_of_very_many_new_products_the_latest_count():
    many = [
        a_product(key, introduced_on=str(NIGHT - timedelta(days=key % 50))) for key in range(100)
    ]
    found = new_products(products(*many), night=NIGHT)
    assert len(found) == MOST_PRODUCTS
    assert found["introduced_on"].min() == pd.Timestamp(NIGHT) - pd.Timedelta(days=19)
