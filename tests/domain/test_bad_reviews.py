"""Who was not pleased: a person answers at once, and nobody sells to her meanwhile."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.case import complaining
from care.domain.due import find_due
from care.domain.review import REVIEWS, displeased, last_word, said_of_us
from care.domain.screen import Permissions
from care.domain.touch import Ledger
from tests.builders import (
    NIGHT,
    a_customer,
    a_policy,
    customers,
    decisions,
    frame,
    plan_night,
    planned,
    recent,
    suppressions,
)
from tests.domain.test_case_campaigns import a_case, cases
from tests.goods import a_product, owned, products, tables_of

LONG_AGO = np.datetime64("2017-01-01")
SETTINGS = a_policy().campaigns["bad_review"]
PEOPLE = customers(a_customer(1, birth_month=11, birth_day=14), a_customer(2))


def a_review(stars=1, reviewed_on="2017-11-13", customer_key=1, **told):
    default = {"review_id": "R1", "product_key": None, "helpful": None}
    said = {"stars": stars, "reviewed_on": reviewed_on, "customer_key": customer_key}
    return default | said | told


def reviews(*rows):
    return frame(REVIEWS.dtypes, *rows)


def due(*, night=NIGHT, before=None, sold=None, told=None, opened=None, **changed):
    settings = SETTINGS.model_copy(update=changed)
    seen = tables_of(
        PEOPLE,
        products() if sold is None else sold,
        owned(),
        reviews=told,
        cases=opened,
        past=planned() if before is None else before,
    )
    return find_due(seen, {"bad_review": settings}, night=night)


def about(found):
    return CAMPAIGNS["bad_review"].read_facts(found["facts"].iloc[0])["about"]


# ── When a person writes ────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("stars", "is_due"), [(1, True), (2, True), (3, False), (5, False)])
def test_two_stars_or_fewer_are_answered(stars, is_due):
    assert len(due(told=reviews(a_review(stars)))) == is_due


def test_it_is_due_at_once_and_worth_sending_for_a_few_days():
    told = reviews(a_review(reviewed_on="2017-11-13"))
    nights = [date(2017, 11, day) for day in range(14, 20)]
    assert [len(due(told=told, night=night, late_days=4)) for night in nights] == [1, 1, 1, 1, 0, 0]
    found = due(told=told, late_days=4).iloc[0]
    assert found["occasion_key"] == "bad-review-R1"
    assert found["send_from"] == pd.Timestamp(NIGHT)
    assert found["send_until"] == pd.Timestamp("2017-11-17")
    assert found["message_class"] == "service"


@pytest.mark.parametrize(("score", "is_due"), [(1, True), (2, True), (3, False), (None, False)])
def test_a_low_score_on_a_settled_case_is_answered_too(score, is_due):
    told = cases(a_case("repair", "2017-11-10", satisfaction=score))
    found = due(opened=told)
    assert len(found) == is_due
    if is_due:
        assert found["occasion_key"].tolist() == ["bad-case-T1-2017-11-10"]
        assert about(found) == "case"


def test_a_score_may_come_in_days_after_the_case_was_closed():
    told = cases(a_case("repair", "2017-11-02", satisfaction=1))
    assert len(due(opened=told, score_days=14)) == 1
    assert due(opened=told, score_days=11).empty


def test_a_score_on_a_case_that_is_open_again_says_nothing_yet():
    assert due(opened=cases(a_case("repair", None, satisfaction=1))).empty


def test_a_case_that_was_settled_badly_twice_is_two_occasions():
    first = due(opened=cases(a_case("repair", "2017-11-05", satisfaction=1)))
    again = due(opened=cases(a_case("repair", "2017-11-12", satisfaction=1)))
    assert set(first["occasion_key"]) != set(again["occasion_key"])


def test_never_while_a_complaint_of_hers_is_open():
    told = reviews(a_review())
    assert due(told=told, opened=cases(a_case())).empty
    for other in (a_case(closed_on="2017-11-10"), a_case("inquiry"), a_case(customer_key=2)):
        assert len(due(told=told, opened=cases(other))) == 1


def test_of_several_she_is_answered_once_and_about_the_last():
    told = reviews(
        a_review(2, "2017-11-12", review_id="R1"),
        a_review(1, "2017-11-13", review_id="R2"),
        a_review(2, "2017-11-13", review_id="R3"),
        a_review(5, "2017-11-13", review_id="R4"),
    )
    assert due(told=told)["occasion_key"].tolist() == ["bad-review-R2"]


def test_she_is_not_written_to_again_while_somebody_is_in_touch_with_her():
    told = reviews(a_review(review_id="R2"))
    before = planned((1, "bad_review", "bad-review-R1", "treated"))
    before["send_on"] = pd.Timestamp("2017-11-01")
    assert due(told=told, before=before, quiet_days=30).empty
    assert len(due(told=told, before=before, quiet_days=12)) == 1
    other = before.assign(campaign=pd.array(["birthday"], dtype="str"))
    assert len(due(told=told, before=other, quiet_days=30)) == 1


@pytest.mark.parametrize(("key", "named"), [(70, 70), (71, None), (99, None), (None, None)])
def test_what_no_letter_may_name_is_not_named(key, named):
    sold = products(a_product(70), a_product(71, sayable=False))
    product = due(told=reviews(a_review(product_key=key)), sold=sold)["product_key"].iloc[0]
    assert (None if pd.isna(product) else product) == named


def test_one_of_the_two_tables_is_enough():
    campaign = CAMPAIGNS["bad_review"]
    nothing = tables_of(PEOPLE, products(), owned())
    assert campaign.lacking(nothing) == ["the shop delivers no reviews or cases.satisfaction"]
    scored = cases(a_case(closed_on="2017-11-10", satisfaction=4))
    for told in ({"reviews": reviews(a_review())}, {"cases": scored}):
        assert campaign.lacking(tables_of(PEOPLE, products(), owned(), **told)) == []
    unscored = {"cases": cases(a_case())}
    assert len(campaign.lacking(tables_of(PEOPLE, products(), owned(), **unscored))) == 1


def test_a_shop_that_tells_neither_finds_nobody():
    assert due().empty


def test_who_gave_her_score_is_not_asked_whether_all_is_well():
    settings = a_policy().campaigns["service_follow_up"]
    for score, is_due in ((None, True), (1, False), (5, False)):
        told = cases(a_case(closed_on="2017-11-10", satisfaction=score))
        seen = tables_of(PEOPLE, products(), owned(), cases=told)
        assert len(find_due(seen, {"service_follow_up": settings}, night=NIGHT)) == is_due


# ── What she said last ──────────────────────────────────────────────────────────────────────────
def test_of_two_words_on_one_day_the_worse_one_stands():
    told = reviews(a_review(5, review_id="R1"), a_review(1, review_id="R2"))
    scored = cases(a_case(closed_on="2017-11-13", satisfaction=3))
    last = last_word(said_of_us(told, scored, since=LONG_AGO))
    assert (last["event"].item(), last["score"].item()) == ("review-R2", 1)


def test_who_says_nothing_has_no_last_word():
    assert last_word(said_of_us(None, None, since=LONG_AGO)).empty
    assert last_word(said_of_us(reviews(), cases(), since=LONG_AGO)).empty


# ── No marketing meanwhile ──────────────────────────────────────────────────────────────────────
def plan(told, opened=None, days=14):
    seen = tables_of(PEOPLE, products(), owned(), reviews=told, cases=opened)
    unhappy = displeased(told, opened, night=NIGHT, days=days)
    permissions = Permissions(
        PEOPLE, suppressions(), planned(), complaining=complaining(opened), displeased=unhappy
    )
    return plan_night(seen, Ledger(permissions, recent(), {}), decisions(), night=NIGHT)


def test_a_bad_review_mutes_marketing_and_says_so_while_the_answer_goes_out():
    found = plan(reviews(a_review()))
    assert found.touches["campaign"].tolist() == ["bad_review"]
    assert found.exclusions[["campaign", "reason"]].to_numpy().tolist() == [
        ["birthday", "bad_review"]
    ]
    assert sum(found.due.values()) == len(found.touches) + len(found.exclusions)


def test_an_open_complaint_is_the_reason_where_both_hold():
    found = plan(reviews(a_review()), cases(a_case()))
    assert found.touches.empty
    assert found.exclusions["reason"].tolist() == ["open_complaint"]


@pytest.mark.parametrize(
    ("review", "days", "is_muted"),
    [
        (a_review(reviewed_on="2017-10-31"), 14, True),
        (a_review(reviewed_on="2017-10-30"), 14, False),
        (a_review(reviewed_on="2017-11-13"), 0, False),
        (a_review(stars=3), 14, False),
        (a_review(customer_key=2), 14, False),
    ],
)
def test_the_quiet_lasts_as_long_as_the_policy_says(review, days, is_muted):
    campaigns = plan(reviews(review), days=days).touches["campaign"].tolist()
    assert ("birthday" not in campaigns) is is_muted


def test_a_shop_without_reviews_and_scores_mutes_nobody():
    assert len(displeased(None, None, night=NIGHT, days=14)) == 0
    assert len(displeased(None, cases(a_case()), night=NIGHT, days=14)) == 0
