"""The rules of the shop: what may be named to whom tonight."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.domain.assortment import (
    SHELF,
    RecommendationRules,
    chosen,
    cooling,
    disliked,
    explorers,
    shelf,
    succeeded,
    suits,
    with_sayable_evidence,
    with_something_new,
)
from tests.goods import a_product, products

NIGHT = date(2017, 11, 14)
COFFEE, TEA, MUG, OLD_MUG = 10, 20, 30, 31
CATEGORY = {COFFEE: "DRINKS", TEA: "DRINKS", MUG: "KITCHEN", OLD_MUG: "KITCHEN"}


PLAIN = RecommendationRules()


def a_shelf(*rows, rules=PLAIN, unsaid=(), sold_lately=None, category=None):
    """What is on the shelf tonight, by product; all of it was sold lately unless told."""
    told = products(*rows)
    kinds = CATEGORY if category is None else category
    sold = told.assign(
        category=pd.array([kinds.get(key, "") for key in told["product_key"]], dtype="str"),
        product_type=("TYPE " + told["type_key"].astype("str")).astype("str"),
    )
    lately = sold["product_key"] if sold_lately is None else pd.Series(sold_lately, dtype="int64")
    return shelf(sold, rules, unsaid=unsaid, sold_lately=lately, night=NIGHT)


def nameable(*rows, **told):
    found = a_shelf(*rows, **told)
    return found["product_key"][found["nameable"]].tolist()


def ranked(*rows, wished=3):
    """(touch, product key, type, kind) rows as they come from a model, best first."""
    frame = pd.DataFrame(list(rows), columns=["touch_id", "product_key", "type_key", "kind"])
    return frame.assign(
        customer_key=frame["touch_id"],
        rank=range(1, len(frame) + 1),
        wished=wished,
        about=pd.array([pd.NA] * len(frame), dtype="Int64"),
        category_word=frame["kind"].str.lower(),
        type_word="type " + frame["type_key"].astype("str"),
    )


def pairs(*rows):
    return pd.MultiIndex.from_tuples(rows) if rows else pd.MultiIndex.from_arrays([[], []])


# ── For everybody alike ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "told",
    [{"stock": 0}, {"stage": "retired"}, {"flagged_on": pd.Timestamp("2017-11-01")}],
    ids=["out of stock", "retired", "flagged"],
)
def test_what_cannot_be_had_or_has_a_fault_is_not_named(told):
    assert nameable(a_product(COFFEE, **told), a_product(TEA)) == [TEA]


def test_what_is_kept_silent_is_not_named_and_is_no_evidence_either():
    found = a_shelf(a_product(COFFEE), a_product(MUG), unsaid=["DRINKS"])
    assert found["nameable"].tolist() == [False, True]
    assert found["sayable"].tolist() == [False, True]


def test_what_nobody_bought_lately_is_not_named_unless_it_is_new():
    new = a_product(TEA, introduced_on=pd.Timestamp("2017-11-10"))
    called = a_product(MUG, stage="introduction")
    coming = a_product(OLD_MUG, introduced_on=pd.Timestamp("2017-12-01"))
    told = nameable(a_product(COFFEE), new, called, coming, sold_lately=[])
    assert told == [TEA, MUG]


@pytest.mark.parametrize(("months", "named"), [((10, 11), True), ((3, 4), False)])
def test_goods_of_a_season_are_named_in_its_months(months, named):
    rules = RecommendationRules(seasons={"DRINKS": months})
    assert (COFFEE in nameable(a_product(COFFEE), a_product(MUG), rules=rules)) == named
    assert MUG in nameable(a_product(COFFEE), a_product(MUG), rules=rules)


# ── For each customer ───────────────────────────────────────────────────────────────────────────


def bought(*rows):
    frame = pd.DataFrame(list(rows), columns=["customer_key", "product_key", "bought_on"])
    return frame.astype({"bought_on": "datetime64[s]"})


def test_what_was_just_bought_rests_for_as_long_as_its_category_says():
    rules = RecommendationRules(default_cool_down_days=2, cool_down_days={"KITCHEN": 90})
    goods = a_shelf(a_product(COFFEE), a_product(MUG), rules=rules)
    day_of = {ago: NIGHT - timedelta(days=ago) for ago in (1, 2, 3, 90, 91)}
    resting = cooling(
        bought(
            (1, COFFEE, day_of[2]),
            (2, COFFEE, day_of[3]),
            (3, MUG, day_of[90]),
            (4, MUG, day_of[91]),
        ),
        goods,
        rules,
        night=NIGHT,
    )
    assert set(resting) == {(1, "DRINKS"), (3, "KITCHEN")}


def test_without_a_cool_down_nothing_rests():
    rules = RecommendationRules(default_cool_down_days=0)
    goods = a_shelf(a_product(COFFEE), rules=rules)
    yesterday = bought((1, COFFEE, NIGHT - timedelta(days=1)))
    assert len(cooling(yesterday, goods, rules, night=NIGHT)) == 0


def test_a_product_without_a_category_rests_with_its_type():
    rules = RecommendationRules()
    goods = a_shelf(a_product(COFFEE), category={}, rules=rules)
    yesterday = bought((1, COFFEE, NIGHT - timedelta(days=1)))
    assert set(cooling(yesterday, goods, rules, night=NIGHT)) == {(1, "TYPE 7")}


def test_all_of_a_category_that_rests_is_left_out_for_her_alone():
    rows = ranked((1, COFFEE, 1, "DRINKS"), (1, MUG, 3, "KITCHEN"), (2, TEA, 2, "DRINKS"))
    fits = suits(rows, warm=pairs((1, "DRINKS")), unwanted=pairs())
    assert fits.tolist() == [False, True, True]


def test_what_she_dislikes_is_left_out_by_category_or_type():
    people = pd.DataFrame({"customer_key": [1, 2, 3], "dislikes": ["drinks; type 9", None, "x"]})
    rows = ranked((1, COFFEE, 1, "DRINKS"), (1, MUG, 9, "KITCHEN"), (1, TEA, 2, "BOOKS"),
                  (2, COFFEE, 1, "DRINKS"))  # fmt: skip
    fits = suits(rows, warm=pairs(), unwanted=disliked(people))
    assert fits.tolist() == [False, False, True, True]


def test_the_very_type_that_the_letter_is_about_is_left_out():
    rows = ranked((1, COFFEE, 1, "DRINKS"), (1, TEA, 2, "DRINKS")).assign(about=1)
    assert suits(rows, warm=pairs(), unwanted=pairs()).tolist() == [False, True]


def test_one_of_a_type_and_few_of_a_category_are_named_the_best_first():
    rows = ranked((1, 1, 1, "A"), (1, 2, 1, "A"), (1, 3, 2, "A"), (1, 4, 3, "A"), (1, 5, 4, "B"))
    two = chosen(rows, RecommendationRules(max_per_category=2))
    assert two["product_key"].tolist() == [1, 3, 5]
    one = chosen(rows, RecommendationRules(max_per_category=1))
    assert one["product_key"].tolist() == [1, 5]


# ── Successors ──────────────────────────────────────────────────────────────────────────────────


def answers(*rows):
    """(item, times, last day) of customer 1, as a model answers."""
    frame = pd.DataFrame(list(rows), columns=["item", "times", "last_day"])
    nothing = pd.array([pd.NA] * len(frame), dtype="Int64")
    return frame.astype({"last_day": "Int32"}).assign(
        reason=pd.array(["bought_before"] * len(frame), dtype="str"),
        because=nothing,
        because_day=nothing.astype("Int32"),
    )


RETIRED = a_product(OLD_MUG, stage="retired", successor_key=MUG)


def test_what_is_retired_gives_its_place_to_what_follows_it_and_says_so():
    told = succeeded(answers((OLD_MUG, 2, 17_000), (COFFEE, 1, 17_100)),
                     a_shelf(RETIRED, a_product(MUG), a_product(COFFEE)))  # fmt: skip
    assert told["item"].tolist() == [MUG, COFFEE]
    assert told["reason"].tolist() == ["follows", "bought_before"]
    assert told["because"].tolist() == [OLD_MUG, pd.NA]
    assert told["because_day"].tolist() == [17_000, pd.NA]


def test_that_others_liked_what_is_retired_says_nothing_of_what_follows_it():
    told = succeeded(answers((OLD_MUG, 0, pd.NA)), a_shelf(RETIRED, a_product(MUG)))
    assert told.empty


@pytest.mark.parametrize("told", [{"stock": 0}, {"flagged_on": pd.Timestamp(NIGHT)}])
def test_nothing_follows_that_may_not_be_named_itself(told):
    found = a_shelf(RETIRED, a_product(MUG, **told))
    assert found["successor_key"].isna().all()


def test_what_follows_may_be_named_before_anybody_bought_it():
    found = a_shelf(RETIRED, a_product(MUG), sold_lately=[])
    assert found["successor_key"].tolist() == [MUG, pd.NA]


# ── Something new ───────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 300), st.floats(0, 0.5))
def test_never_more_letters_explore_than_their_share(count, share):
    touches = pd.DataFrame({"touch_id": range(count), "customer_key": range(500, 500 + count)})
    touches = touches.astype("int64")
    drawn = explorers(touches, share, salt="s", night=NIGHT)
    assert len(drawn) <= share * count
    again = explorers(touches.sample(frac=1, random_state=1), share, salt="s", night=NIGHT)
    assert sorted(drawn) == sorted(again)


def test_another_night_lets_others_explore():
    touches = pd.DataFrame({"touch_id": range(500), "customer_key": range(500)}).astype("int64")
    first, second = (explorers(touches, 0.1, salt="s", night=NIGHT + timedelta(days=day))
                     for day in (0, 1))  # fmt: skip
    assert 20 < len(first) <= 50
    assert len(set(first) & set(second)) < 20


def test_something_new_takes_the_last_place_and_no_other():
    best = ranked((1, 1, 1, "A"), (1, 2, 2, "A"), (2, 3, 3, "B"), (2, 4, 4, "B"), wished=2)
    new = ranked((1, 9, 9, "C"), (1, 8, 8, "C"), wished=2)
    told = with_something_new(best, new, RecommendationRules())
    by_touch = told.groupby("touch_id")["product_key"].apply(list).to_dict()
    assert by_touch == {1: [1, 9], 2: [3, 4]}


def test_something_new_obeys_the_same_limits():
    best = ranked((1, 1, 1, "A"), (1, 2, 2, "A"), (1, 3, 3, "B"))
    rules = RecommendationRules(max_per_category=2)
    of_her_type = ranked((1, 9, 2, "C"))
    of_a_full_category = ranked((1, 8, 8, "A"))
    for new in (of_her_type, of_a_full_category):
        assert with_something_new(best, new, rules)["product_key"].tolist() == [1, 2, 3]


def test_a_list_that_is_short_grows_by_what_is_new():
    best = ranked((1, 1, 1, "A"))
    told = with_something_new(best, ranked((1, 9, 9, "C")), RecommendationRules())
    assert told["product_key"].tolist() == [1, 9]


# ── Evidence ────────────────────────────────────────────────────────────────────────────────────


def resting(reason, because, locale="en"):
    return pd.DataFrame(
        {
            "reason": pd.array([reason], dtype="str"),
            "because": pd.array([because], dtype="Int64"),
            "because_day": pd.array([17_000], dtype="Int32"),
            "locale": [locale],
        }
    )


@pytest.mark.parametrize(
    ("reason", "instead"), [("goes_with", "similar_customers"), ("follows", None)]
)
def test_evidence_that_must_not_be_named_gives_way_to_another_truth_or_to_none(reason, instead):
    goods = a_shelf(a_product(COFFEE), a_product(MUG), unsaid=["DRINKS"])
    (told,) = with_sayable_evidence(resting(reason, COFFEE), goods).to_dict("records")
    assert told["reason"] == instead if instead else pd.isna(told["reason"])
    assert pd.isna(told["because"])
    assert pd.isna(told["because_day"])
    (kept,) = with_sayable_evidence(resting(reason, MUG), goods).to_dict("records")
    assert (kept["reason"], kept["because"]) == (reason, MUG)


def test_evidence_without_a_name_in_her_language_is_not_named():
    goods = a_shelf(a_product(MUG, name_zh=None))
    (english,) = with_sayable_evidence(resting("goes_with", MUG), goods).to_dict("records")
    (chinese,) = with_sayable_evidence(resting("goes_with", MUG, "zh-CN"), goods).to_dict("records")
    assert (english["reason"], chinese["reason"]) == ("goes_with", "similar_customers")


# ── On any shop ─────────────────────────────────────────────────────────────────────────────────

A_PRODUCT = st.fixed_dictionaries(
    {
        "type_key": st.integers(1, 6),
        "stage": st.sampled_from([None, "maturity", "decline", "retired", "introduction"]),
        "stock": st.sampled_from([None, 0, 5]),
        "successor_key": st.sampled_from([None, 1, 2, 3, 4]),
        "flagged_on": st.sampled_from([pd.NaT, pd.Timestamp("2017-11-01")]),
        "name_zh": st.sampled_from([None, "茶"]),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(A_PRODUCT, min_size=1, max_size=12), st.data())
def test_no_rule_is_broken_on_any_shop(goods, data):
    draw = data.draw
    keys = list(range(1, len(goods) + 1))
    category = {key: draw(st.sampled_from(["", "A", "B", "C"])) for key in keys}
    rules = RecommendationRules(
        max_per_category=draw(st.integers(1, 3)),
        default_cool_down_days=draw(st.integers(0, 4)),
        cool_down_days={"B": draw(st.integers(0, 40))},
        seasons={"C": (draw(st.integers(1, 12)),)},
    )
    lately = draw(st.lists(st.sampled_from(keys), unique=True))
    rows = [a_product(key, **told) for key, told in zip(keys, goods, strict=True)]
    found = a_shelf(*rows, rules=rules, unsaid=["X"], sold_lately=lately, category=category)
    assert dict(found.dtypes.astype(str)) == dict(SHELF.dtypes)

    asked = [(c, key, draw(st.integers(0, 2))) for c in (1, 2) for key in keys]
    allowed = set(found["product_key"][found["nameable"] | found["successor_key"].notna()])
    model = pd.concat(
        [answers((key, times, 17_000 if times else pd.NA)).assign(customer_key=customer)
         for customer, key, times in asked if key in allowed]
        or [answers().assign(customer_key=pd.Series(dtype="int64"))]
    )  # fmt: skip
    told = succeeded(model.reset_index(drop=True), found)
    told = told.assign(touch_id=told["customer_key"], rank=range(len(told)), wished=3, about=6)
    told = told.merge(found, left_on="item", right_on="product_key")
    yesterday = bought(*((1, key, NIGHT - timedelta(days=1)) for key in keys[:2]))
    warm = cooling(yesterday, found, rules, night=NIGHT)
    best = chosen(told[suits(told, warm=warm, unwanted=pairs((2, "a")))], rules)

    by_key = dict(zip(keys, rows, strict=True))
    for row in best.to_dict("records"):
        product = by_key[row["item"]]
        assert product["stage"] != "retired"
        assert product["stock"] != 0
        assert pd.isna(product["flagged_on"])
        assert row["type_key"] != 6
        assert (row["customer_key"], row["kind"]) not in set(warm)
        assert (row["customer_key"], category[row["item"]]) != (2, "A")
        assert category[row["item"]] != "C" or NIGHT.month in rules.seasons["C"]
        follows = row["reason"] == "follows"
        assert follows or row["item"] in lately or product["stage"] == "introduction"
        if follows:
            assert by_key[row["because"]]["stage"] == "retired"
            assert row["times"] > 0
    assert not best.duplicated(["touch_id", "type_key"]).any()
    counts = best.groupby(["touch_id", "kind"]).size()
    assert counts.empty or counts.max() <= rules.max_per_category
    assert best.empty or best.groupby("touch_id").size().max() <= 3
    assert np.all(best.groupby("touch_id")["rank"].diff().dropna() > 0)
