"""How well the models do on a shop's own orders: read, hold out, measure, compare."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from care.intake.order_file import OrderFile, read_order_file
from care.intake.user_list import read_user_list
from recommender import timing
from recommender.comparison import Promotion, differences, promote
from recommender.evaluation import Evaluation, UnableToEvaluate
from recommender.interval import RESAMPLES, Interval, paired_interval
from recommender.item_trial import evaluate_items
from recommender.items import BASELINES, MODELS, fits
from recommender.timing_trial import (
    TimingTrial,
    errors_apart,
    latest_origins,
    promote_timing,
    try_timing,
)

LEVEL = 0.95
ORIGINS = 5


@dataclass(frozen=True, slots=True, eq=False)
class ItemsEvaluated:
    """What was read, what was measured, and what follows from it."""

    orders: OrderFile
    evaluation: Evaluation
    metric: str
    """The figure by which models are compared."""
    spread: Mapping[str, Interval]
    """Model -> its ``metric``, and how sure that is."""
    apart: Mapping[str, Mapping[str, Interval]]
    """Model -> baseline -> by how much the model is better."""
    promotion: Promotion
    protocol: Mapping[str, Any]

    @property
    def users(self) -> int:
        """Customers whose last baskets were foretold."""
        return int(next(iter(self.evaluation.figures.values()))["customers"])

    def numbers(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "users": self.users,
            "metric": self.metric,
            "models": {name: dict(found) for name, found in self.evaluation.figures.items()},
            "intervals": {name: asdict(one) for name, one in self.spread.items()},
            "differences": {
                name: {other: asdict(one) for other, one in found.items()}
                for name, found in self.apart.items()
            },
            "left_out": dict(self.evaluation.left_out),
            "promoted": self.promotion.promoted,
            "reason": self.promotion.reason,
            "read": what_was_read(self.orders),
            "protocol": dict(self.protocol),
        }


@dataclass(frozen=True, slots=True, eq=False)
class TimingEvaluated:
    """What was read, what was measured at each horizon, and what follows from the first."""

    orders: OrderFile
    trials: Mapping[int, TimingTrial]
    """Horizon -> its trial, in the order asked for."""
    apart: Mapping[int, Mapping[str, Mapping[str, Interval]]]
    """Horizon -> model -> baseline -> by how much the model's mean squared error is lower."""
    promotion: Promotion
    protocol: Mapping[str, Any]

    def numbers(self) -> dict[str, Any]:
        """What `--json` prints; what the history could not tell is null."""
        return {
            "horizons": {
                str(horizon): {
                    "models": {name: _tellable(found) for name, found in trial.figures.items()},
                    "calibration": dict(trial.calibration),
                    "lists": dict(trial.lists),
                    "differences": {
                        name: {other: asdict(one) for other, one in found.items()}
                        for name, found in self.apart[horizon].items()
                    },
                }
                for horizon, trial in self.trials.items()
            },
            "left_out": dict(next(iter(self.trials.values())).left_out),
            "promoted": self.promotion.promoted,
            "reason": self.promotion.reason,
            "read": what_was_read(self.orders)
            | {"types": int(self.orders.history["type"].nunique())},
            "protocol": dict(self.protocol),
        }


def what_was_read(orders: OrderFile) -> dict[str, Any]:
    """What a file of orders held, and what became of its rows."""
    history = orders.history
    return {
        "rows": orders.read,
        "kept": len(history),
        "set_aside": dict(orders.set_aside),
        "customers": int(history["customer"].nunique()),
        "orders": int(history["order"].nunique()),
        "products": int(history["item"].nunique()),
    }


def _tellable(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in figures.items()}


