import numpy as np
import pandas as pd
import pytest

from recommender import columns
from recommender.items import MODELS, fits, shortlist
from recommender.items.als import Als, UnableToFitAls
from recommender.items.bought import Bought
from recommender.items.model import Source
from recommender.items.personal import Personal
from recommender.items.shortlist import BLOCK, Candidates

ALL = np.arange(1, 81)
NOBODY = 999


@pytest.fixture(scope="module", params=MODELS)
def model(request, a_shop, today):
    return fits([request.param])[request.param](a_shop, today=today)


def pairs_of(frame):
    return set(zip(frame["customer"].tolist(), frame["item"].tolist(), strict=True))


def test_answers_carry_the_declared_columns(model):
    for customers in (ALL, np.array([], dtype=np.int64), np.array([NOBODY])):
        answer = model.recommend(customers, 3, purpose="any")
        assert {n: str(t) for n, t in answer.dtypes.items()} == dict(columns.RECOMMENDATIONS)


@pytest.mark.parametrize("purpose", ["again", "discover", "any"])
def test_ranks_run_from_one_without_gaps_or_repeats(model, purpose):
    answer = model.recommend(ALL, 7, purpose=purpose)
    assert len(pairs_of(answer)) == len(answer) > 0
    place = answer.groupby("customer").cumcount() + 1
    assert (answer["rank"] == place).all()
    assert answer["rank"].max() == 7


def test_again_names_only_what_she_has_and_discover_only_what_she_has_not(model, a_shop):
    had = pairs_of(a_shop)
    assert pairs_of(model.recommend(ALL, 10, purpose="again")) <= had
    for k in (10, 60):
        assert not pairs_of(model.recommend(ALL, k, purpose="discover")) & had


def test_a_list_longer_than_what_there_is_holds_all_there_is(model, a_shop):
    answer = model.recommend(ALL, 100, purpose="any")
    assert answer.groupby("customer").size().tolist() == [a_shop["item"].nunique()] * ALL.size


def test_any_keeps_the_repeats(model, a_shop):
    assert pairs_of(model.recommend(ALL, 10, purpose="any")) & pairs_of(a_shop)


def test_an_unknown_customer_gets_what_is_popular_so_labelled(model, a_shop):
    answer = model.recommend(np.array([NOBODY]), 4, purpose="any")
    orders = a_shop.drop_duplicates(["order", "item"])["item"].value_counts()
    best = sorted(orders.index, key=lambda item: (-orders[item], item))[:4]
    assert answer["item"].tolist() == best
    assert set(answer["source"]) == {"popular"}
    assert set(answer["reason"]) == {"popular"}
    assert set(answer["times"]) == {0}
    assert answer["last_day"].isna().all()
    assert model.recommend(np.array([NOBODY]), 4, purpose="again").empty


@pytest.mark.parametrize("purpose", ["again", "discover", "any"])
def test_only_allowed_items_are_named(model, purpose):
    allowed = np.arange(101, 140, 2)
    answer = model.recommend(ALL, 10, purpose=purpose, allowed=allowed)
    assert len(answer)
    assert set(answer["item"]) <= set(allowed.tolist())
    nothing = np.array([], dtype=np.int64)
    assert model.recommend(ALL, 10, purpose=purpose, allowed=nothing).empty


@pytest.mark.parametrize("purpose", ["again", "discover", "any"])
def test_excluded_pairs_give_way_to_the_next_best(model, purpose):
    full = model.recommend(ALL, 12, purpose=purpose)
    first = full[full["rank"] <= 3][["customer", "item"]]
    stranger = pd.DataFrame({"customer": [NOBODY, 1], "item": [100, 12345]})
    answer = model.recommend(ALL, 5, purpose=purpose, exclude=pd.concat([first, stranger]))
    expected = full[(full["rank"] > 3) & (full["rank"] <= 8)]
    pd.testing.assert_frame_equal(
        answer[["customer", "item"]], expected[["customer", "item"]].reset_index(drop=True)
    )


def test_a_short_list_is_the_head_of_a_long_one(model):
    long = model.recommend(ALL, 15, purpose="any")
    short = model.recommend(ALL, 4, purpose="any")
    pd.testing.assert_frame_equal(short, long[long["rank"] <= 4].reset_index(drop=True))


def test_who_is_asked_about_together_changes_nothing(model):
    together = model.recommend(ALL[::-1], 5, purpose="any")
    alone = model.recommend(np.array([17, 17]), 5, purpose="any")
    hers = together[together["customer"] == 17].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, hers, rtol=1e-5)


def test_blocks_of_customers_join_without_a_seam(model):
    many = np.arange(1, BLOCK + 50)
    answer = model.recommend(many, 2, purpose="any")
    assert answer["customer"].tolist() == np.repeat(many, 2).tolist()


def test_a_wrong_purpose_is_refused(model):
    with pytest.raises(ValueError, match="sell"):
        model.recommend(ALL, 1, purpose="sell")


def test_evidence_tells_how_often_and_when(model, a_shop):
    answer = model.recommend(ALL, 10, purpose="any")
    orders = a_shop.drop_duplicates(["customer", "order", "item"]).groupby(["customer", "item"])
    truth = orders.agg(n=("order", "size"), last=("day", "max")).reset_index()
    joined = answer.merge(truth, on=["customer", "item"], how="left")
    assert (joined["times"] == joined["n"].fillna(0)).all()
    known = joined["n"].notna()
    assert (joined["last_day"][known] == joined["last"][known]).all()
    assert joined["last_day"][~known].isna().all()


