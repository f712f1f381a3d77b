"""The title of champion: what happened to it, who had it before, and who must win it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

BY_NIGHT = "night"
"""Who acted, where no person did."""
NOTHING = "none"
"""Stands for a recipe where a night trained nothing."""


class Kind(StrEnum):
    """What a model foretells; there is one title of each."""

    ITEMS = "items"
    TIMING = "timing"


KINDS: tuple[str, ...] = tuple(map(str, Kind))


class Event(StrEnum):
    """What can happen at the gate."""

    PROMOTED = "promoted"
    """A night's model passed the gate and took the title."""
    REFUSED = "refused"
    """The gate kept a night's model, or all of a night's data, from the title."""
    APPOINTED = "appointed"
    """A person gave a model the title."""
    ROLLED_BACK = "rolled_back"
    """A person gave the title back to a model that had it before."""


@dataclass(frozen=True, slots=True)
class TitleEvent:
    """One line of the record. ``model_id``: whom it is about, nobody where nothing was trained.

    ``name``: its recipe. ``figures``: model → metric → value, as they were at the time; for
    refused data what was found. ``champion_before``: who had the title until then.
    """

    event: Event
    kind: str
    model_id: str | None
    name: str
    night: date
    at: datetime
    actor: str
    reason: str
    figures: dict[str, Any]
    champion_before: str | None


TAKES = (Event.PROMOTED, Event.APPOINTED)


def holder_before(history: Sequence[TitleEvent], champion: str) -> str | None:
    """Who had the title before a champion first took it, as long as the record goes back.

    ``history``: events of one kind, oldest first. A restored champion won the title earlier, so to
    roll back twice leads two champions back and never forward again.
    """
    won = [one for one in history if one.model_id == champion and one.event in TAKES]
    return won[-1].champion_before if won else None


def had_title(history: Sequence[TitleEvent]) -> list[str]:
    """The models that ever had the title, each once, the latest to win it first."""
    won = [one.model_id for one in reversed(history) if one.model_id and one.event in TAKES]
    return list(dict.fromkeys(won))


def doubted(history: Sequence[TitleEvent], recipes: dict[str, str]) -> set[str]:
    """Recipes that a person rolled back from, and that have not won the title again since.

    ``recipes``: model_id → recipe. A refit of the recipe that was restored is in no doubt.
    """
    found: set[str] = set()
    for one in history:
        if one.event in TAKES:
            found.discard(one.name)
        elif one.event is Event.ROLLED_BACK and one.champion_before is not None:
            found.add(recipes.get(one.champion_before, NOTHING))
            found.discard(one.name)
    return found
