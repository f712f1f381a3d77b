"""Cases: we ask afterwards, never meanwhile, and do not sell to somebody who complained."""

from datetime import date

import pandas as pd
import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.case import CASES, complaining
from care.domain.due import find_due
from care.domain.screen import Permissions
from care.domain.touch import Ledger
from tests.builders import (
    NIGHT,
    a_customer,
    a_policy,
    customers,
    decisions,
    plan_night,
    planned,
    recent,
    suppressions,
)
from tests.goods import a_product, bought, owned, products, tables_of

PEOPLE = customers(a_customer(1, birth_month=11, birth_day=14), a_customer(2))


def a_case(kind="complaint", closed_on=None, customer_key=1, **told):
    default = {
        "case_id": "T1",
        "product_key": None,
        "opened_on": "2017-11-01",
        "satisfaction": None,
    }
    return default | {"customer_key": customer_key, "kind": kind, "closed_on": closed_on} | told


def cases(*rows):
    frame = pd.DataFrame(list(rows), columns=list(CASES.dtypes))
    return frame.astype(dict(CASES.dtypes))


def due(campaign, told, sold=None, theirs=None, *, night=NIGHT, **changed):
    settings = a_policy().campaigns[campaign].model_copy(update=changed)
    seen = tables_of(
        PEOPLE,
        products() if sold is None else sold,
        owned() if theirs is None else theirs,
        cases=told,
    )
    return find_due(seen, {campaign: settings}, night=night)


# ── Asking afterwards ───────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("closed_on", "is_due"),
    [
        ("2017-11-06", False),
        ("2017-11-07", True),
        ("2017-11-11", True),
        ("2017-11-12", False),
        (None, False),
    ],
)
def test_we_ask_some_days_after_it_was_closed(closed_on, is_due):
    found = due("service_follow_up", cases(a_case(closed_on=closed_on)), after_days=3, late_days=4)
    assert len(found) == is_due


@pytest.mark.parametrize(
    ("kind", "is_due"),
    [("complaint", True), ("repair", True), ("return", True), ("inquiry", False)],
)
def test_a_question_that_was_answered_is_not_followed_up(kind, is_due):
    assert len(due("service_follow_up", cases(a_case(kind, "2017-11-10")))) == is_due


@pytest.mark.parametrize("kind", ["complaint", "repair", "return", "inquiry"])
def test_never_while_any_case_of_hers_is_open(kind):
    told = cases(a_case(closed_on="2017-11-10"), a_case(kind, case_id="T2"))
    assert due("service_follow_up", told).empty


def test_a_case_of_somebody_else_does_not_matter():
    told = cases(a_case(closed_on="2017-11-10"), a_case(case_id="T2", customer_key=2))
    assert due("service_follow_up", told)["customer_key"].tolist() == [1]


def test_a_case_that_was_reopened_is_asked_about_once_it_is_closed_again():
    closed = due("service_follow_up", cases(a_case(closed_on="2017-11-10")))
    reopened = due("service_follow_up", cases(a_case()), night=date(2017, 11, 15))
    again = due(
        "service_follow_up", cases(a_case(closed_on="2017-11-16")), night=date(2017, 11, 19)
    )
    assert closed["occasion_key"].tolist() == ["service-T1-2017-11-10"]
    assert reopened.empty
    assert again["occasion_key"].tolist() == ["service-T1-2017-11-16"]


def test_of_two_that_were_closed_the_later_one_is_asked_about():
    told = cases(
        a_case("repair", "2017-11-10", case_id="T1"), a_case("return", "2017-11-09", case_id="T2")
    )
    found = due("service_follow_up", told)
    assert found["occasion_key"].tolist() == ["service-T1-2017-11-10"]
    assert CAMPAIGNS["service_follow_up"].read_facts(found["facts"].iloc[0]) == {"kind": "repair"}


