"""Care for what customers own: maintenance, warranty, quality notice, hand-over."""

from datetime import date

import pandas as pd
import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.due import find_due
from care.domain.succession import living_successors
from tests.builders import NIGHT, a_customer, a_policy, customers
from tests.goods import a_product, bought, owned, products, tables_of

PEOPLE = customers(a_customer(1), a_customer(2))


def due(campaign, sold, theirs, *, night=NIGHT, **changed):
    settings = a_policy().campaigns[campaign].model_copy(update=changed)
    return find_due(tables_of(PEOPLE, sold, theirs), {campaign: settings}, night=night)


def told(found, campaign, row=0):
    return CAMPAIGNS[campaign].read_facts(found["facts"].iloc[row])


# ── Maintenance ─────────────────────────────────────────────────────────────────────────────────
FILTER = products(a_product(service_interval_days=90))


@pytest.mark.parametrize(
    ("bought_on", "is_due"),
    [
        ("2017-08-20", False),  # over in four days
        ("2017-08-19", True),
        ("2017-08-16", True),
        ("2017-08-12", True),
        ("2017-08-11", False),  # over five days ago
        ("2017-11-13", False),
        ("2017-05-18", True),  # for the second time
        ("2016-11-19", True),  # for the fourth
        ("2016-08-21", False),  # for the fifth
    ],
)
def test_maintenance_is_due_about_the_end_of_each_interval(bought_on, is_due):
    assert len(due("maintenance", FILTER, owned(bought(bought_on)))) == is_due


def test_maintenance_is_one_occasion_on_whichever_night_it_is_found():
    theirs = owned(bought("2017-08-16"))
    nights = [date(2017, 11, day) for day in (11, 14, 18)]
    found = [due("maintenance", FILTER, theirs, night=night).iloc[0] for night in nights]
    assert {row["occasion_key"] for row in found} == {"maintenance-70-2017-11-14"}
    assert {str(row["send_until"].date()) for row in found} == {"2017-11-18"}


def test_a_filter_bought_twice_is_counted_from_the_last_time():
    """What she owns holds the last day only, so the first one reminds nobody."""
    assert due("maintenance", FILTER, owned(bought("2017-10-30"))).empty


@pytest.mark.parametrize("interval", [0, None])
def test_a_service_interval_of_nothing_asks_for_nothing(interval):
    sold = products(a_product(service_interval_days=interval))
    assert due("maintenance", sold, owned(bought("2017-08-16"))).empty


def test_a_product_the_catalogue_does_not_know_is_passed_over():
    for campaign in ("maintenance", "warranty", "quality_notice", "hand_over"):
        assert due(campaign, FILTER, owned(bought("2017-08-16", product_key=99))).empty


# ── Warranty ────────────────────────────────────────────────────────────────────────────────────
KETTLE = products(a_product(warranty_days=180, price_minor=4900))


def test_a_warranty_is_told_of_before_it_ends():
    found = due("warranty", KETTLE, owned(bought("2017-06-01")), lead_days=21).iloc[:1]
    assert found["occasion_key"].tolist() == ["warranty-70-2017-11-28"]
    assert str(found["send_until"].iloc[0].date()) == "2017-11-28"
    assert told(found, "warranty")["ends_on"] == date(2017, 11, 28)


@pytest.mark.parametrize("bought_on", ["2017-05-17", "2017-06-09"])
def test_a_warranty_that_is_over_or_far_from_it_is_not_worth_a_letter(bought_on):
    assert due("warranty", KETTLE, owned(bought(bought_on)), lead_days=21).empty


@pytest.mark.parametrize("bought_on", ["2017-05-22", "2017-05-23"])
def test_a_warranty_that_ends_on_a_weekend_is_told_of_by_the_friday_before(bought_on):
    theirs = owned(bought(bought_on))  # ends on Saturday 18 or Sunday 19 November
    found = due("warranty", KETTLE, theirs).iloc[0]
    assert str(found["send_until"].date()) == "2017-11-17"
    assert due("warranty", KETTLE, theirs, night=date(2017, 11, 18)).empty


@pytest.mark.parametrize(("least", "offered"), [(4900, True), (4901, False), (None, False)])
def test_only_dear_goods_are_offered_an_extension(least, offered):
    found = due("warranty", KETTLE, owned(bought("2017-06-01")), extension_from=least)
    assert ("extension" in told(found, "warranty")) is offered


# ── Quality notice ──────────────────────────────────────────────────────────────────────────────
FLAGGED = products(a_product(flagged_on="2017-11-10", sayable=False))


