"""Champions beside the night: models looked at, and the title given by a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from care.domain.title import KINDS, Event, TitleEvent, had_title, holder_before
from care.runtime import Runtime
from care.storage.database import reading, writing
from care.storage.models import (
    ModelRecord,
    crown,
    find_champion,
    find_model,
    list_models,
    lock_titles,
    read_events,
)
from care.training import Stored
from care.trial import BASELINES, METRIC
from recommender import artifact


class UnableToCrown(Exception):
    """A model cannot be given the title; the message says why and what to do."""


class UnableToFindModel(Exception):
    """No model is known by that name."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model on a list: its state and the figure that decides, its own and its baselines'."""

    model: ModelRecord
    state: str
    metric: str
    figure: float | None
    baselines: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Shown:
    """A model with its papers. ``broken`` says what is wrong with its file, nothing if it is sound.

    ``events``: what happened to it, and when it lost the title, oldest first.
    """

    listed: Listed
    broken: str | None
    papers: artifact.Meta | None
    events: Sequence[TitleEvent]


def list_known(runtime: Runtime, *, kind: str | None = None) -> list[Listed]:
    """Every model that was trained, of the newest night first."""
    with reading(runtime.engine) as connection:
        return [_listed(one, had) for one, had in _with_history(connection, kind)]


def refused_data(runtime: Runtime, *, kind: str | None = None) -> list[TitleEvent]:
    """Nights whose data trained nothing, the newest first."""
    with reading(runtime.engine) as connection:
        events = read_events(connection, kind)
    return [one for one in reversed(events) if one.model_id is None]


def show(runtime: Runtime, model_id: str) -> Shown:
    """One model: what the ledger says of it and what its file does.

    Raises:
        UnableToFindModel: the ledger knows none of that id.
    """
    with reading(runtime.engine) as connection:
        model = _find(connection, model_id)
        had = had_title(read_events(connection, model.kind))
        events = read_events(connection, model.kind, model_id=model_id)
    papers, broken = None, None
    try:
        papers = _open(runtime, model)
    except artifact.UnableToLoadArtifact as error:
        broken = str(error)
    return Shown(_listed(model, had), broken, papers, events)


def promote(runtime: Runtime, model_id: str, *, by: str, why: str, now: datetime) -> ModelRecord:
    """Give a model the title, whatever the gate said of it.

    Raises:
        UnableToFindModel: the ledger knows none of that id.
        UnableToCrown: it has the title, its file is missing or broken, or nobody says why.
    """
    _ask(by, why)
    with writing(runtime.engine) as connection:
        lock_titles(connection)
        model = _find(connection, model_id)
        if model.champion:
            raise UnableToCrown(f"{model_id} is champion of {model.kind} already.")
        _refuse_broken(runtime, model)
        crown(connection, model, Event.APPOINTED, actor=by, reason=why, at=now)
    return replace(model, champion=True, refused=False)


def rollback(
    runtime: Runtime, kind: str, *, by: str, why: str, now: datetime, to: str | None = None
) -> tuple[ModelRecord, ModelRecord]:
    """Give the title back to the champion before, or to one that had it earlier.

    Returns the model that has it now and the one that lost it.

    Raises:
        UnableToFindModel: the ledger knows no model ``to``.
        UnableToCrown: there is none to go back to, its file is missing or broken, or nobody says
            why.
    """
    _ask(by, why)
    with writing(runtime.engine) as connection:
        lock_titles(connection)
        champion = find_champion(connection, kind)
        if champion is None:
            raise UnableToCrown(
                f"{kind} has no champion, so there is nothing to roll back. `care models list` "
                "shows what was trained."
            )
        history = read_events(connection, kind)
        target = to or holder_before(history, champion.model_id)
        if target is None:
            raise UnableToCrown(
                f"nobody is on record before {champion.model_id}. Name a model that "
                f"`care models list --kind {kind}` shows, and promote it."
            )
        model = _find(connection, target)
        if model.kind != kind or target not in had_title(history):
            raise UnableToCrown(
                f"{target} never was champion of {kind}, so there is no way back to it. "
                f"`care models promote {target}` gives it the title."
            )
        if model.champion:
            raise UnableToCrown(f"{target} is champion of {kind} already.")
        _refuse_broken(runtime, model)
        crown(connection, model, Event.ROLLED_BACK, actor=by, reason=why, at=now)
    return replace(model, champion=True, refused=False), replace(champion, champion=False)


def _with_history(
    connection: Connection, kind: str | None
) -> list[tuple[ModelRecord, Sequence[str]]]:
    had = {one: had_title(read_events(connection, one)) for one in KINDS}
    return [(model, had[model.kind]) for model in list_models(connection, kind)]


def _listed(model: ModelRecord, had: Sequence[str]) -> Listed:
    metric = METRIC[model.kind]
    if model.champion:
        state = "champion"
    elif model.model_id in had:
        state = "was champion"
    else:
        state = "refused"
    return Listed(
        model=model,
        state=state,
        metric=metric,
        figure=model.figures.get(model.name, {}).get(metric),
        baselines={
            name: model.figures[name][metric]
            for name in BASELINES[model.kind]
            if metric in model.figures.get(name, {})
        },
    )


def _find(connection: Connection, model_id: str) -> ModelRecord:
    found = find_model(connection, model_id)
    if found is None:
        raise UnableToFindModel(
            f"there is no model {model_id!r}; `care models list` shows those there are."
        )
    return found


def _open(runtime: Runtime, model: ModelRecord) -> artifact.Meta:
    if not model.artifact:
        raise artifact.UnableToLoadArtifact(
            "no file was kept of it; only models that were fitted for every customer have one"
        )
    stored = Stored(runtime.store, model.artifact)
    return artifact.load(stored, sha256=model.artifact_sha256).meta


def _refuse_broken(runtime: Runtime, model: ModelRecord) -> None:
    try:
        _open(runtime, model)
    except artifact.UnableToLoadArtifact as error:
        raise UnableToCrown(
            f"{model.model_id} cannot speak: {error}. The champion stays; restore the file, or "
            "choose another of `care models list`."
        ) from error


def _ask(by: str, why: str) -> None:
    if not by.strip() or not why.strip():
        raise UnableToCrown("say who decides and why: --by NAME --why TEXT; both are kept.")


def as_numbers(one: Listed) -> dict[str, Any]:
    """A model of a list, for a program to read."""
    model = one.model
    return {
        "model_id": model.model_id,
        "kind": model.kind,
        "name": model.name,
        "night": model.night.isoformat(),
        "state": one.state,
        "metric": one.metric,
        "figure": one.figure,
        "baselines": dict(one.baselines),
        "verdict": model.verdict,
    }
