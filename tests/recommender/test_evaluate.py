import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.evaluate import UnableToEvaluate, evaluate_items, evaluate_timing, latest_origins
from recommender.item_trial import hold_out, without_last_baskets
from recommender.items.als import Als
from recommender.items.personal import Personal
from recommender.items.popularity import Popularity
from recommender.timing.interval import Interval
from recommender.timing.law import Law


class Stub:
    """Ranks all items it saw, differently for each customer, by no rule worth knowing."""

    def __init__(self, history):
        self.items = sorted(set(history["item"]))

    @classmethod
    def fit(cls, history, *, today):
        return cls(history)

    def recommend(self, customers, k, *, purpose):
        rows = [
            (who, item, rank)
            for who in customers
            for rank, item in enumerate(
                sorted(self.items, key=lambda item, who=who: (item * 7919 + who * 31) % 13)[:k], 1
            )
        ]
        return pd.DataFrame(rows, columns=["customer", "item", "rank"]).astype("int64")


def slowly(history, fit, *, ks, min_baskets, min_rows, test_users=None):
    """The items protocol with loops, sets and no arrays."""
    rows = history["item"].value_counts()
    history = history[history["item"].map(rows) >= min_rows]
    today = history["day"].max()
    held, figures = {}, []
    for customer, hers in history.groupby("customer"):
        baskets = sorted({(row.day, row.order) for row in hers.itertuples()})
        listed = test_users is None or customer in test_users
        if len(baskets) >= min_baskets and listed:
            held[customer] = baskets[-1][1]
    before = history[~history["order"].isin(held.values())]
    buyers = before.groupby("item")["customer"].agg(set)
    everybody = before["customer"].nunique()
    model = fit(before, today=today)
    named = {k: set() for k in ks}
    for customer, order in held.items():
        truth = set(history[history["order"] == order]["item"])
        had = set(before[before["customer"] == customer]["item"])
        ranked = model.recommend(np.array([customer]), max(ks), purpose="any")["item"].tolist()
        mine = {}
        for k in ks:
            said = ranked[:k]
            named[k] |= set(said)
            gain = sum(1 / math.log2(i + 2) for i, item in enumerate(said) if item in truth)

            def ideal(length):
                return sum(1 / math.log2(i + 2) for i in range(length))

            def found(of, said=said):
                return len(of & set(said)) / len(of) if of else math.nan

            bits = [-math.log2(len(buyers[item]) / everybody) for item in said]
            mine |= {
                f"recall@{k}": found(truth),
                f"ndcg@{k}": gain / ideal(min(k, len(truth))),
                f"ndcg_all@{k}": gain / ideal(len(truth)),
                f"repeat_recall@{k}": found(truth & had),
                f"explore_recall@{k}": found(truth - had),
                f"phr@{k}": float(bool(truth & set(said))),
                f"novelty@{k}": sum(bits) / len(bits),
            }
        figures.append(mine)
    means = pd.DataFrame(figures).mean().to_dict()
    covered = {f"coverage@{k}": len(named[k]) / len(buyers) for k in ks}
    return means | covered | {"customers": float(len(held))}


@pytest.mark.parametrize("fit", [Popularity.fit, Personal.fit])
def test_item_figures_equal_a_slow_textbook_protocol(a_shop, fit):
    bounds = {"ks": (2, 6), "min_baskets": 6, "min_rows": 12}
    found = evaluate_items(a_shop, {"it": fit}, **bounds).figures["it"]
    assert found == pytest.approx(slowly(a_shop, fit, **bounds))


orders = st.lists(
    st.tuples(
        st.integers(1, 4), st.integers(0, 4), st.lists(st.integers(1, 8), min_size=1, max_size=4)
    ),
    min_size=3,
    max_size=14,
)


@settings(max_examples=60)
@given(orders, st.integers(2, 3), st.integers(1, 2), st.booleans())
def test_every_item_figure_is_what_its_definition_says(made, min_baskets, min_rows, some):
    rows = [
        (who, place * 37 % 17, item, day)
        for place, (who, day, items) in enumerate(made)
        for item in items
    ]
    history = pd.DataFrame(rows, columns=["customer", "order", "item", "day"])
    bounds = {"ks": (1, 3), "min_baskets": min_baskets, "min_rows": min_rows}
    if some:
        bounds["test_users"] = np.array([1, 2, 99])
    try:
        found = evaluate_items(history, {"it": Stub.fit}, **bounds).figures["it"]
    except UnableToEvaluate:
        return
    assert found == pytest.approx(slowly(history, Stub.fit, **bounds), nan_ok=True)


def test_the_figures_are_the_means_of_what_each_customer_has(a_shop):
    found = evaluate_items(a_shop, {"it": Personal.fit}, min_rows=1)
    each = found.by_customer["it"]
    assert each["recall@10"].shape == (int(found.figures["it"]["customers"]),)
    for name, values in each.items():
        assert np.nanmean(values) == pytest.approx(found.figures["it"][name])


def test_others_keep_their_last_baskets(a_shop):
    held = hold_out(a_shop, min_baskets=5, min_rows=1, test_users=np.array([3, 5]))
    assert held.customers.tolist() == [3, 5]
    assert set(a_shop["order"]) - set(held.before["order"]) == set(
        a_shop.sort_values("day")[lambda rows: rows["customer"].isin([3, 5])]
        .groupby("customer")["order"]
        .last()
    )


