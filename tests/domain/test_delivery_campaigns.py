"""Deliveries: news of an order before she has to ask, and a question once it has come."""

from datetime import date, timedelta

import pandas as pd
import pytest

from care.domain.campaign import PAST
from care.domain.campaigns import CAMPAIGNS
from care.domain.case import CASES
from care.domain.delivery import DELIVERIES
from care.domain.due import find_due
from care.domain.journey import Step
from tests.builders import NIGHT, a_customer, a_policy, customers, frame
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
    row = a_delivery(promised_on="2017-11-12", delivered_on="2017-11-13")
    assert due("order_progress", row).empty


def test_a_delivery_that_failed_is_told_as_such_and_not_as_late():
    found = due("order_progress", a_delivery(promised_on="2017-11-12", failed_on="2017-11-12"))
    assert found["occasion_key"].tolist() == ["order-failed-o1"]
    assert CAMPAIGNS["order_progress"].read_facts(found["facts"].iloc[0]) == {
        "order": "o1",
        "happened": "failed",
        "promised_on": date(2017, 11, 12),
    }


def test_a_failed_delivery_that_came_the_next_day_is_no_news():
    row = a_delivery(failed_on="2017-11-12", delivered_on="2017-11-13")
    assert due("order_progress", row).empty


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
STEPS = (Step(name="how_to", after_days=5), Step(name="survey", after_days=14))
JOURNEY = {"steps": STEPS, "late_days": 3, "cool_down_days": 60}


def ago(days):
    return pd.Timestamp(NIGHT - timedelta(days=days))


def came(days, order_id="o1", customer_key=1, **told):
    return a_delivery(order_id, customer_key, delivered_on=ago(days), **told)


def sent(order_id, step, days_ago, customer_key=1):
    return (customer_key, "post_purchase", f"post-purchase-{order_id}-{step}", ago(days_ago))


def a_case(kind, *, opened=None, closed=None, customer_key=1, product_key=70):
    return {
        "case_id": "T1",
        "customer_key": customer_key,
        "product_key": product_key,
        "kind": kind,
        "opened_on": ago(opened),
        "closed_on": pd.NaT if closed is None else ago(closed),
    }


def asked(*rows, past=(), cases=None, **changed):
    """The occasions of post-purchase that are due."""
    settings = a_policy().campaigns["post_purchase"].model_copy(update=JOURNEY | changed)
    seen = tables_of(
        customers(a_customer(1), a_customer(2)),
        products(a_product(70), a_product(71)),
        owned(),
        deliveries=deliveries(*rows),
        past=frame(PAST, *(dict(zip(PAST, row, strict=True)) for row in past)),
        cases=None if cases is None else frame(CASES.dtypes, *cases),
    )
    return find_due(seen, {"post_purchase": settings}, night=NIGHT)


def keys(*rows, **told):
    return asked(*rows, **told)["occasion_key"].tolist()


@pytest.mark.parametrize(("days", "is_due"), [(4, False), (5, True), (8, True), (9, False)])
def test_help_is_offered_some_days_after_the_delivery(days, is_due):
    assert keys(came(days)) == ["post-purchase-o1-how_to"] * is_due


@pytest.mark.parametrize(("days", "is_due"), [(13, False), (14, True), (17, True), (18, False)])
def test_and_later_she_is_asked_how_she_likes_it(days, is_due):
    past = [sent("o1", "how_to", days - 5)]
    assert ("post-purchase-o1-survey" in keys(came(days), past=past)) == is_due


def test_nobody_is_asked_who_was_not_offered_help_first():
    assert keys(came(14)) == []


def test_what_has_not_come_is_not_asked_about():
    assert keys(a_delivery(delivered_on=None)) == []


def test_each_letter_knows_its_step():
    (found,) = asked(came(5)).to_dict("records")
    assert CAMPAIGNS["post_purchase"].read_facts(found["facts"]) == {"step": "how_to"}
    assert found["send_until"] == ago(-3)


def test_the_next_delivery_of_hers_does_not_begin_another_journey_meanwhile():
    rows = [came(14, "o1"), came(5, "o2")]
    assert keys(*rows, past=[sent("o1", "how_to", 9)]) == ["post-purchase-o1-survey"]


@pytest.mark.parametrize(("days_ago", "is_due"), [(64, False), (65, True)])
def test_nor_does_one_that_comes_soon_after(days_ago, is_due):
    # the order of today's letter came five days ago, so 60 days before that it was 65 days ago
    past = [sent("o1", "survey", days_ago)]
    assert keys(came(5, "o2"), past=past) == ["post-purchase-o2-how_to"] * is_due


def test_the_end_of_the_one_is_not_moved_by_an_order_of_a_like_name():
    # A-7-2 is the rest of A-7, sent separately: a letter about it is none about A-7
    past = [sent("A-7-2", "how_to", 9)]
    assert keys(came(5, "A-7"), past=past) == []


def test_two_deliveries_of_one_day_are_one_journey():
    assert keys(came(6, "o2"), came(6, "o1")) == ["post-purchase-o1-how_to"]


def test_a_delivery_of_somebody_else_does_not_matter():
    rows = [came(7, "o1", customer_key=2), came(6, "o2")]
    assert asked(*rows)["customer_key"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("case", "is_due"),
    [
        (a_case("return", opened=3, closed=1), False),
        (a_case("return", opened=30, closed=20), True),  # of what she had before
        (a_case("return", opened=3, closed=1, product_key=71), True),
        (a_case("return", opened=3, closed=1, product_key=None), False),  # perhaps of this
        (a_case("return", opened=3, closed=1, customer_key=2), True),
        (a_case("inquiry", opened=3), False),
        (a_case("inquiry", opened=30), False),  # where is my order, still unanswered
        (a_case("repair", opened=3, closed=1), True),
        (a_case("complaint", opened=3, product_key=71), True),
    ],
)
def test_she_leaves_it_when_something_comes_back_or_is_not_settled(case, is_due):
    assert bool(keys(came(5), cases=[case])) == is_due


def test_a_delivery_of_nobody_knows_what_may_be_what_the_case_is_about():
    case = a_case("inquiry", opened=3, product_key=71)
    assert keys(came(5, product_key=None), cases=[case]) == []


def test_a_question_that_was_answered_lets_the_journey_go_on():
    case = a_case("inquiry", opened=10, closed=2)
    past = [sent("o1", "how_to", 9)]
    assert keys(came(14), past=past, cases=[case]) == ["post-purchase-o1-survey"]


def test_what_no_letter_may_name_is_an_order_to_it():
    sold = products(a_product(70, sayable=False))
    found = due("post_purchase", came(5), sold=sold, **JOURNEY)
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