def evaluate_order_file(
    path: Path,
    *,
    zone: ZoneInfo,
    by_place: bool = False,
    test_users: Path | None = None,
    ks: Sequence[int] = (10, 20),
    min_baskets: int = 5,
    min_rows: int = 10,
    max_users: int | None = None,
    seed: int = 0,
    models: Sequence[str] = tuple(MODELS),
) -> ItemsEvaluated:
    """Foretell the last basket of each tested customer with every model, and compare.

    Models are compared by recall at the first of ``ks``. See ``read_order_file``,
    ``read_user_list`` and ``recommender.item_trial.evaluate_items`` for the arguments.

    Raises:
        UnableToReadOrderFile: the file of orders cannot be used.
        UnableToReadUserList: the file of test users cannot be used.
        UnableToChooseModel: there is no model of such a name.
        UnableToEvaluate: the history is too short.
    """
    chosen = fits(models)
    listed = None if test_users is None else read_user_list(test_users)
    orders = read_order_file(path, zone=zone, by_place=by_place)
    keys = None
    unknown = 0
    if listed is not None:
        at = orders.customers.get_indexer(pd.Index(listed))
        keys, unknown = at[at >= 0].astype(np.int64), int((at < 0).sum())
    evaluation = evaluate_items(
        orders.history,
        chosen,
        ks=ks,
        max_customers=max_users,
        min_baskets=min_baskets,
        min_rows=min_rows,
        test_users=keys,
        seed=seed,
    )
    metric = f"recall@{ks[0]}"
    baselines = [name for name in BASELINES if name in evaluation.figures]
    spread = {
        name: paired_interval(found[metric], seed=seed, level=LEVEL)
        for name, found in evaluation.by_customer.items()
    }
    apart = differences(evaluation, against=baselines, metric=metric, seed=seed, level=LEVEL)
    protocol = {
        **evaluation.protocol,
        "held_out": "last basket",
        "days": "basket index" if by_place else f"calendar days in {zone.key}",
        "test_users": None if listed is None else len(listed),
        "unknown_test_users": unknown,
        "max_users": max_users,
        "level": LEVEL,
        "resamples": RESAMPLES,
        "baselines": baselines,
    }
    promotion = promote(evaluation, apart, baselines=baselines, metric=metric)
    return ItemsEvaluated(orders, evaluation, metric, spread, apart, promotion, protocol)


def evaluate_order_file_timing(
    path: Path,
    *,
    zone: ZoneInfo,
    products: Path | None = None,
    horizons: Sequence[int] = (7, 14),
    origins: Sequence[date] | None = None,
    models: Sequence[str] = tuple(timing.MODELS),
    seed: int = 0,
) -> TimingEvaluated:
    """Foretell at several past days who buys which type again, with every model, and compare.

    Models are compared at the first of ``horizons``. Without ``origins`` they are the last five
    days, 14 days apart, whose horizons are over. See ``read_order_file`` and
    ``recommender.timing_trial.try_timing``.

    Raises:
        UnableToReadOrderFile: the file of orders, or that of products, cannot be used.
        UnableToChooseModel: there is no model of such a name.
        UnableToEvaluate: the history is too short, or does not reach beyond an origin.
    """
    chosen = timing.fits(models, horizons=horizons)
    orders = read_order_file(path, zone=zone, typed=True, products=products)
    days = orders.history[["customer", "type", "day"]].drop_duplicates(ignore_index=True)
    first, last = int(days["day"].min()), int(days["day"].max())
    if origins is None:
        asked = latest_origins(last, horizon=max(horizons), count=ORIGINS)
        asked = [day for day in asked if day > first]
    else:
        asked = sorted({_day(origin) for origin in origins})
    if not asked or max(asked) + max(horizons) > last or min(asked) < first:
        raise UnableToEvaluate(
            f"{path} tells of {_date(first)} to {_date(last)}; every origin must lie in it, "
            f"{max(horizons)} days or more before its end. Choose other --origins, "
            "a shorter --horizon, or give more orders"
        )
    trials = try_timing(days, chosen, origins=asked, horizons=horizons)
    measured = trials[horizons[0]].figures
    baselines = [name for name in timing.BASELINES if name in measured]
    apart = {
        horizon: errors_apart(trial, against=baselines, seed=seed)
        for horizon, trial in trials.items()
    }
    protocol = {
        "origins": [str(_date(day)) for day in asked],
        "horizons": list(horizons),
        "min_purchases": trials[horizons[0]].protocol["min_purchases"],
        "days": f"calendar days in {zone.key}",
        "level": LEVEL,
        "resamples": RESAMPLES,
        "baselines": baselines,
    }
    promotion = promote_timing(trials[horizons[0]], apart[horizons[0]], baselines=baselines)
    return TimingEvaluated(orders, trials, apart, promotion, protocol)


def _day(of: date) -> int:
    return int(np.datetime64(of, "D").astype(int))


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)