def test_a_product_that_no_letter_may_name_is_not_named():
    sold = products(a_product(70), a_product(71, sayable=False))
    for key, named in ((70, 70), (71, None), (99, None), (None, None)):
        told = cases(a_case("repair", "2017-11-10", product_key=key))
        product = due("service_follow_up", told, sold)["product_key"].iloc[0]
        assert (None if pd.isna(product) else product) == named


# ── What was given back or repaired ─────────────────────────────────────────────────────────────
GOODS = {
    "maintenance": (a_product(service_interval_days=90), "2017-08-16"),
    "warranty": (a_product(warranty_days=180), "2017-06-01"),
    "hand_over": (a_product(stage="retired", successor_key=71), "2017-10-01"),
}


@pytest.mark.parametrize("campaign", GOODS)
def test_what_she_gave_back_is_not_hers_any_more(campaign):
    sold, day = GOODS[campaign]
    sold, theirs = products(sold, a_product(71)), owned(bought(day))
    returned = a_case("return", opened_on="2017-10-20", product_key=70)
    assert due(campaign, cases(returned), sold, theirs).empty
    for other in (
        returned | {"customer_key": 2},
        returned | {"product_key": 71},
        returned | {"product_key": None},
        returned | {"opened_on": "2017-05-01"},  # and bought it again
        returned | {"kind": "inquiry"},
    ):
        assert len(due(campaign, cases(other), sold, theirs)) == 1


def test_who_gave_a_flagged_product_back_is_told_all_the_same():
    sold = products(a_product(flagged_on="2017-11-10"))
    theirs = owned(bought("2017-11-01", affected_on="2017-11-01"))
    told = cases(a_case("return", opened_on="2017-11-03", product_key=70))
    assert len(due("quality_notice", told, sold, theirs)) == 1


@pytest.mark.parametrize(
    ("repaired_on", "is_due"), [("2017-10-01", False), ("2017-08-15", True), (None, True)]
)
def test_a_repair_begins_the_service_interval_anew(repaired_on, is_due):
    sold, theirs = products(a_product(service_interval_days=90)), owned(bought("2017-08-15"))
    told = cases(a_case("repair", repaired_on, product_key=70))
    assert len(due("maintenance", told, sold, theirs)) == is_due


# ── An open complaint ───────────────────────────────────────────────────────────────────────────
def plan(told, theirs=None):
    flagged = products(a_product(flagged_on="2017-11-10"))
    seen = tables_of(PEOPLE, flagged, owned() if theirs is None else theirs, cases=told)
    ledger = Ledger(
        permissions=Permissions(PEOPLE, suppressions(), planned(), complaining(told)),
        recent=recent(),
        gifts_left={},
    )
    return plan_night(seen, ledger, decisions(), night=NIGHT)


def test_an_open_complaint_mutes_marketing_and_says_so():
    found = plan(cases(a_case()))
    assert found.touches.empty
    assert found.exclusions[["campaign", "outcome", "reason"]].to_numpy().tolist() == [
        ["birthday", "excluded", "open_complaint"]
    ]


@pytest.mark.parametrize(
    "case",
    [
        a_case(closed_on="2017-11-13"),
        a_case("inquiry"),
        a_case("repair"),
        a_case(customer_key=2),
    ],
)
def test_nothing_else_mutes_it(case):
    assert "birthday" in plan(cases(case)).touches["campaign"].tolist()


def test_what_is_owed_reaches_her_all_the_same():
    theirs = owned(bought("2017-11-01", affected_on="2017-11-01"))
    assert plan(cases(a_case()), theirs).touches["campaign"].tolist() == ["quality_notice"]


def test_a_shop_without_cases_mutes_nobody_and_asks_nobody():
    assert len(complaining(None)) == 0
    assert due("service_follow_up", None).empty
    lacking = CAMPAIGNS["service_follow_up"].lacking(tables_of(PEOPLE, products(), owned()))
    assert lacking == ["the shop delivers no cases"]
