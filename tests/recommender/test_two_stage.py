"""The two-stage model on a shop whose law is known, so that chances can be held against it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from recommender import artifact
from recommender.items import ranker, two_stage
from recommender.items.personal_global import PersonalGlobal
from recommender.items.two_stage import RULES, TwoStage

TODAY = 19_000
CUSTOMERS, ITEMS = 500, 120
STARTERS = np.arange(20)
FOLLOWERS = STARTERS + 20
"""Each is bought in the order after its starter, and hardly ever else."""
LASTING = np.arange(40, 70)
"""Nobody buys one of these twice, which counting her purchases cannot see."""
FIRST_ITEM = 1_000
EVERYBODY = np.arange(1, CUSTOMERS + 1)
NOBODY = 99_999
PURPOSES = ("again", "discover", "any")
SMALL = {"factors": 16, "iterations": 3}


@dataclass(frozen=True)
class Shop:
    history: pd.DataFrame
    chance: np.ndarray
    """Of each item to be in the customer's next basket, (customers, items)."""


def chances(favourite, last, had):
    chance = np.full(ITEMS, 0.01)
    chance[STARTERS] = 0.05
    chance[FOLLOWERS] = 0.7 * last[STARTERS] + 0.002
    chance[LASTING] = 0.04 * ~had[LASTING]
    chance[favourite] = 0.5
    return chance


def shop_of(customers, *, seed, first_customer=1):
    rng = np.random.default_rng(seed)
    rows, after = [], []
    for customer in range(first_customer, first_customer + customers):
        favourite = rng.choice(np.arange(70, ITEMS), size=4, replace=False)
        last = np.zeros(ITEMS, dtype=bool)
        had = last.copy()
        length = rng.integers(4, 16)
        days = np.sort(rng.choice(300, size=length, replace=False))
        for number, day in enumerate(days):
            basket = rng.random(ITEMS) < chances(favourite, last, had)
            if not basket.any():
                basket[favourite[0]] = True
            # Order keys say nothing of time, as in shops whose keys are random.
            key = (customer * 20 + number) * 7919 % 1_000_003
            rows += [
                (customer, key, FIRST_ITEM + item, TODAY - 299 + day)
                for item in np.flatnonzero(basket)
            ]
            last, had = basket, had | basket
        after.append(chances(favourite, last, had))
    frame = pd.DataFrame(rows, columns=["customer", "order", "item", "day"])
    frame = frame.astype({"customer": "int64", "order": "int64", "item": "int64", "day": "int32"})
    return Shop(frame.sample(frac=1.0, random_state=seed, ignore_index=True), np.array(after))


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranker, "TREES", 60)
        yield


@pytest.fixture(scope="module")
def shop():
    return shop_of(CUSTOMERS, seed=5)


@pytest.fixture(scope="module")
def model(shop):
    return TwoStage.fit(shop.history, today=TODAY, **SMALL)


def chance_of(shop, answer):
    """The law's own chance of each row."""
    return shop.chance[answer["customer"] - 1, answer["item"] - FIRST_ITEM]


def pairs_of(frame):
    return set(zip(frame["customer"].tolist(), frame["item"].tolist(), strict=True))


def saved(model, tmp_path):
    return artifact.save(model, tmp_path / "model", data="d")


def test_where_it_was_taught_it_beats_every_rule_on_baskets_it_did_not_learn_from(model):
    assert model.ranker is not None
    assert set(model.figures) == {*RULES, "ranker", "lessons"}
    assert model.figures["lessons"] == CUSTOMERS
    assert model.figures["ranker"] > max(model.figures[rule] for rule in RULES)


def test_its_lists_hold_more_of_the_next_basket_than_counting_does(model, shop):
    plain = PersonalGlobal.fit(shop.history, today=TODAY)
    mine, other = (
        chance_of(shop, one.recommend(EVERYBODY, 10, purpose="any")).sum() for one in (model, plain)
    )
    assert mine > 1.05 * other
