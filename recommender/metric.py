"""How good a ranking or a probability is: pure array functions, each one textbook formula."""

import numpy as np
from numpy.typing import NDArray

from recommender.keys import Ints, starts

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def recall(owner: Ints, relevant: Ints) -> float:
    """Share of the relevant found, averaged over those who have any; NaN if nobody has.

    Args:
        owner: whose each hit is, an index into ``relevant``.
        relevant: number of relevant items of each.
    """
    asked = relevant > 0
    if not asked.any():
        return float("nan")
    hits = np.bincount(owner, minlength=relevant.size)
    return float((hits[asked] / relevant[asked]).mean())


def ndcg(owner: Ints, rank: Ints, ideal: Ints) -> float:
    """Normalised discounted cumulative gain, averaged over those with a positive ideal length.

    DCG adds 1 / log2(rank + 1) over the hits; the ideal has hits at ranks 1 .. ``ideal``.

    Args:
        owner: whose each hit is, an index into ``ideal``.
        rank: of each hit, from 1.
        ideal: length of each one's ideal list.
    """
    asked = ideal > 0
    if not asked.any():
        return float("nan")
    gain = np.bincount(owner, 1.0 / np.log2(rank + 1.0), ideal.size)
    best = np.cumsum(1.0 / np.log2(np.arange(1, int(ideal.max()) + 1) + 1.0))
    return float((gain[asked] / best[ideal[asked] - 1]).mean())


def auc(truth: Bools, score: Floats) -> float:
    """Chance that a true row outscores a false one, ties counting half; NaN if one kind lacks."""
    ones = int(truth.sum())
    zeros = truth.size - ones
    if ones == 0 or zeros == 0:
        return float("nan")
    order = np.argsort(score)
    first = starts(score[order])
    until = np.append(first[1:], score.size)
    rank = np.empty(score.size)
    rank[order] = np.repeat((first + until + 1) / 2.0, until - first)
    return float((rank[truth].sum() - ones * (ones + 1) / 2.0) / (ones * float(zeros)))


def average_precision(truth: Bools, score: Floats) -> float:
    """Precision at each distinct score, weighted by the recall it adds; NaN without true rows."""
    if not truth.any():
        return float("nan")
    order = np.argsort(-score)
    last = np.append(starts(score[order])[1:], score.size) - 1
    found = np.cumsum(truth[order])[last]
    return float((np.diff(found, prepend=0) * found / (last + 1)).sum() / truth.sum())


def precision_at(truth: Bools, score: Floats, count: int) -> float:
    """Share of true rows among the ``count`` highest scores; equal scores keep their row order."""
    if truth.size == 0:
        return float("nan")
    return float(truth[np.argsort(-score, kind="stable")[:count]].mean())


def brier(truth: Bools, probability: Floats) -> float:
    """Mean squared error of a probability; NaN without rows."""
    return float(((truth - probability) ** 2).mean()) if truth.size else float("nan")


def calibration_error(truth: Bools, probability: Floats, bins: int = 10) -> float:
    """Average the gap between promised and seen over equal-sized bins (ECE); NaN without rows."""
    if truth.size == 0:
        return float("nan")
    order = np.argsort(probability, kind="stable")
    edges = np.unique(np.linspace(0, truth.size, bins + 1).astype(np.int64)[:-1])
    gap = np.add.reduceat((probability - truth)[order], edges)
    return float(np.abs(gap).sum() / truth.size)
