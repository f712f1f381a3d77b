"""Training: what the shop's history teaches, measured on a part held back, and who may speak."""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import numpy as np
import pandas as pd

from care.domain.feed import doubts
from care.runtime import Runtime
from care.storage.database import reading, writing
from care.storage.history import item_history, lines_by_day, open_history, purchase_days
from care.storage.models import ModelRecord, find_champion, find_trained, register
from care.storage.pieces import Frames, cut, sample
from care.storage.snapshot import load_snapshot
from care.storage.store import Store
from recommender import artifact, evaluate, gate
from recommender.items.als import Als
from recommender.items.personal import Personal
from recommender.items.popularity import Popularity
from recommender.timing.frequency import Frequency
from recommender.timing.interval import Interval
from recommender.timing.law import Law

log = logging.getLogger(__name__)

MODELS: Mapping[str, Mapping[str, Any]] = {
    "items": {"popularity": Popularity, "personal": Personal, "als": Als},
    "timing": {"interval": Interval, "frequency": Frequency, "law": Law},
}
METRIC = {"items": "recall@10", "timing": "ap"}
BASELINES = {"items": ["popularity"], "timing": ["interval", "frequency"]}
EVALUATED_LINES = 2_000_000
"""Order lines of the nightly evaluations; a larger shop is judged on a sample of its customers."""
MAX_EVALUATED = 2_000
"""Customers of the nightly items evaluation: a standard error of about .005 in recall."""
HORIZON_DAYS = 7


def last_known_day(night: date) -> int:
    """The day before the night, as the recommender counts days: from 1970-01-01."""
    return int(np.datetime64(night, "D").astype(int)) - 1


def train_items(runtime: Runtime, *, night: date) -> str:
    """Train and judge the item models; return what the gate said. Done once a night."""
    return _train(runtime, "items", night, item_history, _judge_items)


def train_timing(runtime: Runtime, *, night: date) -> str:
    """Train and judge the timing models; return what the gate said. Done once a night."""
    return _train(runtime, "timing", night, recommended_days, _judge_timing)


def _train(
    runtime: Runtime,
    kind: str,
    night: date,
    read: Callable[[ibis.Table], pd.DataFrame],
    judge: Callable[[pd.DataFrame, date], evaluate.Evaluation],
) -> str:
    with reading(runtime.engine) as connection:
        trained = find_trained(connection, kind, night)
    if trained is not None:
        return trained.verdict
    history, data = _history(runtime, night)
    if (doubt := _doubt(runtime, history, night)) is not None:
        return doubt
    try:
        judged = judge(read(sample(history, lines=EVALUATED_LINES)), night)
    except evaluate.UnableToEvaluate as error:
        log.warning("%s: no model of %s is trained: %s", night, kind, error)
        return f"not trained: {error}"
    return _promote(runtime, night, judged, Frames(cut(history), read), data)


def _judge_items(history: pd.DataFrame, _night: date) -> evaluate.Evaluation:
    fits = {name: model.fit for name, model in MODELS["items"].items()}
    return evaluate.evaluate_items(history, fits, max_customers=MAX_EVALUATED)


def _judge_timing(days: pd.DataFrame, night: date) -> evaluate.Evaluation:
    fits = {name: model.fit for name, model in MODELS["timing"].items()}
    # A shop that was closed yesterday knows nothing later than its last purchase.
    known = min(last_known_day(night), int(days["day"].max())) if len(days) else 0
    origins = evaluate.latest_origins(known, horizon=HORIZON_DAYS)
    return evaluate.evaluate_timing(days, fits, origins=origins, horizon=HORIZON_DAYS)


def load_champion(runtime: Runtime, kind: str) -> tuple[str, Any] | None:
    """Name and model of the champion; nothing before the first one, or if its file is broken."""
    with reading(runtime.engine) as connection:
        champion = find_champion(connection, kind)
    if champion is None:
        return None
    try:
        found = artifact.load(
            _Stored(runtime.store, champion.artifact), sha256=champion.artifact_sha256
        )
    except artifact.UnableToLoadArtifact as error:
        log.warning("the champion of %s cannot speak: %s", kind, error)
        return None
    return champion.name, found.model


def recommended_days(history: ibis.Table) -> pd.DataFrame:
    """Purchase days under the names the recommender knows them by."""
    return purchase_days(history).rename(columns={"customer_key": "customer", "type_key": "type"})


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file of the store, as the recommender asks for one."""

    store: Store
    path: str

    def read_bytes(self) -> bytes:
        return self.store.read(self.path)

    def write_bytes(self, data: bytes) -> int:
        self.store.write(self.path, data)
        return len(data)


def _history(runtime: Runtime, night: date) -> tuple[ibis.Table, str]:
    """The history a night may learn from, and the fingerprint of what it read."""
    snapshot = load_snapshot(runtime.store, night)
    return open_history(runtime.store, snapshot.history, night=night), snapshot.sha256


def _doubt(runtime: Runtime, history: ibis.Table, night: date) -> str | None:
    """Why a night's history must teach nobody: models learnt from half a feed forget the rest."""
    found = doubts(lines_by_day(history), runtime.policy.feed, night=night)
    if not found:
        return None
    log.warning("%s: nothing is trained: %s", night, "; ".join(found))
    return f"not trained: {'; '.join(found)}"


def _tellable(figures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Figures without those the held-out history could not tell, which JSON cannot hold."""
    return {
        model: {metric: value for metric, value in found.items() if not math.isnan(value)}
        for model, found in figures.items()
    }


def _promote(
    runtime: Runtime,
    night: date,
    judged: evaluate.Evaluation,
    learnt: Frames,
    data: str,
) -> str:
    kind = judged.kind
    with reading(runtime.engine) as connection:
        champion = find_champion(connection, kind)
    verdict = gate.decide(
        kind,
        judged.figures,
        metric=METRIC[kind],
        baselines=BASELINES[kind],
        champion=None if champion is None else champion.name,
    )
    name, place, sha256 = verdict.promoted or "none", "", ""
    if verdict.promoted is not None:
        model = MODELS[kind][name].fit(learnt, today=last_known_day(night))
        place = f"models/{kind}/{night}-{name}.zip"
        sha256 = artifact.save(
            model,
            _Stored(runtime.store, place),
            data=data,
            figures=judged.figures[name],
        )
    record = ModelRecord(
        model_id=f"{kind}-{night}",
        kind=kind,
        name=name,
        night=night,
        artifact=place,
        artifact_sha256=sha256,
        figures=_tellable(judged.figures),
        verdict=verdict.reason,
        champion=verdict.promoted is not None,
    )
    with writing(runtime.engine) as connection:
        if find_trained(connection, kind, night) is None:
            register(connection, record)
    log.info("%s: %s", kind, verdict.reason)
    return verdict.reason
