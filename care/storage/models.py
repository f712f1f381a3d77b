"""The registry of models: what each night trained, who is champion, and what became of the title.

``find_champion`` alone says whose word counts; the events say how it came to that.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from care.domain.title import BY_NIGHT, NOTHING, Event, TitleEvent
from care.storage.database import lock_table
from care.storage.tables import models, title_events


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One trained model. ``figures``: model name → metric → value, its baselines among them.

    ``champion``: it has the title now. ``refused``: the gate did not let it have it. ``watched``:
    what the night's data and the champion's scores looked like, see ``care.domain.drift``.
    """

    model_id: str
    kind: str
    name: str
    night: date
    artifact: str
    artifact_sha256: str
    figures: Mapping[str, Mapping[str, float]]
    verdict: str
    champion: bool
    refused: bool = False
    watched: Mapping[str, Any] = field(default_factory=dict)


def find_champion(connection: Connection, kind: str) -> ModelRecord | None:
    """The model whose word counts, or nothing before the first one was promoted."""
    query = select(models).where(models.c.kind == kind, models.c.champion)
    row = connection.execute(query).one_or_none()
    return None if row is None else ModelRecord(**row._asdict())


def find_trained(connection: Connection, kind: str, night: date) -> ModelRecord | None:
    """What a night trained: the model that passed the gate, else the one it refused, or nothing."""
    query = select(models).where(models.c.kind == kind, models.c.night == night)
    row = connection.execute(query.order_by(models.c.refused, models.c.name).limit(1)).one_or_none()
    return None if row is None else ModelRecord(**row._asdict())


def find_model(connection: Connection, model_id: str) -> ModelRecord | None:
    """One model by its id, or nothing."""
    row = connection.execute(select(models).where(models.c.model_id == model_id)).one_or_none()
    return None if row is None else ModelRecord(**row._asdict())


def list_models(connection: Connection, kind: str | None = None) -> list[ModelRecord]:
    """Every model that was trained, of the newest night first."""
    query = select(models).order_by(models.c.night.desc(), models.c.kind, models.c.name)
    if kind is not None:
        query = query.where(models.c.kind == kind)
    return [ModelRecord(**row._asdict()) for row in connection.execute(query)]


def read_watched(
    connection: Connection, kind: str, *, since: date, until: date
) -> list[ModelRecord]:
    """What was watched as the nights from ``since`` to ``until`` trained, oldest first."""
    query = select(models).where(
        models.c.kind == kind, models.c.night.between(since, until), models.c.refused.is_(False)
    )
    return [
        ModelRecord(**row._asdict()) for row in connection.execute(query.order_by(models.c.night))
    ]


def register(connection: Connection, model: ModelRecord, *, at: datetime) -> None:
    """Record a night's model and, if it passed the gate, take the title from the one before.

    A backfilled night never takes the title from a model that was trained on later nights.
    """
    before = find_champion(connection, model.kind)
    passed = model.champion
    late = passed and before is not None and before.night > model.night
    wins = passed and not late
    if wins:
        _vacate(connection, model.kind)
    row: dict[str, Any] = {name: getattr(model, name) for name in ModelRecord.__slots__}
    row |= {"champion": wins, "refused": not passed, "watched": dict(model.watched)}
    connection.execute(insert(models).values(row))
    reason = model.verdict
    if late and before is not None:
        reason += f"; {before.model_id}, trained on a later night, keeps the title"
    add_event(
        connection,
        TitleEvent(
            event=Event.PROMOTED if wins else Event.REFUSED,
            kind=model.kind,
            model_id=model.model_id,
            name=model.name,
            night=model.night,
            at=at,
            actor=BY_NIGHT,
            reason=reason,
            figures={name: dict(found) for name, found in model.figures.items()},
            champion_before=None if before is None else before.model_id,
        ),
    )


def refuse_data(
    connection: Connection, kind: str, night: date, *, reason: str, at: datetime
) -> None:
    """Record that a night trained nothing, and why; once, however often it runs."""
    lock_table(connection, title_events)
    known = select(title_events.c.event_id).where(
        title_events.c.kind == kind,
        title_events.c.night == night,
        title_events.c.name == NOTHING,
    )
    if connection.scalar(known) is not None:
        return
    before = find_champion(connection, kind)
    add_event(
        connection,
        TitleEvent(
            event=Event.REFUSED,
            kind=kind,
            model_id=None,
            name=NOTHING,
            night=night,
            at=at,
            actor=BY_NIGHT,
            reason=reason,
            figures={},
            champion_before=None if before is None else before.model_id,
        ),
    )


def crown(
    connection: Connection,
    model: ModelRecord,
    event: Event,
    *,
    actor: str,
    reason: str,
    at: datetime,
) -> None:
    """Give a model the title by a person's word."""
    before = find_champion(connection, model.kind)
    _vacate(connection, model.kind)
    connection.execute(
        update(models)
        .where(models.c.model_id == model.model_id)
        .values(champion=True, refused=False)
    )
    add_event(
        connection,
        TitleEvent(
            event=event,
            kind=model.kind,
            model_id=model.model_id,
            name=model.name,
            night=model.night,
            at=at,
            actor=actor,
            reason=reason,
            figures={name: dict(found) for name, found in model.figures.items()},
            champion_before=None if before is None else before.model_id,
        ),
    )


def lock_titles(connection: Connection) -> None:
    """Keep others from giving or taking a title until the transaction ends."""
    lock_table(connection, models)
    lock_table(connection, title_events)


def read_events(
    connection: Connection,
    kind: str | None = None,
    *,
    model_id: str | None = None,
    night: date | None = None,
) -> list[TitleEvent]:
    """What happened at the gate, oldest first. ``model_id``: only what touched this model."""
    query = select(title_events).order_by(title_events.c.event_id)
    if kind is not None:
        query = query.where(title_events.c.kind == kind)
    if night is not None:
        query = query.where(title_events.c.night == night)
    if model_id is not None:
        lost = title_events.c.champion_before == model_id
        gone = lost & (title_events.c.event != str(Event.REFUSED))
        query = query.where((title_events.c.model_id == model_id) | gone)
    found = []
    for row in connection.execute(query):
        values = row._asdict()
        values.pop("event_id")
        found.append(TitleEvent(**values | {"event": Event(values["event"])}))
    return found


def recipes(connection: Connection, kind: str) -> dict[str, str]:
    """Recipe of every model of a kind by its id."""
    query = select(models.c.model_id, models.c.name).where(models.c.kind == kind)
    return {row.model_id: row.name for row in connection.execute(query)}


def add_event(connection: Connection, event: TitleEvent) -> None:
    """Add a line to the record."""
    last = connection.scalar(select(func.max(title_events.c.event_id))) or 0
    row = asdict(event) | {"event": str(event.event), "at": event.at.astimezone(UTC)}
    connection.execute(insert(title_events).values(row | {"event_id": last + 1}))


def _vacate(connection: Connection, kind: str) -> None:
    connection.execute(
        update(models).where(models.c.kind == kind, models.c.champion).values(champion=False)
    )
