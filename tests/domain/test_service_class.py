"""What is owed to a customer: needs no consent, waits for no cap, has no control group."""

import pytest

from care.domain.holdout import Holdout
from tests.builders import (
    NIGHT,
    a_customer,
    customers,
    decisions,
    ledger,
    plan_night,
    recent,
    suppressions,
)
from tests.goods import a_product, bought, owned, products, tables_of

BIRTHDAY = {"birth_month": 11, "birth_day": 14}
FLAGGED = products(
    a_product(70, flagged_on="2017-11-10"), a_product(71, flagged_on="2017-11-10", name="kettle")
)


def plan(people, *products_bought, choices=None, **ledger_told):
    theirs = owned(
        *(bought("2017-11-01", person, key, "2017-11-01") for person, key in products_bought)
    )
    return plan_night(
        tables_of(people, FLAGGED, theirs),
        ledger(people, **ledger_told),
        choices or decisions(),
        night=NIGHT,
    )


def chosen(found):
    return sorted(found.touches[["campaign", "product_key"]].fillna(0).to_numpy().tolist())


def test_it_waits_neither_for_a_cap_nor_for_a_gap():
    near = recent((1, "2017-11-13"), (1, "2017-11-12"))
    assert chosen(plan(customers(a_customer()), (1, 70), near=near)) == [["quality_notice", 70]]


def test_it_crowds_out_nobodys_birthday():
    found = plan(customers(a_customer(**BIRTHDAY)), (1, 70))
    assert chosen(found) == [["birthday", 0], ["quality_notice", 70]]
    assert found.exclusions.empty


def test_who_bought_two_flagged_products_is_told_of_both():
    found = plan(customers(a_customer()), (1, 70), (1, 71))
    assert chosen(found) == [["quality_notice", 70], ["quality_notice", 71]]


def test_it_needs_no_consent_to_marketing():
    people = customers(a_customer(email_consent=False, sms_consent=False))
    assert chosen(plan(people, (1, 70))) == [["quality_notice", 70]]


def test_nobody_is_held_out_of_it():
    people = customers(*(a_customer(key) for key in range(1, 101)))
    choices = decisions(holdout=Holdout(share=0.5, salt="s"))
    found = plan(people, *((key, 70) for key in range(1, 101)), choices=choices)
    assert (found.touches["arm"] == "treated").sum() == 100


@pytest.mark.parametrize("stopped", [(1, None, None), (1, "email", None)])
def test_an_address_that_must_not_be_used_is_not_used_for_it_either(stopped):
    found = plan(customers(a_customer()), (1, 70), stopped=suppressions(stopped))
    assert found.touches.empty
    assert found.exclusions["reason"].tolist() == ["suppressed"]


def test_all_that_was_due_adds_up():
    people = customers(a_customer(1, **BIRTHDAY), a_customer(2, email=None), a_customer(3))
    found = plan(people, (1, 70), (2, 70), (3, 71))
    assert sum(found.due.values()) == len(found.touches) + len(found.exclusions) == 4
