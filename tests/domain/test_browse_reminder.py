"""What she left in the cart, or ordered and did not pay: one word about it, and no other soon."""

from datetime import date
from typing import Any

import orjson
import pandas as pd
import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.due import find_due
from care.domain.event import BOUGHT, EVENTS, left_behind
from care.domain.order import UNPAID
from tests.builders import NIGHT, a_customer, a_policy, customers, planned
from tests.goods import a_product, owned, products, tables_of

PEOPLE = customers(a_customer(1), a_customer(2))
KETTLES = products(
    a_product(70),
    a_product(71),
    a_product(80, type_key=8),
    a_product(81, type_key=8, sayable=False),
    a_product(82, type_key=8, stock=0),
    a_product(83, type_key=8, stage="retired"),
)
YESTERDAY = "2017-11-13"


def an_event(kind="cart", last_on=YESTERDAY, product_key=70, customer_key=1, times=1):
    return (customer_key, product_key, kind, times, last_on)


def events(*rows):
    return pd.DataFrame(list(rows), columns=list(EVENTS.dtypes)).astype(dict(EVENTS.dtypes))


def an_order(order_id="o1", placed_on=YESTERDAY, product_key=70, customer_key=1):
    return (customer_key, order_id, product_key, placed_on)


def unpaid(*rows):
    return pd.DataFrame(list(rows), columns=list(UNPAID.dtypes)).astype(dict(UNPAID.dtypes))


def had(*rows):
    """(customer, type, day of the last purchase)."""
    return pd.DataFrame(list(rows), columns=list(BOUGHT.dtypes)).astype(dict(BOUGHT.dtypes))


def due(*, night: date = NIGHT, more: dict[str, Any] | None = None, **seen: Any) -> pd.DataFrame:
    settings = a_policy().campaigns["browse_reminder"].model_copy(update=more or {})
    tables = tables_of(PEOPLE, KETTLES, owned(), **seen)
    return find_due(tables, {"browse_reminder": settings}, night=night)


def matters(found: pd.DataFrame) -> list[str]:
    return [orjson.loads(told)["matter"] for told in found["facts"]]


# ── When ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("left_on", "is_due"),
    [
        ("2017-11-14", False),
        ("2017-11-13", True),
        ("2017-11-10", True),
        ("2017-11-09", False),
    ],
)
def test_a_cart_and_an_unpaid_order_are_due_the_day_after_and_for_a_few_days(left_on, is_due):
    assert len(due(events=events(an_event(last_on=left_on)))) == is_due
    assert len(due(unpaid=unpaid(an_order(placed_on=left_on)))) == is_due


def test_the_letter_is_not_sent_later_than_its_days():
    found = due(events=events(an_event(last_on="2017-11-11"))).iloc[0]
    assert found["send_from"] == pd.Timestamp(NIGHT)
    assert found["send_until"] == pd.Timestamp("2017-11-15")


def test_the_occasion_names_the_order_or_the_thing_and_the_day_it_was_left():
    assert due(unpaid=unpaid(an_order()))["occasion_key"].tolist() == ["unpaid-o1"]
    found = due(events=events(an_event()))
    assert found["occasion_key"].tolist() == ["cart-70-2017-11-13"]
    later = due(events=events(an_event()), night=date(2017, 11, 15))
    assert later["occasion_key"].tolist() == found["occasion_key"].tolist()


# ── What ────────────────────────────────────────────────────────────────────────────────────────
def test_looking_is_no_reason_unless_the_shop_says_how_often():
    seen = events(an_event("view", times=5))
    assert due(events=seen).empty
    assert len(due(events=seen, more={"min_views": 5})) == 1
    assert due(events=seen, more={"min_views": 6}).empty


def test_an_unpaid_order_comes_before_a_cart_and_a_cart_before_a_look():
    looked = an_event("view", times=9, product_key=80)
    carted = an_event("cart", last_on="2017-11-11")
    waiting = an_order(placed_on="2017-11-10", product_key=71)
    more = {"min_views": 2}
    assert matters(due(events=events(looked), more=more)) == ["view"]
    assert matters(due(events=events(looked, carted), more=more)) == ["cart"]
    found = due(events=events(looked, carted), unpaid=unpaid(waiting), more=more)
    assert matters(found) == ["unpaid"]
    assert orjson.loads(found["facts"].iloc[0])["order"] == "o1"


