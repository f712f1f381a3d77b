import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import metric

lists = st.lists(
    st.tuples(
        st.lists(st.integers(0, 12), max_size=8, unique=True),
        st.sets(st.integers(0, 12), max_size=8),
    ),
    min_size=1,
    max_size=6,
)
scored = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])),
    min_size=1,
    max_size=25,
)


def hits(answers):
    owner = [who for who, (said, truth) in enumerate(answers) for item in said if item in truth]
    rank = [at + 1 for said, truth in answers for at, item in enumerate(said) if item in truth]
    relevant = [len(truth) for _, truth in answers]
    return np.array(owner, np.int64), np.array(rank, np.int64), np.array(relevant, np.int64)


def same(found, expected):
    return (math.isnan(found) and math.isnan(expected)) or found == pytest.approx(expected)


def mean(values):
    return sum(values) / len(values) if values else math.nan


@given(lists)
def test_recall_is_the_mean_share_of_the_truth_found(answers):
    owner, _, relevant = hits(answers)
    expected = mean([len(set(said) & truth) / len(truth) for said, truth in answers if truth])
    assert same(metric.recall(owner, relevant), expected)


@given(lists, st.integers(1, 10))
def test_ndcg_is_gain_over_ideal_gain(answers, cut):
    owner, rank, relevant = hits(answers)
    shares = []
    for said, truth in answers:
        if truth:
            gain = sum(1 / math.log2(i + 2) for i, item in enumerate(said) if item in truth)
            ideal = sum(1 / math.log2(i + 2) for i in range(min(cut, len(truth))))
            shares.append(gain / ideal)
    assert same(metric.ndcg(owner, rank, np.minimum(relevant, cut)), mean(shares))


@given(scored)
def test_auc_is_the_share_of_true_and_false_pairs_in_order(rows):
    truth, score = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    pairs = [
        1.0 if high > low else 0.5 if high == low else 0.0
        for is_true, high in rows
        if is_true
        for other, low in rows
        if not other
    ]
    assert same(metric.auc(truth, score), mean(pairs))


@given(scored)
def test_average_precision_walks_down_the_distinct_scores(rows):
    truth, score = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    total = int(truth.sum())
    expected, recall_before = 0.0, 0.0
    for bound in sorted({s for _, s in rows}, reverse=True):
        chosen = [t for t, s in rows if s >= bound]
        recall = sum(chosen) / total if total else 0.0
        expected += (recall - recall_before) * sum(chosen) / len(chosen)
        recall_before = recall
    assert same(metric.average_precision(truth, score), expected if total else math.nan)


@given(scored, st.integers(1, 30))
def test_precision_at_takes_the_highest_scores_first(rows, count):
    truth, score = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    chosen = sorted(rows, key=lambda row: -row[1])[:count]
    assert same(metric.precision_at(truth, score, count), mean([t for t, _ in chosen]))


@given(scored)
def test_brier_is_the_mean_squared_error(rows):
    truth, score = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    assert same(metric.brier(truth, score), mean([(t - s) ** 2 for t, s in rows]))


@given(scored)
def test_calibration_error_compares_promise_and_outcome_in_each_bin(rows):
    truth, score = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    ordered = sorted(rows, key=lambda row: row[1])
    edges = sorted({int(len(rows) * bin_ / 4) for bin_ in range(5)})
    gaps = [
        abs(sum(s - t for t, s in ordered[low:high])) for low, high in itertools.pairwise(edges)
    ]
    assert same(metric.calibration_error(truth, score, bins=4), sum(gaps) / len(rows))


def test_a_promise_kept_in_every_bin_has_no_calibration_error():
    truth = np.array([True, False, False, False, True, True, True, False])
    promised = np.array([0.25] * 4 + [0.75] * 4)
    assert metric.calibration_error(truth, promised, bins=2) == pytest.approx(0.0)
