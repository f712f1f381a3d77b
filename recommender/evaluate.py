"""One protocol for every model, on a shop's own held-out history."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns, metric
from recommender.items.model import ItemModel, Purpose
from recommender.keys import Ints, distinct, position
from recommender.timing.model import TimingModel
from recommender.timing.rhythm import rhythm

FitItems: TypeAlias = Callable[..., ItemModel]
"""Called with (history, today=day), as ``Personal.fit`` is."""
FitTiming: TypeAlias = Callable[..., TimingModel]
"""Called with (purchase_days, today=day), as ``Law.fit`` is."""

MIN_PURCHASES = 3
CARE_INTERVAL_DAYS = 21.0
TOP = 1000


class UnableToEvaluate(ValueError):
    """The history is too short to hold anything out."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured, how, and on how much; plain values, ready for JSON."""

    kind: str
    protocol: Mapping[str, int | list[int]]
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Model -> metric -> value; NaN where the held-out history could not tell."""


def evaluate_items(
    history: pd.DataFrame,
    models: Mapping[str, FitItems],
    *,
    k: int = 10,
    max_customers: int | None = None,
    min_baskets: int = 5,
    min_rows: int = 10,
    seed: int = 0,
) -> Evaluation:
    """Foretell each customer's last basket from everything before it.

    Items with fewer than ``min_rows`` rows leave first; then customers with at least
    ``min_baskets`` baskets have their last one (latest day, then order key) held out. Each model
    is fitted once on the rest and ranks ``k`` items a customer, for whatever she may want.

    Figures, averaged over customers: ``recall`` at k; ``ndcg`` at k with the ideal cut at
    min(k, truth); ``ndcg_all`` with the ideal over the whole truth; ``repeat_recall`` and
    ``explore_recall``, recall at k of the items she had and had not bought before; ``phr``, the
    share of customers with any hit; ``customers``, their number.

    Args:
        history: rows of ``columns.HISTORY``.
        models: how to fit each, by name.
        k: length of a list.
        max_customers: evaluate a seeded sample of so many; all when None.
        min_baskets: baskets that earn a customer a place in the test.
        min_rows: rows that earn an item a place in the test.
        seed: of the sample.

    Raises:
        UnableToEvaluate: no customer has enough baskets.
    """
    frame = columns.require(history, columns.HISTORY, what="the order history")
    code, items = pd.factorize(frame[columns.ITEM].to_numpy())
    frame = frame[np.bincount(code, minlength=items.size)[code] >= min_rows]
    held = _last_baskets(frame, min_baskets)
    if held.size == 0:
        raise UnableToEvaluate(
            f"no customer has {min_baskets} baskets of items sold {min_rows} times; "
            "wait for more orders or lower these bounds"
        )
    if max_customers is not None and held.size > max_customers:
        held = np.sort(np.random.default_rng(seed).choice(held, max_customers, replace=False))
    out = np.isin(frame[columns.ORDER].to_numpy(), held)
    before = frame[~out]
    truth = _Truth.of(frame[out], before)
    today = int(frame[columns.DAY].max())
    figures = {
        name: truth.figures(
            fit(before, today=today).recommend(truth.customers, k, purpose=Purpose.ANY), k
        )
        for name, fit in models.items()
    }
    protocol: dict[str, int | list[int]] = {
        "k": k,
        "min_baskets": min_baskets,
        "min_rows": min_rows,
        "seed": seed,
    }
    return Evaluation("items", protocol, figures)


def evaluate_timing(
    purchase_days: pd.DataFrame,
    models: Mapping[str, FitTiming],
    *,
    origins: Sequence[int],
    horizon: int,
) -> Evaluation:
    """At each origin learn from the past and foretell who buys which type in the next days.

    Candidates are pairs with at least 3 purchase days up to the origin; true is a purchase on a
    day in (origin, origin + horizon]. Figures over all origins: ``auc``, ``ap`` (average
    precision), ``brier``, ``ece`` (calibration error), ``p@1000`` (mean over origins of the
    precision of the 1,000 likeliest); the same ``care_ap`` and ``care_p@1000`` for pairs whose
    mean interval is at least 21 days; ``pairs`` and ``due_share``, how many and how many true.

    Args:
        purchase_days: rows of ``columns.PURCHASE_DAYS``.
        models: how to fit each, by name.
        origins: last known days, see ``latest_origins``.
        horizon: days to look ahead.

    Raises:
        UnableToEvaluate: no origin has a candidate, or the history ends before an origin's
            horizon does.
    """
    frame = columns.require(purchase_days, columns.PURCHASE_DAYS, what="purchase days")
    day = frame[columns.DAY].to_numpy()
    if frame.empty or not origins or max(origins) + horizon > day.max():
        raise UnableToEvaluate(
            f"the purchase days must reach {horizon} days beyond every origin; "
            "choose earlier origins, see latest_origins"
        )
    rows: list[_Foretold] = []
    for origin in origins:
        past = frame[day <= origin]
        pairs = rhythm(past, today=origin)
        pairs = pairs[pairs[columns.PURCHASES] >= MIN_PURCHASES].reset_index(drop=True)
        if pairs.empty:
            continue
        truth = _bought(pairs, frame[(day > origin) & (day <= origin + horizon)])
        care = (pairs[columns.MEAN_INTERVAL] >= CARE_INTERVAL_DAYS).to_numpy()
        probability = {
            name: fit(past, today=origin)
            .due(pairs, today=origin, horizon=horizon)[columns.PROBABILITY]
            .to_numpy()
            for name, fit in models.items()
        }
        rows.append(_Foretold(truth, care, probability))
    if not rows:
        raise UnableToEvaluate(
            "nobody bought a type on three days before the origins; wait for more orders"
        )
    figures = {name: _timing_figures(rows, name) for name in models}
    protocol: dict[str, int | list[int]] = {
        "origins": list(origins),
        "horizon": horizon,
        "min_purchases": MIN_PURCHASES,
    }
    return Evaluation("timing", protocol, figures)


def latest_origins(today: int, *, horizon: int, count: int = 1, step: int = 14) -> list[int]:
    """Return the last ``count`` origins, ``step`` days apart, whose horizon ends by ``today``."""
    return [today - horizon - step * back for back in range(count)][::-1]


@dataclass(frozen=True, slots=True, eq=False)
class _Foretold:
    truth: NDArray[np.bool_]
    care: NDArray[np.bool_]
    probability: dict[str, NDArray[np.float64]]


def _timing_figures(rows: list[_Foretold], name: str) -> dict[str, float]:
    truth = np.concatenate([row.truth for row in rows])
    care = np.concatenate([row.care for row in rows])
    probability = np.concatenate([row.probability[name] for row in rows])
    top = [metric.precision_at(row.truth, row.probability[name], TOP) for row in rows]
    care_top = [
        metric.precision_at(row.truth[row.care], row.probability[name][row.care], TOP)
        for row in rows
        if row.care.any()
    ]
    return {
        "auc": metric.auc(truth, probability),
        "ap": metric.average_precision(truth, probability),
        "brier": metric.brier(truth, probability),
        "ece": metric.calibration_error(truth, probability),
        f"p@{TOP}": float(np.mean(top)),
        "care_ap": metric.average_precision(truth[care], probability[care]),
        f"care_p@{TOP}": float(np.mean(care_top)) if care_top else float("nan"),
        "pairs": float(truth.size),
        "due_share": float(truth.mean()),
    }


def _bought(pairs: pd.DataFrame, later: pd.DataFrame) -> NDArray[np.bool_]:
    keys = [columns.CUSTOMER, columns.TYPE]
    return pd.MultiIndex.from_frame(pairs[keys]).isin(pd.MultiIndex.from_frame(later[keys]))


def _last_baskets(frame: pd.DataFrame, min_baskets: int) -> Ints:
    """Order keys of the last baskets of customers who have enough of them."""
    baskets = frame.drop_duplicates(columns.ORDER)
    baskets = baskets.sort_values([columns.CUSTOMER, columns.DAY, columns.ORDER])
    customer = baskets[columns.CUSTOMER].to_numpy()
    last = np.append(customer[1:] != customer[:-1], True)[: customer.size]
    count = np.diff(np.append(-1, np.flatnonzero(last)))
    order = baskets[columns.ORDER].to_numpy()
    return np.asarray(order[last][count >= min_baskets])


@dataclass(frozen=True, slots=True, eq=False)
class _Truth:
    """The held-out baskets: one row a (customer, item)."""

    customers: Ints
    rows: pd.DataFrame

    @classmethod
    def of(cls, out: pd.DataFrame, before: pd.DataFrame) -> "_Truth":
        keys = [columns.CUSTOMER, columns.ITEM]
        rows = out[keys].drop_duplicates()
        had = pd.MultiIndex.from_frame(rows).isin(pd.MultiIndex.from_frame(before[keys]))
        return cls(distinct(rows[columns.CUSTOMER].to_numpy()), rows.assign(had=had))

    def figures(self, said: pd.DataFrame, k: int) -> dict[str, float]:
        owner = position(self.rows[columns.CUSTOMER].to_numpy(), self.customers)
        had = self.rows["had"].to_numpy()
        size = self.customers.size
        relevant = np.bincount(owner, minlength=size)
        repeats = np.bincount(owner[had], minlength=size)
        said = said[said[columns.RANK] <= k]
        hits = said.merge(self.rows, on=[columns.CUSTOMER, columns.ITEM])
        whose = position(hits[columns.CUSTOMER].to_numpy(), self.customers)
        rank = hits[columns.RANK].to_numpy().astype(np.int64)
        again = hits["had"].to_numpy()
        return {
            "recall": metric.recall(whose, relevant),
            "ndcg": metric.ndcg(whose, rank, np.minimum(relevant, k)),
            "ndcg_all": metric.ndcg(whose, rank, relevant),
            "repeat_recall": metric.recall(whose[again], repeats),
            "explore_recall": metric.recall(whose[~again], relevant - repeats),
            "phr": float(distinct(whose).size / size),
            "customers": float(size),
        }