def test_an_old_unpaid_order_does_not_hide_a_fresh_cart():
    found = due(events=events(an_event()), unpaid=unpaid(an_order(placed_on="2017-11-01")))
    assert matters(found) == ["cart"]


def test_of_several_carts_she_hears_of_the_last_one():
    found = due(events=events(an_event(last_on="2017-11-12"), an_event(product_key=80)))
    assert found["product_key"].tolist() == [80]


def test_everybody_has_her_own():
    found = due(events=events(an_event(), an_event(customer_key=2, product_key=80)))
    assert found[["customer_key", "product_key"]].to_numpy().tolist() == [[1, 70], [2, 80]]


# ── What not ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("bought_on", ["2017-11-13", "2017-11-14"])
def test_never_about_something_whose_kind_she_bought_meanwhile(bought_on):
    bought = had((1, 7, bought_on))
    assert due(events=events(an_event()), bought=bought).empty
    assert due(events=events(an_event(product_key=71)), bought=bought).empty  # another kettle
    assert due(unpaid=unpaid(an_order()), bought=bought).empty


def test_an_earlier_purchase_another_kind_or_another_buyer_is_no_such_thing():
    bought = had((1, 7, "2017-11-12"), (1, 8, "2017-11-13"), (2, 7, "2017-11-13"))
    assert len(due(events=events(an_event()), bought=bought)) == 1


def test_what_she_bought_leaves_room_for_what_she_did_not():
    carts = events(an_event(), an_event(product_key=80, last_on="2017-11-11"))
    assert due(events=carts, bought=had((1, 7, YESTERDAY)))["product_key"].tolist() == [80]


@pytest.mark.parametrize(
    "product_key",
    [81, 82, 83, 99],
    ids=["nobody's business", "out of stock", "retired", "not in the catalogue"],
)
def test_never_about_what_may_not_be_named_or_had(product_key):
    assert due(events=events(an_event(product_key=product_key))).empty
    assert due(unpaid=unpaid(an_order(product_key=product_key))).empty


# ── How often ───────────────────────────────────────────────────────────────────────────────────
def reminded(send_on, customer_key=1, campaign="browse_reminder"):
    return planned((customer_key, campaign, "cart-80-2017-11-01", "treated")).assign(
        send_on=pd.Timestamp(send_on).as_unit("s")
    )


@pytest.mark.parametrize(
    ("past", "is_due"),
    [
        (reminded("2017-11-13"), False),
        (reminded("2017-10-15"), False),
        (reminded("2017-10-14"), True),
        (reminded("2017-11-13", customer_key=2), True),
        (reminded("2017-11-13", campaign="win_back"), True),
    ],
)
def test_at_most_one_in_so_many_days_whatever_it_was_about(past, is_due):
    assert len(due(events=events(an_event()), past=past, more={"quiet_days": 30})) == is_due
    assert len(due(unpaid=unpaid(an_order()), past=past, more={"quiet_days": 30})) == is_due


# ── Without ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("seen", "lacking"),
    [
        ({}, ["the shop delivers no events or unpaid"]),
        ({"events": events()}, []),
        ({"unpaid": unpaid()}, []),
    ],
)
def test_one_of_events_and_order_states_is_enough(seen, lacking):
    tables = tables_of(PEOPLE, KETTLES, owned(), **seen)
    assert CAMPAIGNS["browse_reminder"].lacking(tables) == lacking
    assert due(**seen).empty


def test_it_pauses_while_the_orders_are_in_doubt():
    assert CAMPAIGNS["browse_reminder"].reads_behaviour


def test_purchases_are_asked_for_by_kind_where_a_reminder_may_depend_on_them():
    seen = events(
        an_event(),
        an_event("view", product_key=80, times=1),
        an_event("view", product_key=80, times=2, customer_key=2),
        an_event(product_key=80, last_on="2017-10-20"),
        an_event(product_key=99),
    )
    asked = left_behind(seen, unpaid(an_order(product_key=71)), KETTLES, night=NIGHT)
    assert asked.to_numpy().tolist() == [[1, 7], [2, 8]]
    assert left_behind(None, None, KETTLES, night=NIGHT).empty
