import math

import numpy as np
import pandas as pd
import pytest

from recommender.evaluate import UnableToEvaluate, evaluate_items, evaluate_timing, latest_origins
from recommender.items.personal import Personal
from recommender.items.popularity import Popularity
from recommender.timing.interval import Interval
from recommender.timing.law import Law


def slowly(history, fit, *, k, min_baskets, min_rows):
    """The items protocol with loops, sets and no arrays."""
    rows = history["item"].value_counts()
    history = history[history["item"].map(rows) >= min_rows]
    today = history["day"].max()
    held, figures = {}, []
    for customer, hers in history.groupby("customer"):
        baskets = sorted({(row.day, row.order) for row in hers.itertuples()})
        if len(baskets) >= min_baskets:
            held[customer] = baskets[-1][1]
    before = history[~history["order"].isin(held.values())]
    model = fit(before, today=today)
    for customer, order in held.items():
        truth = set(history[history["order"] == order]["item"])
        had = set(before[before["customer"] == customer]["item"])
        said = model.recommend(np.array([customer]), k, purpose="any")["item"].tolist()
        gain = sum(1 / math.log2(i + 2) for i, item in enumerate(said) if item in truth)

        def ideal(length):
            return sum(1 / math.log2(i + 2) for i in range(length))

        def found(of, said=said):
            return len(of & set(said)) / len(of) if of else math.nan

        figures.append(
            {
                "recall": found(truth),
                "ndcg": gain / ideal(min(k, len(truth))),
                "ndcg_all": gain / ideal(len(truth)),
                "repeat_recall": found(truth & had),
                "explore_recall": found(truth - had),
                "phr": float(bool(truth & set(said))),
            }
        )
    return pd.DataFrame(figures).mean().to_dict() | {"customers": float(len(held))}


@pytest.mark.parametrize("k", [2, 6])
@pytest.mark.parametrize("fit", [Popularity.fit, Personal.fit])
def test_item_figures_equal_a_slow_textbook_protocol(a_shop, fit, k):
    bounds = {"k": k, "min_baskets": 6, "min_rows": 12}
    found = evaluate_items(a_shop, {"it": fit}, **bounds).figures["it"]
    assert found == pytest.approx(slowly(a_shop, fit, **bounds))


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
