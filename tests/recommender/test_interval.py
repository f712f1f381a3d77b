import numpy as np
import pytest

from recommender.comparison import differences, promote
from recommender.evaluation import Evaluation
from recommender.interval import UnableToCompare, paired_interval


def test_the_interval_is_that_of_a_bootstrap_done_by_hand():
    rng = np.random.default_rng(3)
    a, b = rng.random(400), rng.random(400)
    means = [(a - b)[rng.integers(0, 400, 400)].mean() for _ in range(4_000)]
    found = paired_interval(a, b, seed=1, resamples=4_000)
    assert found.mean == pytest.approx((a - b).mean())
    assert (found.low, found.high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.003)


def test_pairing_makes_a_small_but_steady_difference_sure():
    b = np.random.default_rng(5).random(300)
    found = paired_interval(b + 0.01, b, seed=0)
    assert found.is_above_zero
    assert (found.low, found.high) == pytest.approx((0.01, 0.01))


def test_the_same_seed_gives_the_same_interval_and_a_higher_level_a_wider_one():
    a = np.random.default_rng(5).random(300)
    assert paired_interval(a, seed=4) == paired_interval(a, seed=4)
    assert paired_interval(a, seed=4) != paired_interval(a, seed=5)
    wide, narrow = paired_interval(a, seed=4, level=0.99), paired_interval(a, seed=4, level=0.8)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_a_million_customers_cost_no_more_than_the_few_values_they_take():
    values = np.tile([0.0, 0.5, 1.0], 333_333)
    found = paired_interval(values, seed=0)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.408 / 1_000, rel=0.1)


def test_customers_without_one_of_the_figures_are_left_out():
    a, b = np.array([1.0, np.nan, 3.0]), np.array([0.0, 1.0, np.nan])
    assert paired_interval(a, b, seed=0).mean == 1.0
    with pytest.raises(UnableToCompare, match="no customer"):
        paired_interval(a[1:], b[1:], seed=0)
    with pytest.raises(UnableToCompare, match="one evaluation"):
        paired_interval(a, b[1:], seed=0)


def an_evaluation(**recall):
    return Evaluation(
        "items",
        {},
        {name: {"recall@10": float(values.mean())} for name, values in recall.items()},
        {name: {"recall@10": values} for name, values in recall.items()},
    )


def promoted(evaluation, baselines):
    apart = differences(evaluation, against=baselines)
    return promote(evaluation, apart, baselines=baselines)


NOISE = np.random.default_rng(1).random(500)


def test_a_model_is_promoted_if_it_is_surely_better_than_every_baseline():
    found = promoted(an_evaluation(ours=NOISE + 0.1, simple=NOISE, worse=NOISE / 2), ["simple"])
    assert found.promoted == "ours"
    assert "the closest is simple, behind by 0.1000" in found.reason


def test_a_model_that_chance_may_have_put_ahead_is_not_promoted():
    chance = np.random.default_rng(2).normal(0.001, 0.5, 500)
    found = promoted(an_evaluation(ours=NOISE + chance, simple=NOISE, poor=NOISE / 2), ["simple"])
    assert found.promoted == "simple"
    assert "ours" in found.reason
    assert "not surely better than simple" in found.reason


def test_with_nothing_but_baselines_the_best_of_them_stands():
    found = promoted(an_evaluation(a=NOISE, b=NOISE / 2), ["a", "b", "absent"])
    assert found.promoted == "a"
    assert "nothing else was measured" in found.reason


def test_no_model_is_beside_itself():
    apart = differences(an_evaluation(a=NOISE, b=NOISE / 2), against=["a", "unmeasured"])
    assert {name: list(others) for name, others in apart.items()} == {"a": [], "b": ["a"]}
