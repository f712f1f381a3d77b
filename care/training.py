"""Training: what the shop's history teaches, measured on a part held back, and who may speak."""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import ibis
import pandas as pd

from care.domain.drift import inputs, scores_of
from care.domain.feed import WEEK, doubts
from care.domain.title import doubted
from care.runtime import Runtime
from care.storage.database import reading, writing
from care.storage.feed import read_feed
from care.storage.history import item_history, open_history, purchase_days
from care.storage.models import (
    ModelRecord,
    find_champion,
    find_trained,
    lock_titles,
    read_events,
    read_watched,
    recipes,
    refuse_data,
    register,
)
from care.storage.people import some_customers
from care.storage.pieces import Frames, cut, sample
from care.storage.snapshot import load_snapshot
from care.storage.store import Store
from care.trial import (
    BASELINES,
    METRIC,
    Judged,
    judge_items,
    judge_timing,
    last_known_day,
)
from recommender import artifact, comparison, evaluate, gate
from recommender.items.model import Source
from recommender.timing_trial import TimingTrial

log = logging.getLogger(__name__)

EVALUATED_LINES = 2_000_000
"""Order lines of the nightly evaluations; a larger shop is judged on a sample of its customers."""
SCORED = 2_000
"""Customers whose recommendations are watched for a shift of their scores."""
SCORED_ITEMS = 10


def train_items(runtime: Runtime, *, night: date, now: datetime) -> str:
    """Train and judge the item models; return what the gate said. Done once a night."""
    return _train(runtime, "items", night, now, item_history, judge_items)


def train_timing(runtime: Runtime, *, night: date, now: datetime) -> str:
    """Train and judge the timing models; return what the gate said. Done once a night."""
    return _train(runtime, "timing", night, now, recommended_days, judge_timing)


def _train(
    runtime: Runtime,
    kind: str,
    night: date,
    now: datetime,
    read: Callable[[ibis.Table], pd.DataFrame],
    judge: Callable[[pd.DataFrame, date, Any], Judged],
) -> str:
    with reading(runtime.engine) as connection:
        trained = find_trained(connection, kind, night)
    if trained is not None:
        return trained.verdict
    history, data = _history(runtime, night)
    limits = runtime.policy.feed
    feed = read_feed(history, since=night - timedelta(days=limits.reach_days))
    # Models learnt from half a feed forget the rest.
    if found := doubts(feed, limits, night=night):
        log.warning("%s: nothing is trained: %s", night, "; ".join(found))
        return _refuse(runtime, kind, night, "; ".join(found), now)
    try:
        before = load_champion(runtime, kind)
        judged = judge(read(sample(history, lines=EVALUATED_LINES)), night, before and before[1])
    except evaluate.UnableToEvaluate as error:
        log.warning("%s: no model of %s is trained: %s", night, kind, error)
        return _refuse(runtime, kind, night, str(error), now)
    verdict = _decide(runtime, judged.evaluation)
    if verdict.promoted is None and verdict.refused is None:
        log.info("%s: %s", kind, verdict.reason)
        return _refuse(runtime, kind, night, verdict.reason, now)
    fitted = _fit(runtime, night, verdict, judged.fits, Frames(cut(history), read), data)
    watched: dict[str, Any] = {"inputs": inputs(feed, night=night, weeks=limits.usual_weeks)}
    if kind == "items":
        watched["scores"] = _watch_scores(runtime, night, fitted.get(verdict.promoted or ""))
    if isinstance(judged.evaluation, TimingTrial):
        watched["calibration"] = dict(judged.evaluation.calibration)
    _register(runtime, night, now, verdict, fitted, watched)
    log.info("%s: %s", kind, verdict.reason)
    return verdict.reason


def _refuse(runtime: Runtime, kind: str, night: date, why: str, now: datetime) -> str:
    with writing(runtime.engine) as connection:
        refuse_data(connection, kind, night, reason=why, at=now)
    return f"not trained: {why}"


def load_champion(runtime: Runtime, kind: str) -> tuple[str, Any] | None:
    """Name and model of the champion; nothing before the first one, or if its file is broken."""
    with reading(runtime.engine) as connection:
        champion = find_champion(connection, kind)
    if champion is None:
        return None
    try:
        found = artifact.load(
            Stored(runtime.store, champion.artifact), sha256=champion.artifact_sha256
        )
    except artifact.UnableToLoadArtifact as error:
        log.warning("the champion of %s cannot speak: %s", kind, error)
        return None
    return champion.name, found.model


