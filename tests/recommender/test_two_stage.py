"""The two-stage model on a shop whose law is known, so that chances can be held against it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from recommender import artifact
from recommender.items import ranker, teaching
from recommender.items.personal_global import PersonalGlobal
from recommender.items.rule import RULES
from recommender.items.two_stage import TwoStage

TODAY = 19_000
CUSTOMERS, ITEMS = 400, 120
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
def few_trees_on_one_processor():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranker, "TREES", 25)
        # Several threads wait for each other where other tests run at the same time.
        patch.setattr(ranker, "threads", lambda: 1)
        yield


@pytest.fixture(scope="module")
def shop():
    return shop_of(CUSTOMERS, seed=5)


@pytest.fixture(scope="module")
def small_shop():
    return shop_of(220, seed=6)


@pytest.fixture(scope="module")
def small_model(small_shop):
    return fitted(small_shop.history)


@pytest.fixture(scope="module")
def model(shop):
    return fitted(shop.history)


def chance_of(shop, answer):
    """The law's own chance of each row."""
    return shop.chance[answer["customer"] - 1, answer["item"] - FIRST_ITEM]


def pairs_of(frame):
    return set(zip(frame["customer"].tolist(), frame["item"].tolist(), strict=True))


def fitted(history, **setting):
    return TwoStage.fit(history, today=TODAY, **(SMALL | setting))


def sha256_of(model, tmp_path):
    return artifact.save(model, tmp_path / "model", data="d")


def assert_alike(one, other, customers=EVERYBODY):
    for purpose in PURPOSES:
        pd.testing.assert_frame_equal(
            one.recommend(customers, 10, purpose=purpose),
            other.recommend(customers, 10, purpose=purpose),
        )


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


# ── The same input, the same bytes ───────────────────────────────────────────────────────────────


def test_the_same_rows_in_any_order_give_the_same_bytes(small_model, small_shop, tmp_path):
    shuffled = small_shop.history.sample(frac=1.0, random_state=1)
    assert small_model.ranker is not None
    assert sha256_of(fitted(shuffled), tmp_path) == sha256_of(small_model, tmp_path)


def test_the_number_of_processors_leaves_no_trace(monkeypatch):
    monkeypatch.setattr(ranker, "TREES", 5)
    rng = np.random.default_rng(2)
    features = rng.normal(size=(4_000, 5)).astype(np.float32)
    bought = rng.random(4_000) < 1 / (1 + np.exp(2 - features[:, 0]))
    made = []
    for processors in (1, 2):
        monkeypatch.setattr(ranker, "threads", lambda processors=processors: processors)
        made.append(ranker.Ranker.fit(features, bought, np.full(200, 20), seed=1))
    assert made[0].trees == made[1].trees
    assert (made[0].score(features) == made[1].score(features)).all()


def test_a_warm_start_gives_the_same_bytes_every_time(small_model, small_shop, tmp_path):
    one, two = (
        sha256_of(fitted(small_shop.history, parent=small_model), tmp_path) for _ in range(2)
    )
    assert one == two != sha256_of(small_model, tmp_path)


def test_a_history_in_chunks_gives_the_same_lists(small_model, small_shop):
    history = small_shop.history
    chunks = [history[history["customer"] % 3 == part] for part in range(3)]
    assert_alike(fitted(chunks), small_model)


def test_what_lies_after_today_changes_no_byte(small_model, small_shop, tmp_path):
    late = small_shop.history.copy()
    late["day"] = (late["day"] + 400).astype("int32")
    late["item"] = FIRST_ITEM + late["item"] * 7 % ITEMS
    others = late.assign(order=late["order"] + 2_000_000, customer=late["customer"] + 50)
    # Lines of orders that today knows in part, and orders of their own.
    told = pd.concat([small_shop.history, late, others])
    assert sha256_of(fitted(told), tmp_path) == sha256_of(small_model, tmp_path)


def test_an_artifact_gives_the_model_back(model, tmp_path):
    sha256 = sha256_of(model, tmp_path)
    loaded = artifact.load(tmp_path / "model", sha256=sha256)
    assert loaded.meta.seed == 0
    assert_alike(loaded.model, model)
    assert loaded.model.taught == TODAY
    assert loaded.model.figures == model.figures
    assert sha256_of(loaded.model, tmp_path) == sha256


def test_an_artifact_without_a_ranker_gives_the_model_back(a_shop, tmp_path):
    thin = fitted(a_shop)
    sha256 = sha256_of(thin, tmp_path)
    loaded = artifact.load(tmp_path / "model").model
    assert loaded.ranker is None
    assert_alike(loaded, thin)
    assert sha256_of(loaded, tmp_path) == sha256


# ── Where nothing can be learnt ──────────────────────────────────────────────────────────────────


def few_learners(history):
    return history[history["customer"] < teaching.LEAST_LEARNERS]