def test_the_future_changes_no_answer(model, a_shop, today):
    then = today - 60
    from_all = type(model).fit(a_shop, today=then)
    from_past = type(model).fit(a_shop[a_shop["day"] <= then], today=then)
    pd.testing.assert_frame_equal(
        from_all.recommend(ALL, 6, purpose="any"), from_past.recommend(ALL, 6, purpose="any")
    )


def test_personal_ranks_by_decayed_frequency(a_history, today):
    history = a_history(
        (1, 1, 5, 400), (1, 2, 5, 399), (1, 3, 5, 398), (1, 4, 6, 2), (1, 5, 7, 0), (2, 6, 9, 0)
    )
    answer = Personal.fit(history, today=today).recommend(np.array([1]), 3, purpose="again")
    assert answer["item"].tolist() == [7, 6, 5]
    lasting = Personal.fit(history, today=today, half_life_days=1e6)
    assert lasting.recommend(np.array([1]), 3, purpose="again")["item"].tolist() == [5, 7, 6]


def test_equally_frequent_items_part_by_popularity_then_by_key(a_history, today):
    history = a_history(
        (1, 1, 5, 0), (1, 1, 4, 0), (1, 1, 3, 0), (2, 2, 5, 0), (3, 3, 4, 9), (4, 4, 9, 0)
    )
    answer = Personal.fit(history, today=today).recommend(np.array([1]), 3, purpose="again")
    assert answer["item"].tolist() == [4, 5, 3]


def test_reasons_say_only_what_is_true(a_history, today):
    history = a_history(
        (1, 1, 5, 300), (1, 2, 5, 200), (1, 3, 5, 100), (1, 4, 6, 90), (1, 5, 7, 60), (2, 6, 8, 0)
    )
    answer = Personal.fit(history, today=today).recommend(np.array([1]), 9, purpose="any")
    assert dict(zip(answer["item"], answer["reason"], strict=True)) == {
        5: "bought_often",
        6: "bought_before",
        7: "bought_lately",
        8: "popular",
    }
    assert dict(zip(answer["item"], answer["source"], strict=True))[8] == "popular"


def test_als_says_similar_customers_of_what_she_never_bought(a_shop, today):
    answer = Als.fit(a_shop, today=today).recommend(ALL, 5, purpose="discover")
    ranked = answer[answer["source"] == "als"]
    assert len(ranked)
    assert set(ranked["reason"]) == {"similar_customers"}


def test_als_is_the_same_bytes_every_time(a_shop, today):
    one, two = (Als.fit(a_shop, today=today, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.customer_factors, two.customer_factors)
    np.testing.assert_array_equal(one.item_factors, two.item_factors)
    other = Als.fit(a_shop, today=today, seed=4)
    assert not np.array_equal(one.item_factors, other.item_factors)


def test_als_lets_popular_items_follow_where_its_vectors_end(a_shop, today):
    model = Als.fit(a_shop, today=today, min_orders=60)
    answer = model.recommend(ALL, 30, purpose="any")
    hers = answer[answer["customer"] == 1]["source"].tolist()
    assert hers == ["als"] * model.kept.size + ["popular"] * (30 - model.kept.size)


def test_als_without_a_frequent_item_is_refused(a_history, today):
    with pytest.raises(UnableToFitAls, match="lower min_orders"):
        Als.fit(a_history((1, 1, 1, 0)), today=today)


def a_bought_and_request(a_history, today):
    bought = Bought.of(a_history((1, 1, 5, 40), (1, 2, 6, 3), (2, 3, 7, 1)), today=today)
    return bought, next(shortlist.requests(bought, np.array([1]), allowed=None, exclude=None))


def test_a_recommendation_names_the_item_of_hers_that_it_goes_with(a_history, today):
    bought, request = a_bought_and_request(a_history, today)
    offered = Candidates(
        customer=np.array([0, 0]),
        item=np.array([2, 1]),
        score=np.array([2.0, 1.0]),
        source=Source.ITEM,
        because=np.array([0, 0]),
    )
    answer = shortlist.answer(bought, request, [offered], 5)
    assert answer["item"].tolist() == [7, 6]
    assert answer["reason"].tolist() == ["goes_with", "bought_lately"]
    assert answer["because"].tolist() == [5, pd.NA]
    assert answer["because_day"].tolist() == [today - 40, pd.NA]


def test_nothing_goes_with_what_she_never_bought(a_history, today):
    bought, request = a_bought_and_request(a_history, today)
    hers, item, score = np.array([0]), np.array([0]), np.array([1.0])
    offered = Candidates(hers, np.array([2]), score, Source.ITEM, because=np.array([2]))
    kept = Candidates(hers, item, score, Source.POPULAR, tier=1)
    answer = shortlist.answer(bought, request, [offered, kept], 5)
    assert answer["reason"].tolist() == ["similar_customers", "popular"]
    assert answer["because"].isna().all()


def test_the_models_that_look_at_no_pairs_rest_on_no_single_item(model):
    answer = model.recommend(ALL, 5, purpose="any")
    assert answer[["because", "because_day"]].isna().all(axis=None)
