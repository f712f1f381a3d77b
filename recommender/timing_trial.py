"""The trial of timing models: at each origin, foretell from the past who buys a type again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns, metric
from recommender.comparison import Promotion
from recommender.evaluation import Evaluation, UnableToEvaluate
from recommender.interval import Interval, paired_interval
from recommender.keys import starts
from recommender.timing.model import TimingModel, bought
from recommender.timing.prior import UnableToFitLaw
from recommender.timing.state import state

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FitTiming: TypeAlias = Callable[..., TimingModel]
"""Called with (purchase_days, today=day), as ``Law.fit`` is."""

MIN_PURCHASES = 3
CARE_INTERVAL_DAYS = 21.0
TOP = 1000
CARE_TOP = 500
LENGTHS = (50, 100, 200, 500, 1000, 2000, 5000)
BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class TimingTrial(Evaluation):
    """An evaluation of one horizon, with what its picture shows."""

    calibration: Mapping[str, list[dict[str, float]]] = field(default_factory=dict)
    """Model -> ten groups of equal size by promise: ``promised``, ``seen``, ``pairs``."""
    lists: Mapping[str, list[dict[str, float]]] = field(default_factory=dict)
    """Model -> ``length`` of the due list of one origin and its ``precision``."""


def try_timing(
    purchase_days: pd.DataFrame,
    models: Mapping[str, FitTiming],
    *,
    origins: Sequence[int],
    horizons: Sequence[int],
) -> dict[int, TimingTrial]:
    """At each origin learn from the past and foretell who buys which type in the next days.

    Candidates are pairs with at least 3 purchase days up to the origin; true is a purchase on a
    day in (origin, origin + horizon]. Every model learns once at each origin, for all horizons;
    one that cannot learn from this history is left out and named.

    Figures over all origins: ``auc``, ``ap`` (average precision), ``brier``, ``ece`` (calibration
    error), ``ece_worst`` (that of the worst origin), ``p@1000`` (mean over origins of the precision
    of the 1,000 likeliest); ``care_ap`` and ``care_p@1000`` for pairs whose mean interval is at
    least 21 days; ``care_list``, of those the likeliest of each customer, the 500 likeliest an
    origin; ``pairs`` and ``due_share``, how many and how many true.

    Args:
        purchase_days: rows of ``columns.PURCHASE_DAYS``.
        models: how to fit each, by name.
        origins: last known days, see ``latest_origins``.
        horizons: days to look ahead.

    Returns:
        Horizon -> its trial; ``by_customer`` holds each customer's mean squared error as ``brier``.

    Raises:
        UnableToEvaluate: no origin has a candidate, no model can be fitted, or the history ends
            before an origin's horizon does.
    """
    frame = columns.require(purchase_days, columns.PURCHASE_DAYS, what="purchase days")
    day = frame[columns.DAY].to_numpy()
    if frame.empty or not origins or max(origins) + max(horizons) > day.max():
        raise UnableToEvaluate(
            f"the purchase days must reach {max(horizons)} days beyond every origin; "
            "choose earlier origins, see latest_origins"
        )
    rows: dict[int, list[_Foretold]] = {horizon: [] for horizon in horizons}
    left_out: dict[str, str] = {}
    for origin in origins:
        past = frame[day <= origin]
        pairs = state(past, today=origin)
        pairs = pairs[pairs[columns.PURCHASES] >= MIN_PURCHASES].reset_index(drop=True)
        if pairs.empty:
            continue
        fitted = {}
        for name, fit in models.items():
            try:
                fitted[name] = fit(past, today=origin)
            except UnableToFitLaw as error:
                left_out[name] = str(error)
        for horizon in horizons:
            truth = bought(pairs, frame[(day > origin) & (day <= origin + horizon)])
            probability = {
                name: model.due(pairs, today=origin, horizon=horizon)[
                    columns.PROBABILITY
                ].to_numpy()
                for name, model in fitted.items()
            }
            rows[horizon].append(_Foretold.of(pairs, truth, probability))
    names = [name for name in models if name not in left_out]
    if not any(rows.values()):
        raise UnableToEvaluate(
            "nobody bought a type on three days before the origins; wait for more orders"
        )
    if not names:
        raise UnableToEvaluate(
            "no model can be fitted on this history: " + "; ".join(left_out.values())
        )
    return {
        horizon: _trial(found, names, list(origins), horizon, left_out)
        for horizon, found in rows.items()
    }


def evaluate_timing(
    purchase_days: pd.DataFrame,
    models: Mapping[str, FitTiming],
    *,
    origins: Sequence[int],
    horizon: int,
) -> TimingTrial:
    """``try_timing`` with one horizon."""
    return try_timing(purchase_days, models, origins=origins, horizons=(horizon,))[horizon]


def latest_origins(today: int, *, horizon: int, count: int = 1, step: int = 14) -> list[int]:
    """Return the last ``count`` origins, ``step`` days apart, whose horizon ends by ``today``."""
    return [today - horizon - step * back for back in range(count)][::-1]


def errors_apart(
    trial: Evaluation, *, against: Sequence[str], seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """By how much each model's mean squared error is below that of each of ``against``.

    Customers are drawn anew, so that the many types of one customer do not count as many
    witnesses.
    """
    error = {name: found["brier"] for name, found in trial.by_customer.items()}
    return {
        name: {
            other: paired_interval(error[other], own, seed=seed)
            for other in against
            if other in error and other != name
        }
        for name, own in error.items()
    }


def promote_timing(
    trial: Evaluation, apart: Mapping[str, Mapping[str, Interval]], *, baselines: Sequence[str]
) -> Promotion:
    """Promote the best ranking that no baseline equals, by rank or by error; else a baseline.

    Args:
        trial: of one horizon.
        apart: see ``errors_apart``.
        baselines: models that must be beaten and are never candidates.
    """
    value = {name: found["ap"] for name, found in trial.figures.items()}
    measured = [name for name in baselines if name in value]
    candidates = sorted((name for name in value if name not in measured), key=lambda n: -value[n])
    for name in candidates:
        if all(value[name] > value[one] for one in measured) and all(
            apart[name][one].is_above_zero for one in measured
        ):
            told = ", ".join(measured) or "nothing else"
            return Promotion(
                name,
                f"{name} has ap {value[name]:.4f}, the highest, and its error is surely below "
                f"that of {told}",
            )
    pool = measured or list(value)
    best = min(pool, key=lambda name: (-value[name], name))
    why = f"{best} has ap {value[best]:.4f}, the best of the simple models"
    if candidates:
        why += f"; {candidates[0]} ({value[candidates[0]]:.4f}) is not surely better"
    return Promotion(best, why)


@dataclass(frozen=True, slots=True, eq=False)
class _Foretold:
    customer: NDArray[np.int64]
    truth: Bools
    care: Bools
    probability: dict[str, Floats]

    @classmethod
    def of(cls, pairs: pd.DataFrame, truth: Bools, probability: dict[str, Floats]) -> "_Foretold":
        care = (pairs[columns.MEAN_INTERVAL] >= CARE_INTERVAL_DAYS).to_numpy()
        return cls(pairs[columns.CUSTOMER].to_numpy(), truth, care, probability)


def care_list(customer: NDArray[np.int64], probability: Floats) -> NDArray[np.int64]:
    """Rows of the likeliest pair of each customer, the likeliest customers first."""
    order = np.lexsort((-probability, customer))
    best = order[starts(customer[order])]
    found: NDArray[np.int64] = best[np.argsort(-probability[best], kind="stable")]
    return found


def _trial(
    rows: list[_Foretold],
    names: Sequence[str],
    origins: list[int],
    horizon: int,
    left_out: Mapping[str, str],
) -> TimingTrial:
    protocol: dict[str, int | list[int]] = {
        "origins": origins,
        "horizon": horizon,
        "min_purchases": MIN_PURCHASES,
    }
    truth = np.concatenate([row.truth for row in rows])
    said = {name: np.concatenate([row.probability[name] for row in rows]) for name in names}
    whose = np.concatenate([row.customer for row in rows])
    customers, owner = np.unique(whose, return_inverse=True)
    pairs = np.bincount(owner, minlength=customers.size)
    by_customer = {
        name: {"brier": np.bincount(owner, (truth - said[name]) ** 2, customers.size) / pairs}
        for name in names
    }
    return TimingTrial(
        "timing",
        protocol,
        {name: _figures(rows, name) for name in names},
        by_customer,
        left_out,
        {name: _calibration(truth, said[name]) for name in names},
        {name: _lists(rows, name) for name in names},
    )


def _figures(rows: list[_Foretold], name: str) -> dict[str, float]:
    truth = np.concatenate([row.truth for row in rows])
    care = np.concatenate([row.care for row in rows])
    probability = np.concatenate([row.probability[name] for row in rows])
    top = [metric.precision_at(row.truth, row.probability[name], TOP) for row in rows]
    cared = [(row, row.truth[row.care], row.probability[name][row.care]) for row in rows]
    cared = [one for one in cared if one[1].size]
    care_top = [metric.precision_at(true, said, TOP) for _, true, said in cared]
    listed = [
        float(true[care_list(row.customer[row.care], said)[:CARE_TOP]].mean())
        for row, true, said in cared
    ]
    error = [metric.calibration_error(row.truth, row.probability[name]) for row in rows]
    return {
        "auc": metric.auc(truth, probability),
        "ap": metric.average_precision(truth, probability),
        "brier": metric.brier(truth, probability),
        "ece": metric.calibration_error(truth, probability),
        "ece_worst": max(error),
        f"p@{TOP}": float(np.mean(top)),
        "care_ap": metric.average_precision(truth[care], probability[care]),
        f"care_p@{TOP}": _mean(care_top),
        "care_list": _mean(listed),
        "pairs": float(truth.size),
        "due_share": float(truth.mean()),
    }


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _calibration(truth: Bools, said: Floats) -> list[dict[str, float]]:
    order = np.argsort(said, kind="stable")
    groups: list[NDArray[Any]] = [part for part in np.array_split(order, BINS) if part.size]
    return [
        {
            "promised": float(said[part].mean()),
            "seen": float(truth[part].mean()),
            "pairs": float(part.size),
        }
        for part in groups
    ]


def _lists(rows: list[_Foretold], name: str) -> list[dict[str, float]]:
    smallest = min(row.truth.size for row in rows)
    lengths = [length for length in LENGTHS if length <= smallest] or [smallest]
    return [
        {
            "length": float(length),
            "precision": _mean(
                [metric.precision_at(row.truth, row.probability[name], length) for row in rows]
            ),
        }
        for length in lengths
    ]
