"""How good a ranking or a probability is: pure array functions, each one textbook formula."""

import numpy as np
from numpy.typing import NDArray

from recommender.keys import Ints, distinct, starts

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def mean(values: Floats) -> float:
    """Mean of those that are there; NaN if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def each_recall(owner: Ints, relevant: Ints) -> Floats:
    """Share of the relevant found, for each; NaN for who has none.

    Args:
        owner: whose each hit is, an index into ``relevant``.
        relevant: number of relevant items of each.
    """
    hits = np.bincount(owner, minlength=relevant.size)
    return np.asarray(hits / np.where(relevant > 0, relevant, np.nan))


def recall(owner: Ints, relevant: Ints) -> float:
    """Average ``each_recall`` over those who have anything relevant; NaN if nobody has."""
    return mean(each_recall(owner, relevant))


def each_ndcg(owner: Ints, rank: Ints, ideal: Ints) -> Floats:
    """Normalised discounted cumulative gain of each; NaN where the ideal is empty.

    DCG adds 1 / log2(rank + 1) over the hits; the ideal has hits at ranks 1 .. ``ideal`` (Järvelin
    and Kekäläinen 2002).

    Args:
        owner: whose each hit is, an index into ``ideal``.
        rank: of each hit, from 1.
        ideal: length of each one's ideal list.
    """
    gain = np.bincount(owner, 1.0 / np.log2(rank + 1.0), ideal.size)
    longest = int(ideal.max(initial=0))
    best = np.cumsum(np.append(0.0, 1.0 / np.log2(np.arange(1, longest + 1) + 1.0)))[ideal]
    return np.asarray(gain / np.where(ideal > 0, best, np.nan))


def ndcg(owner: Ints, rank: Ints, ideal: Ints) -> float:
    """Average ``each_ndcg`` over those with an ideal; NaN if nobody has one."""
    return mean(each_ndcg(owner, rank, ideal))


def coverage(item: Ints, candidates: int) -> float:
    """Share of ``candidates`` items that are in anybody's list; NaN without candidates."""
    return distinct(item).size / candidates if candidates else float("nan")


def novelty(owner: Ints, share: Floats) -> float:
    """Mean self-information of what is named, in bits: -log2 of the share of buyers of an item.

    Averaged over each list first, then over lists; NaN without any. The formula is that of Zhou et
    al., "Solving the apparent diversity-accuracy dilemma of recommender systems" (2010).

    Args:
        owner: whose list each named item is in.
        share: of all customers who bought that item, above 0.
    """
    if owner.size == 0:
        return float("nan")
    length = np.bincount(owner)
    bits = np.bincount(owner, -np.log2(share))
    return float((bits[length > 0] / length[length > 0]).mean())


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
