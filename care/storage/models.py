"""The registry of models: what each night trained, its figures, and which one is champion."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from care.storage.tables import models


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One trained model. ``figures``: model name → metric → value, its baselines among them."""

    model_id: str
    kind: str
    name: str
    night: date
    artifact: str
    artifact_sha256: str
    figures: Mapping[str, Mapping[str, float]]
    verdict: str
    champion: bool


def find_champion(connection: Connection, kind: str) -> ModelRecord | None:
    """The model whose word counts, or nothing before the first one was promoted."""
    query = select(models).where(models.c.kind == kind, models.c.champion)
    row = connection.execute(query).one_or_none()
    return None if row is None else ModelRecord(**row._asdict())


def find_trained(connection: Connection, kind: str, night: date) -> ModelRecord | None:
    """What a night trained, or nothing."""
    query = select(models).where(models.c.kind == kind, models.c.night == night)
    row = connection.execute(query).one_or_none()
    return None if row is None else ModelRecord(**row._asdict())


def register(connection: Connection, model: ModelRecord) -> None:
    """Record a night's model and, if it is to be champion, take the title from the one before.

    A backfilled night never takes the title from a model that was trained on later nights.
    """
    newer = select(func.count()).where(
        models.c.kind == model.kind, models.c.champion, models.c.night > model.night
    )
    wins = model.champion and not connection.scalar(newer)
    if wins:
        connection.execute(
            update(models)
            .where(models.c.kind == model.kind, models.c.champion)
            .values(champion=False)
        )
    row: dict[str, Any] = {name: getattr(model, name) for name in ModelRecord.__slots__}
    connection.execute(insert(models).values(row | {"champion": wins}))