def first_baskets(history):
    orders = history.sort_values(["day", "order"]).drop_duplicates("customer")["order"]
    return history[history["order"].isin(orders)]


def few_learners_on_one_day(history):
    return few_learners(history).assign(day=np.int32(TODAY))


def always_the_same(history):
    """Everybody buys the same three items every time, which counting foretells perfectly."""
    orders = history.drop_duplicates("order")
    return pd.concat([orders.assign(item=item) for item in (1, 2, 3)])


@pytest.mark.parametrize(
    "cut", [few_learners, first_baskets, few_learners_on_one_day, always_the_same]
)
def test_where_nothing_is_learnt_counting_speaks(shop, cut):
    history = cut(shop.history)
    model = fitted(history)
    plain = PersonalGlobal.fit(history, today=TODAY)
    assert (model.ranker, model.views, model.rule) == (None, None, "counted")
    told = ["customer", "item", "rank", "source", "reason", "times", "last_day"]
    for purpose in PURPOSES:
        mine, other = (
            one.recommend(np.append(EVERYBODY, NOBODY), 12, purpose=purpose)
            for one in (model, plain)
        )
        pd.testing.assert_frame_equal(mine[told], other[told])


def test_a_shop_that_knows_no_days_is_learnt_all_the_same(small_shop, monkeypatch):
    monkeypatch.setattr(ranker, "TREES", 5)
    model = fitted(small_shop.history.assign(day=np.int32(TODAY)))
    answer = model.recommend(EVERYBODY[:220], 5, purpose="any")
    assert len(answer) == 220 * 5
    assert np.isfinite(answer["score"]).all()


# ── What may be named, and in which order ────────────────────────────────────────────────────────


@pytest.mark.parametrize("purpose", PURPOSES)
def test_chances_fall_with_the_rank(model, purpose):
    answer = model.recommend(EVERYBODY, 10, purpose=purpose)
    assert answer["score"].between(0, 1, inclusive="neither").all()
    by_customer = answer.groupby("customer")
    assert by_customer["score"].apply(lambda score: score.is_monotonic_decreasing).all()
    assert (answer["rank"] == by_customer.cumcount() + 1).all()
    assert answer["rank"].max() == 10
    assert len(pairs_of(answer)) == len(answer)
    assert set(answer["customer"]) == set(EVERYBODY.tolist())


@pytest.mark.parametrize("purpose", PURPOSES)
def test_only_what_is_allowed_and_not_excluded_is_named(model, purpose):
    allowed = np.arange(FIRST_ITEM + 1, FIRST_ITEM + ITEMS, 2)
    full = model.recommend(EVERYBODY, 3, purpose=purpose, allowed=allowed)
    exclude = full[["customer", "item"]]
    answer = model.recommend(EVERYBODY, 10, purpose=purpose, allowed=allowed, exclude=exclude)
    assert len(answer)
    assert set(full["item"]) | set(answer["item"]) <= set(allowed.tolist())
    assert not pairs_of(answer) & pairs_of(exclude)
    nothing = np.array([], dtype=np.int64)
    assert model.recommend(EVERYBODY, 10, purpose=purpose, allowed=nothing).empty


def test_purposes_part_what_she_has_from_what_she_has_not(model, shop):
    some = EVERYBODY[:40]
    had = pairs_of(shop.history[shop.history["customer"] <= some.size])
    assert pairs_of(model.recommend(some, ITEMS, purpose="again")) == had
    discover = pairs_of(model.recommend(some, ITEMS, purpose="discover"))
    assert not discover & had
    assert len(discover) + len(had) == some.size * ITEMS
    assert len(model.recommend(some, ITEMS + 9, purpose="any")) == some.size * ITEMS


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_short_list_is_the_head_of_a_long_one(model, purpose):
    long = model.recommend(EVERYBODY, 15, purpose=purpose)
    short = model.recommend(EVERYBODY, 4, purpose=purpose)
    pd.testing.assert_frame_equal(short, long[long["rank"] <= 4].reset_index(drop=True))


def test_who_is_asked_about_together_changes_nothing(model):
    together = model.recommend(EVERYBODY[::-1], 10, purpose="any")
    alone = model.recommend(np.array([17, NOBODY, 17]), 10, purpose="any")
    pd.testing.assert_frame_equal(
        alone[alone["customer"] == 17],
        together[together["customer"] == 17].reset_index(drop=True),
        rtol=1e-5,
    )


def test_who_is_unknown_gets_what_is_popular(model, shop):
    answer = model.recommend(np.array([NOBODY]), 4, purpose="any")
    orders = shop.history.drop_duplicates(["order", "item"])["item"].value_counts()
    assert answer["item"].tolist() == sorted(orders.index, key=lambda i: (-orders[i], i))[:4]
    assert set(answer["source"]) == set(answer["reason"]) == {"popular"}
    assert model.recommend(np.array([NOBODY]), 4, purpose="again").empty