def test_everybody_who_bought_a_flagged_product_before_its_notice_is_told_once():
    theirs = owned(
        bought("2017-11-12", 1, affected_on="2016-02-01"),  # bought twice, once too early
        bought("2017-11-12", 2, affected_on=None),  # bought after the flag: a sound one
    )
    found = due("quality_notice", FLAGGED, theirs)
    assert found["customer_key"].tolist() == [1]
    assert found["occasion_key"].tolist() == ["quality-70-2017-11-10"]
    assert told(found, "quality_notice") == {"bought_on": date(2016, 2, 1)}


@pytest.mark.parametrize(
    ("night", "is_due"),
    [
        (date(2017, 11, 9), False),
        (date(2017, 11, 10), True),
        (date(2017, 12, 10), True),
        (date(2017, 12, 11), False),
    ],
)
def test_a_notice_is_given_from_its_day_on_for_as_long_as_it_is_news(night, is_due):
    theirs = owned(bought("2017-11-01", affected_on="2017-11-01"))
    assert len(due("quality_notice", FLAGGED, theirs, night=night, late_days=30)) == is_due


def test_another_notice_for_the_same_product_is_another_occasion():
    theirs = owned(bought("2017-11-01", affected_on="2017-11-01"))
    again = products(a_product(flagged_on="2017-11-12"))
    keys = {
        due("quality_notice", sold, theirs)["occasion_key"].iloc[0] for sold in (FLAGGED, again)
    }
    assert len(keys) == 2


# ── Hand-over ───────────────────────────────────────────────────────────────────────────────────
def a_line(**last):
    return products(
        a_product(1, stage="retired", successor_key=2),
        a_product(2, stage="decline", successor_key=3),
        a_product(3, name="newer filter", name_zh=None, **last),
    )


def test_a_successor_that_is_itself_retired_leads_on_to_its_own():
    found = due("hand_over", a_line(stage="growth"), owned(bought("2017-10-01", product_key=1)))
    assert found["occasion_key"].tolist() == ["hand-over-1"]
    assert told(found, "hand_over") == {
        "successor_en": "newer filter",
        "successor_zh": "newer filter",
        "told_by": "shop",
    }


def test_of_a_stage_that_only_sales_tell_the_letter_claims_less():
    sold = a_line(stage="growth").assign(stage_inferred=True)
    found = due("hand_over", sold, owned(bought("2017-10-01", product_key=1)))
    assert told(found, "hand_over")["told_by"] == "sales"


@pytest.mark.parametrize(
    "last",
    [
        {"stage": "retired"},
        {"stage": "retired", "successor_key": 1},  # round in a circle
        {"stage": "growth", "stock": 0},
        {"stage": "growth", "sayable": False},
    ],
)
def test_where_nothing_follows_there_is_nothing_to_say(last):
    assert due("hand_over", a_line(**last), owned(bought("2017-10-01", product_key=1))).empty


def test_owners_of_a_product_that_stays_hear_nothing_of_it():
    theirs = owned(bought("2017-10-01", product_key=3))
    assert due("hand_over", a_line(stage="maturity"), theirs).empty


def test_who_bought_it_long_ago_is_let_be():
    theirs = owned(bought("2017-05-17", product_key=1))
    assert due("hand_over", a_line(stage="growth"), theirs, bought_within_days=180).empty
    assert len(due("hand_over", a_line(stage="growth"), theirs, bought_within_days=181)) == 1


def test_a_successor_the_catalogue_does_not_know_follows_nothing():
    follows = living_successors(products(a_product(1, stage="retired", successor_key=9)))
    assert follows.isna().all()


# ── What is not delivered ───────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("campaign", "sold", "lacking"),
    [
        ("maintenance", a_product(warranty_days=1), ["products.service_interval_days"]),
        ("warranty", a_product(service_interval_days=1), ["products.warranty_days"]),
        ("quality_notice", a_product(), ["products.flagged_on"]),
        ("hand_over", a_product(stage="retired"), ["products.successor"]),
        ("warranty", a_product(warranty_days=1), []),
        ("birthday", a_product(), []),
    ],
)
def test_a_campaign_says_which_inputs_the_shop_does_not_deliver(campaign, sold, lacking):
    found = CAMPAIGNS[campaign].lacking(tables_of(PEOPLE, products(sold), owned()))
    assert found == [f"the shop delivers no {need}" for need in lacking]


def test_nobody_owns_anything_and_nothing_is_due():
    for campaign in ("maintenance", "warranty", "quality_notice", "hand_over"):
        assert due(campaign, products(), owned()).empty
        assert isinstance(due(campaign, FILTER, owned()), pd.DataFrame)
