"""Deliveries: news of an order before she has to ask, and a question once it has come."""

from datetime import date

import pandas as pd
import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.delivery import DELIVERIES
from care.domain.due import find_due
from tests.builders import NIGHT, a_customer, a_policy, customers
from tests.goods import a_product, owned, products, tables_of


def a_delivery(order_id="o1", customer_key=1, **told):
    default = {"product_key": 70, "promised_on": None, "failed_on": None, "delivered_on": None}
    return default | {"order_id": order_id, "customer_key": customer_key} | told


def deliveries(*rows):
    frame = pd.DataFrame(list(rows), columns=list(DELIVERIES.dtypes))
    return frame.astype(dict(DELIVERIES.dtypes))


def due(campaign, *rows, night=NIGHT, sold=None, **changed):
    settings = a_policy().campaigns[campaign].model_copy(update=changed)
    seen = tables_of(
        customers(a_customer(1), a_customer(2)),
        products(a_product(70)) if sold is None else sold,
        owned(),
        deliveries=deliveries(*rows),
    )
    return find_due(seen, {campaign: settings}, night=night)


TODAYS_NEWS = a_delivery("o9", customer_key=2, delivered_on="2017-11-13")
"""Somebody else's order, which shows that the shop tells what was delivered up to now."""


# ── How her order is getting on ─────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("promised_on", "is_due"),
    [
        ("2017-11-14", False),  # today is not over
        ("2017-11-13", False),  # nothing of a later day is known
        ("2017-11-12", True),
        ("2017-11-10", True),
        ("2017-11-09", False),  # she knows by now
        (None, False),
    ],
)
def test_an_order_is_late_once_its_day_went_by(promised_on, is_due):
    found = due("order_progress", a_delivery(promised_on=promised_on), TODAYS_NEWS, late_days=3)
    assert len(found) == is_due


def test_an_order_that_came_is_no_news():
    came = a_delivery(promised_on="2017-11-12", delivered_on="2017-11-13")
    assert due("order_progress", came).empty


def test_a_delivery_that_failed_is_told_as_such_and_not_as_late():
    found = due("order_progress", a_delivery(promised_on="2017-11-12", failed_on="2017-11-12"))
    assert found["occasion_key"].tolist() == ["order-failed-o1"]
    assert CAMPAIGNS["order_progress"].read_facts(found["facts"].iloc[0]) == {
        "order": "o1",
        "happened": "failed",
        "promised_on": date(2017, 11, 12),
    }


def test_a_failed_delivery_that_came_the_next_day_is_no_news():
    came = a_delivery(failed_on="2017-11-12", delivered_on="2017-11-13")
    assert due("order_progress", came).empty


def test_late_and_then_failed_are_two_occasions_of_one_order():
    late = due("order_progress", a_delivery(promised_on="2017-11-12"), TODAYS_NEWS)
    failed = due("order_progress", a_delivery(promised_on="2017-11-12", failed_on="2017-11-13"))
    assert late["occasion_key"].tolist() == ["order-late-o1"]
    assert failed["occasion_key"].tolist() == ["order-failed-o1"]


def test_two_late_orders_of_hers_are_told_of_each():
    rows = [a_delivery(order, promised_on="2017-11-12") for order in ("o1", "o2")]
    assert len(due("order_progress", *rows, TODAYS_NEWS)) == 2


def test_nobody_is_alarmed_while_the_shop_has_not_told_what_was_delivered():
    old_news = a_delivery("o9", customer_key=2, delivered_on="2017-11-11")
    assert due("order_progress", a_delivery(promised_on="2017-11-12"), old_news).empty
    assert due("order_progress", a_delivery(promised_on="2017-11-12")).empty


# ── After it has come ───────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("delivered_on", "is_due"),
    [
        ("2017-11-03", False),
        ("2017-11-04", True),
        ("2017-11-07", True),
        ("2017-11-08", False),
        (None, False),
    ],
)
def test_we_ask_some_days_after_the_delivery(delivered_on, is_due):
    found = due("post_purchase", a_delivery(delivered_on=delivered_on), after_days=7, late_days=3)
    assert len(found) == is_due


@pytest.mark.parametrize(("before", "is_due"), [("2017-09-07", True), ("2017-09-08", False)])
def test_who_has_much_delivered_is_not_asked_each_time(before, is_due):
    found = due(
        "post_purchase",
        a_delivery("o1", delivered_on=before),
        a_delivery("o2", delivered_on="2017-11-06"),
        quiet_days=60,
    )
    assert found["occasion_key"].tolist() == ["post-purchase-o2"] * is_due


def test_two_deliveries_of_one_day_are_one_question():
    rows = [a_delivery(order, delivered_on="2017-11-06") for order in ("o1", "o2")]
    assert due("post_purchase", *rows)["occasion_key"].tolist() == ["post-purchase-o1"]


def test_a_delivery_of_somebody_else_does_not_matter():
    found = due(
        "post_purchase",
        a_delivery("o1", delivered_on="2017-11-05", customer_key=2),
        a_delivery("o2", delivered_on="2017-11-06"),
    )
    assert found["customer_key"].tolist() == [1, 2]


def test_what_no_letter_may_name_is_an_order_to_it():
    sold = products(a_product(70, sayable=False))
    found = due("post_purchase", a_delivery(delivered_on="2017-11-06"), sold=sold)
    assert found["product_key"].isna().tolist() == [True]


# ── What is not delivered ───────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("campaign", "told", "lacking"),
    [
        ("post_purchase", None, ["deliveries.delivered_on"]),
        ("post_purchase", deliveries(a_delivery()), ["deliveries.delivered_on"]),
        ("order_progress", None, ["deliveries"]),
        ("order_progress", deliveries(a_delivery()), []),
    ],
)
def test_without_such_a_table_or_its_days_the_campaign_says_so(campaign, told, lacking):
    seen = tables_of(customers(a_customer()), products(), owned(), deliveries=told)
    found = CAMPAIGNS[campaign].lacking(seen)
    assert found == [f"the shop delivers no {need}" for need in lacking]