# ── Reasons ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("purpose", PURPOSES)
def test_reasons_are_true(model, shop, purpose):
    answer = model.recommend(EVERYBODY, 15, purpose=purpose)
    truth = shop.history.groupby(["customer", "item"]).agg(
        n=("order", "nunique"), last=("day", "max")
    )
    known = answer.join(truth, on=["customer", "item"])
    assert (known["times"] == known["n"].fillna(0)).all()
    hers = known["source"] == "personal"
    assert ((known["times"] > 0) == hers).all()
    assert (known["last_day"] == known["last"])[hers].all()
    assert set(answer[hers]["reason"]) <= {"bought_often", "bought_lately", "bought_before"}


def test_an_item_goes_with_one_of_hers(model, shop):
    answer = model.recommend(EVERYBODY, 10, purpose="any")
    said = answer[answer["reason"] == "goes_with"]
    assert len(said) > CUSTOMERS
    assert answer[answer["reason"] != "goes_with"]["because"].isna().all()
    last = shop.history.groupby(["customer", "item"])["day"].max()
    day = last.reindex(pd.MultiIndex.from_frame(said[["customer", "because"]].astype("int64")))
    assert said["because_day"].tolist() == day.tolist()
    items = model.habits.bought.items
    because = np.searchsorted(items, said["because"].astype("int64"))
    item = np.searchsorted(items, said["item"])
    pair = model.views.alike[because, item] + model.views.follows[because, item]
    assert (pair > 0).all()


def test_a_follower_goes_with_its_starter(model, shop):
    answer = model.recommend(EVERYBODY, 3, purpose="discover")
    mine = answer[(chance_of(shop, answer) > 0.5) & (answer["reason"] == "goes_with")]
    starter = mine["because"] == mine["item"] - (FOLLOWERS[0] - STARTERS[0])
    assert len(mine) > 50
    assert starter.mean() > 0.9


# ── Chances ──────────────────────────────────────────────────────────────────────────────────────


def test_a_chance_comes_true_as_often_as_it_says(model, shop):
    answer = model.recommend(EVERYBODY, 10, purpose="any")
    answer["law"] = chance_of(shop, answer)
    assert abs(answer["score"].mean() - answer["law"].mean()) < 0.02
    band = answer.groupby(pd.cut(answer["score"], [0, 0.1, 0.3, 0.5, 1.0]), observed=True)
    mean = band[["score", "law"]].mean()
    assert len(mean) == 4
    assert (mean["score"] - mean["law"]).abs().max() < 0.1


# ── From one night to the next ───────────────────────────────────────────────────────────────────


def test_a_warm_start_is_as_good_as_a_cold_one(small_model, small_shop):
    parent = TwoStage.fit(small_shop.history, today=TODAY - 30, **SMALL)
    warm = fitted(small_shop.history, parent=parent)
    assert warm.ranker is parent.ranker is not None
    assert warm.taught == parent.taught == TODAY - 30
    assert (warm.rule, warm.figures) == (parent.rule, parent.figures)
    assert warm.habits.bought.today == TODAY
    rng = np.random.default_rng(3)
    baskets = (
        rng.random((40, *small_shop.chance.shape)) < small_shop.chance
    )  # her next one, many times over
    recall = []
    for one in (small_model, warm):
        answer = one.recommend(EVERYBODY[:220], 10, purpose="any")
        q, item = answer["customer"] - 1, answer["item"] - FIRST_ITEM
        hits = np.zeros(baskets.shape[:2])
        np.add.at(hits.T, q, baskets[:, q, item].T)
        recall.append((hits / np.maximum(baskets.sum(axis=2), 1)).mean())
    cold, found = recall
    assert found > cold - max(0.02 * cold, 0.01)


def test_a_warm_start_takes_in_new_customers_and_items(small_model, small_shop, tmp_path):
    new = shop_of(30, seed=9, first_customer=1_001).history
    new["item"] += np.where(new["item"] % 2, 500, 0)
    history = pd.concat([small_shop.history, new])
    warm = fitted(history, parent=small_model)
    answer = warm.recommend(np.arange(1_001, 1_031), 10, purpose="any")
    assert len(answer) == 300
    fresh = answer[answer["item"] > FIRST_ITEM + 500]
    assert set(fresh["source"]) >= {"personal"}
    assert answer["score"].between(0, 1, inclusive="neither").all()
    assert warm.taught == TODAY
    sha256 = sha256_of(warm, tmp_path)
    assert artifact.load(tmp_path / "model", sha256=sha256).meta.parent is not None


def test_a_warm_start_from_nothing_learnt_goes_on_counting(a_shop, small_shop):
    thin = fitted(a_shop)
    warm = fitted(small_shop.history, parent=thin)
    assert (warm.ranker, warm.views, warm.rule) == (None, None, "counted")
    assert_alike(warm, fitted(small_shop.history, parent=warm))
