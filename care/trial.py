"""The trial of a night's models: each foretells what is held back, and is then fitted on all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from recommender import evaluate
from recommender.items.personal import Personal
from recommender.items.popularity import Popularity
from recommender.items.two_stage import TwoStage
from recommender.timing.frequency import Frequency
from recommender.timing.gamma_poisson import GammaPoisson
from recommender.timing.interval import Interval
from recommender.timing.law import Law
from recommender.timing.layered import Layered

MODELS: Mapping[str, Mapping[str, Any]] = {
    "items": {"popularity": Popularity, "personal": Personal, "two_stage": TwoStage},
    "timing": {
        "interval": Interval,
        "frequency": Frequency,
        "gamma_poisson": GammaPoisson,
        "law": Law,
        "layered": Layered,
    },
}
METRIC = {"items": "recall@10", "timing": "ap"}
BASELINES = {"items": ["popularity"], "timing": ["interval", "frequency", "gamma_poisson"]}
MAX_EVALUATED = 2_000
"""Customers of the nightly items evaluation: a standard error of about .005 in recall."""
HORIZON_DAYS = 7
TAUGHT_FOR_DAYS = 7
"""For so long a ranker, or a layer of timing, is gone on with; then it is taught anew."""
TIMING_LESSON_ROWS = 300_000
"""Purchase days that the second layer of timing learns from: all of a few thousand customers."""


def last_known_day(night: date) -> int:
    """The day before the night, as the recommender counts days: from 1970-01-01."""
    return int(np.datetime64(night, "D").astype(int)) - 1


@dataclass(frozen=True, slots=True)
class Judged:
    """What the held-out history says of each model, and how to fit each on all of it."""

    evaluation: evaluate.Evaluation
    fits: Mapping[str, Callable[..., Any]]


def judge_items(history: pd.DataFrame, night: date, champion: Any) -> Judged:
    """Try the models of items on the last baskets of ``item_history``.

    ``champion``: the model that has the title, whose ranker is gone on with while it is young.

    Raises:
        UnableToEvaluate: there is too little to try them on.
    """
    fits: dict[str, Callable[..., Any]] = {
        name: model.fit for name, model in MODELS["items"].items()
    }
    parent = champion if isinstance(champion, TwoStage) else None
    if parent is not None and last_known_day(night) - parent.taught >= TAUGHT_FOR_DAYS:
        parent = None
    tried: list[TwoStage] = []

    def try_two_stage(history: pd.DataFrame, *, today: int) -> TwoStage:
        # The champion's factors have seen the baskets that it is tried on; its ranker has not.
        tried.append(TwoStage.fit(history, today=today, parent=parent, views_anew=True))
        return tried[-1]

    trial = fits | {TwoStage.kind: try_two_stage}
    found = evaluate.evaluate_items(history, trial, max_customers=MAX_EVALUATED)
    if tried:
        # What is promoted has the very ranker that was tried; only its counts know more.
        fits[TwoStage.kind] = partial(TwoStage.fit, parent=tried[0])
    return Judged(found, fits)


def judge_timing(days: pd.DataFrame, night: date, champion: Any) -> Judged:
    """Try the models of timing on the last week of ``columns.PURCHASE_DAYS``.

    ``champion``: the model that has the title, whose layer is gone on with while it is young.

    Raises:
        UnableToEvaluate: there is too little to try them on.
    """
    fits: dict[str, Callable[..., Any]] = {
        name: model.fit for name, model in MODELS["timing"].items()
    }
    teach = partial(Layered.fit, horizons=(HORIZON_DAYS,), lesson_rows=TIMING_LESSON_ROWS)
    tried: list[Layered] = []
    # A shop that was closed yesterday knows nothing later than its last purchase.
    known = min(last_known_day(night), int(days["day"].max())) if len(days) else 0
    parent = champion if isinstance(champion, Layered) else None
    # Its layer was itself taught a horizon before the night that promoted it.
    if parent is not None and known - parent.taught >= HORIZON_DAYS + TAUGHT_FOR_DAYS:
        parent = None

    def try_layered(days: pd.DataFrame, *, today: int) -> Layered:
        # The champion's lessons ended before the week on which it is tried tonight began.
        tried.append(teach(days, today=today, parent=parent))
        return tried[-1]

    trial = fits | {Layered.kind: try_layered}
    origins = evaluate.latest_origins(known, horizon=HORIZON_DAYS)
    found = evaluate.evaluate_timing(days, trial, origins=origins, horizon=HORIZON_DAYS)
    # What is promoted has the very layer that was tried, tried once more on the week since.
    fits[Layered.kind] = partial(teach, parent=tried[0]) if tried else teach
    return Judged(found, fits)
