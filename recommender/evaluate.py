"""One protocol for every model, on a shop's own held-out history.

``evaluate_items`` lives in ``recommender.item_trial``; the one for timing is here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns, metric
from recommender.evaluation import Evaluation, UnableToEvaluate
from recommender.item_trial import FitItems, evaluate_items
from recommender.timing.model import TimingModel
from recommender.timing.rhythm import rhythm

__all__ = [
    "Evaluation",
    "FitItems",
    "FitTiming",
    "UnableToEvaluate",
    "evaluate_items",
    "evaluate_timing",
    "latest_origins",
]

FitTiming: TypeAlias = Callable[..., TimingModel]
"""Called with (purchase_days, today=day), as ``Law.fit`` is."""

MIN_PURCHASES = 3
CARE_INTERVAL_DAYS = 21.0
TOP = 1000


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