def test_two_baskets_are_enough_and_of_one_day_the_higher_order_key_is_the_last(a_history):
    history = a_history((1, 20, 5, 0), (1, 3, 6, 0), (2, 8, 6, 0), (2, 9, 5, 0))
    held = hold_out(history, min_baskets=2, min_rows=1)
    assert sorted(held.before["order"]) == [3, 8]
    assert held.items[held.truth % held.items.size].tolist() == [5, 5]


def test_without_last_baskets_the_one_before_is_the_last(a_history):
    history = a_history((1, 1, 5, 9), (1, 2, 6, 5), (1, 3, 7, 0), (2, 4, 5, 0))
    assert without_last_baskets(history)["order"].tolist() == [1, 2]
    kept = without_last_baskets(history, but_of=np.array([1]))
    assert kept["order"].tolist() == [1, 2, 3]


def test_a_model_that_cannot_be_fitted_is_left_out_and_the_others_are_measured(a_history):
    history = a_history(*((who, 10 * who + n, n, 9 - n) for who in (1, 2) for n in range(3)))
    models = {"als": Als.fit, "popularity": Popularity.fit}
    found = evaluate_items(history, models, min_baskets=2, min_rows=1)
    assert set(found.figures) == {"popularity"}
    assert "lower min_orders" in found.left_out["als"]


def test_no_model_sees_what_is_held_out(a_shop):
    seen = []

    def watch(history, *, today):
        seen.append(history)
        return Popularity.fit(history, today=today)

    evaluate_items(a_shop, {"it": watch}, min_baskets=5, min_rows=1)
    baskets = a_shop.drop_duplicates("order").sort_values("day").groupby("customer")["order"]
    held = set(baskets.last()[baskets.size() >= 5])
    assert set(a_shop["order"]) - set(seen[0]["order"]) == held


def test_a_sample_of_customers_is_the_same_for_the_same_seed(a_shop):
    def run(seed):
        models = {"it": Personal.fit}
        return evaluate_items(a_shop, models, max_customers=20, seed=seed).figures

    assert run(1) == run(1)
    assert run(1)["it"]["customers"] == 20
    assert run(1) != run(2)


def test_a_history_too_short_to_hold_out_is_refused(a_history):
    with pytest.raises(UnableToEvaluate, match="no customer has 5 baskets"):
        evaluate_items(a_history((1, 1, 1, 0)), {"it": Popularity.fit})


class Oracle:
    """Knows the future and says so."""

    def __init__(self, future):
        self.future = future

    def due(self, pairs, *, today, horizon):
        later = self.future[(self.future["day"] > today) & (self.future["day"] <= today + horizon)]
        keys = ["customer", "type"]
        came = pd.MultiIndex.from_frame(pairs[keys]).isin(pd.MultiIndex.from_frame(later[keys]))
        return pairs.assign(probability=came.astype(float))


def test_who_knows_the_future_is_perfect(rhythms, today):
    def fit(past, *, today):
        return Oracle(rhythms)

    origins = latest_origins(today, horizon=7, count=3)
    figures = evaluate_timing(rhythms, {"it": fit}, origins=origins, horizon=7).figures["it"]
    assert figures["auc"] == figures["ap"] == figures["care_ap"] == 1.0
    assert figures["brier"] == figures["ece"] == 0.0


def test_no_timing_model_sees_beyond_its_origin(rhythms, today):
    seen = []

    def watch(past, *, today):
        seen.append((today, past["day"].max()))
        return Interval.fit(past, today=today)

    origins = latest_origins(today, horizon=14, count=2)
    evaluate_timing(rhythms, {"it": watch}, origins=origins, horizon=14)
    assert seen == [(origin, origin) for origin in (today - 28, today - 14)]


def test_only_pairs_with_a_rhythm_are_candidates(purchase_days, today):
    days = purchase_days(
        (1, 1, [today - 60, today - 40, today - 20, today]),
        (2, 1, [today - 60, today - 40, today]),
        (3, 1, [today - 60, today - 50, today - 40]),
    )
    found = evaluate_timing(days, {"it": Interval.fit}, origins=[today - 7], horizon=7)
    assert found.figures["it"]["pairs"] == 2.0
    assert found.figures["it"]["due_share"] == 0.5


def test_the_law_beats_the_mean_interval_where_rhythms_exist(rhythms, today):
    origins = latest_origins(today, horizon=7, count=4)
    models = {"law": Law.fit, "interval": Interval.fit}
    figures = evaluate_timing(rhythms, models, origins=origins, horizon=7).figures
    assert figures["law"]["ap"] > figures["interval"]["ap"] + 0.01
    assert figures["law"]["brier"] < figures["interval"]["brier"]
    assert figures["law"]["ece"] < 0.03


def test_origins_whose_future_is_unknown_are_refused(rhythms, today):
    with pytest.raises(UnableToEvaluate, match="latest_origins"):
        evaluate_timing(rhythms, {"it": Interval.fit}, origins=[today - 6], horizon=7)


def test_latest_origins_leave_the_horizon_free():
    assert latest_origins(100, horizon=7, count=3) == [65, 79, 93]
