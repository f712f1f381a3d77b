"""Who is pleased is asked to tell others, who helped others is thanked, and neither often."""

from datetime import date

import pandas as pd
import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.due import find_due
from tests.builders import NIGHT, a_customer, a_policy, customers, planned
from tests.domain.test_bad_reviews import a_review, reviews
from tests.domain.test_case_campaigns import a_case, cases
from tests.goods import a_product, owned, products, tables_of

SETTINGS = a_policy().campaigns["referral_thanks"]
LOYAL = customers(a_customer(1, segment="loyal"), a_customer(2, segment="loyal"))
OTHERS = ("prospect", "one_time", "repeat", "lapsed")


def due(*, people=LOYAL, night=NIGHT, before=None, told=None, opened=None, sold=None, **changed):
    settings = SETTINGS.model_copy(update=changed)
    seen = tables_of(
        people,
        products() if sold is None else sold,
        owned(),
        reviews=told,
        cases=opened,
        past=planned() if before is None else before,
    )
    return find_due(seen, {"referral_thanks": settings}, night=night)


def keys(found):
    return found["occasion_key"].tolist()


def said(found):
    return CAMPAIGNS["referral_thanks"].read_facts(found["facts"].iloc[0])


# ── Pleased ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("stars", "is_due"), [(5, True), (4, False), (1, False)])
def test_a_loyal_customer_whose_last_review_has_five_stars_is_asked(stars, is_due):
    assert keys(due(told=reviews(a_review(stars)))) == ["pleased-review-R1"] * is_due


@pytest.mark.parametrize("segment", OTHERS)
def test_nobody_else_is_asked(segment):
    people = customers(a_customer(1, segment=segment))
    assert due(people=people, told=reviews(a_review(5))).empty


def test_the_best_score_on_a_settled_case_will_do():
    found = due(opened=cases(a_case("repair", "2017-11-10", satisfaction=5)))
    assert keys(found) == ["pleased-case-T1-2017-11-10"]
    assert said(found) == {"why": "pleased", "about": "case"}


def test_it_is_her_last_word_that_counts():
    praise = a_review(5, "2017-11-10")
    for later in (a_review(3, "2017-11-12", review_id="R2"), a_review(1, "2017-11-10")):
        assert due(told=reviews(praise, later | {"review_id": "R2"})).empty
    scored = cases(a_case("repair", "2017-11-12", satisfaction=2))
    assert due(told=reviews(praise), opened=scored).empty
    before = a_review(1, "2017-11-09", review_id="R2")
    assert keys(due(told=reviews(praise, before))) == ["pleased-review-R1"]


def test_praise_of_long_ago_is_let_be():
    told = reviews(a_review(5, "2017-11-01"))
    assert len(due(told=told, late_days=14, night=date(2017, 11, 15))) == 1
    assert due(told=told, late_days=14, night=date(2017, 11, 16)).empty
    assert due(told=told, late_days=14)["send_until"].tolist() == [pd.Timestamp("2017-11-15")]


# ── Helped others ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("helpful", "is_due"), [(10, True), (9, False), (0, False), (None, False)])
def test_a_review_that_helped_enough_others_is_thanked_for(helpful, is_due):
    people = customers(a_customer(1, segment="one_time"))
    found = due(people=people, told=reviews(a_review(3, helpful=helpful)), helpful_from=10)
    assert keys(found) == ["helped-review-R1"] * is_due


def test_thanks_are_for_the_review_that_helped_most_and_for_no_old_one():
    told = reviews(
        a_review(4, "2017-11-01", review_id="R1", helpful=40),
        a_review(4, "2017-11-12", review_id="R2", helpful=12),
        a_review(4, "2016-11-12", review_id="R3", helpful=99),
    )
    assert keys(due(told=told)) == ["helped-review-R1"]


def test_who_helped_others_is_thanked_and_not_asked():
    found = due(told=reviews(a_review(5, helpful=20)))
    assert keys(found) == ["helped-review-R1"]
    assert said(found) == {"why": "helped", "about": "review"}


def test_thanks_that_cannot_go_tonight_are_found_again_and_do_not_wait_for_ever():
    told = reviews(a_review(4, helpful=20))
    found = due(told=told, grace_days=5)
    assert found["send_until"].tolist() == [pd.Timestamp("2017-11-19")]
    assert keys(due(told=told, night=date(2017, 11, 20))) == keys(found)
    assert due(told=told, night=date(2018, 6, 1)).empty


# ── Neither ─────────────────────────────────────────────────────────────────────────────────────
TOLD = {"pleased": reviews(a_review(5)), "helped": reviews(a_review(4, helpful=20))}


@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)
@pytest.mark.parametrize("kind", ["complaint", "repair", "return", "inquiry"])
def test_not_while_any_case_of_hers_is_open(kind, told):
    assert due(told=told, opened=cases(a_case(kind))).empty
    assert len(due(told=told, opened=cases(a_case(kind, "2017-11-09")))) == 1
    assert len(due(told=told, opened=cases(a_case(kind, customer_key=2)))) == 1


@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)
@pytest.mark.parametrize(
    ("sent_on", "arm", "is_due"),
    [
        ("2016-11-14", "treated", False),
        ("2016-11-13", "treated", True),
        ("2017-01-01", "held_out", False),
    ],
)
def test_neither_letter_comes_again_within_the_year(told, sent_on, arm, is_due):
    before = planned((1, "referral_thanks", "pleased-review-R0", arm))
    before = before.assign(send_on=pd.Series([sent_on], dtype="datetime64[s]"))
    assert len(due(told=told, before=before, quiet_days=365)) == is_due


def test_a_product_that_no_letter_may_name_is_not_named():
    sold = products(a_product(70), a_product(71, sayable=False))
    for key, named in ((70, 70), (71, None), (None, None)):
        found = due(told=reviews(a_review(5, product_key=key)), sold=sold)["product_key"].iloc[0]
        assert (None if pd.isna(found) else found) == named


def test_a_shop_that_tells_nothing_of_it_finds_nobody():
    assert due().empty
    assert due(told=reviews(), opened=cases()).empty