def recommended_days(history: ibis.Table) -> pd.DataFrame:
    """Purchase days under the names the recommender knows them by."""
    return purchase_days(history).rename(columns={"customer_key": "customer", "type_key": "type"})


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the store, as the recommender asks for one."""

    store: Store
    path: str

    def read_bytes(self) -> bytes:
        """The whole content."""
        return self.store.read(self.path)

    def write_bytes(self, data: bytes) -> int:
        """Replace the whole content."""
        self.store.write(self.path, data)
        return len(data)


def _history(runtime: Runtime, night: date) -> tuple[ibis.Table, str]:
    """The history a night may learn from, and the fingerprint of what it read."""
    snapshot = load_snapshot(runtime.store, night)
    return open_history(runtime.store, snapshot.history, night=night), snapshot.sha256


def _tellable(figures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Figures without those the held-out history could not tell, which JSON cannot hold."""
    return {
        model: {metric: value for metric, value in found.items() if not math.isnan(value)}
        for model, found in figures.items()
    }


def _decide(runtime: Runtime, judged: evaluate.Evaluation) -> gate.Verdict:
    kind = judged.kind
    with reading(runtime.engine) as connection:
        champion = find_champion(connection, kind)
        rolled_back = doubted(read_events(connection, kind), recipes(connection, kind))
    return gate.decide(
        kind,
        judged.figures,
        metric=METRIC[kind],
        baselines=BASELINES[kind],
        champion=None if champion is None else champion.name,
        differences=_differences(judged),
        doubted=rolled_back,
    )


def _differences(judged: evaluate.Evaluation) -> gate.Differences:
    """Intervals between all pairs of models of which each customer's own figure is known."""
    told = judged.by_customer.values()
    if judged.kind not in METRIC or not all(METRIC[judged.kind] in one for one in told):
        return {}
    apart = comparison.differences(
        judged, against=list(judged.by_customer), metric=METRIC[judged.kind]
    )
    return {
        (model, other): interval
        for model, others in apart.items()
        for other, interval in others.items()
    }


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A model of tonight and where it is kept."""

    model: Any
    artifact: str
    sha256: str


def _fit(
    runtime: Runtime,
    night: date,
    verdict: gate.Verdict,
    fits: Mapping[str, Callable[..., Any]],
    learnt: Frames,
    data: str,
) -> dict[str, _Fitted]:
    """Fit and keep who was promoted, and who was refused, so that a person may overrule it."""
    found = {}
    for name in filter(None, (verdict.promoted, verdict.refused)):
        model = fits[name](learnt, today=last_known_day(night))
        place = f"models/{verdict.kind}/{night}-{name}.zip"
        sha256 = artifact.save(
            model, Stored(runtime.store, place), data=data, figures=verdict.figures[name]
        )
        found[name] = _Fitted(model, place, sha256)
    return found


def _watch_scores(runtime: Runtime, night: date, fitted: _Fitted | None) -> dict[str, Any]:
    """What the champion of tonight makes of a part of the customers, beside a week ago."""
    champion = load_champion(runtime, "items") if fitted is None else None
    model = fitted.model if fitted is not None else champion and champion[1]
    if model is None:
        return {}
    with reading(runtime.engine) as connection:
        customers = some_customers(connection, SCORED)
        before = read_watched(
            connection, "items", since=night - timedelta(days=WEEK), until=night - timedelta(days=1)
        )
    ranked = model.recommend(customers, SCORED_ITEMS, purpose="any")
    own = ranked[ranked["source"] != Source.POPULAR]
    spoken = own["customer"].nunique() / max(len(customers), 1)
    earlier = [
        one.watched["scores"]
        for one in before
        if one.watched.get("scores", {}).get("recipe") == model.kind
    ]
    scores = own["score"].to_numpy("float64")
    return scores_of(model.kind, scores, 1 - spoken, earlier[0] if earlier else None)


def _register(
    runtime: Runtime,
    night: date,
    now: datetime,
    verdict: gate.Verdict,
    fitted: Mapping[str, _Fitted],
    watched: Mapping[str, Any],
) -> None:
    kind = verdict.kind
    with writing(runtime.engine) as connection:
        lock_titles(connection)
        if find_trained(connection, kind, night) is not None:
            return
        for name, one in fitted.items():
            passed = name == verdict.promoted
            record = ModelRecord(
                model_id=f"{kind}-{night}-{name}",
                kind=kind,
                name=name,
                night=night,
                artifact=one.artifact,
                artifact_sha256=one.sha256,
                figures=_tellable(verdict.figures),
                verdict=verdict.reason if passed else verdict.refusal,
                champion=passed,
                watched=watched,
            )
            register(connection, record, at=now)
