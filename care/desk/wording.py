"""The wording of a campaign for one night: read, tried out on real messages, and replaced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from care.desk.change import Changed
from care.domain.channel import Channel
from care.rendering.problem import Problem
from care.runtime import Runtime


class UnableToEditWording(Exception):
    """A wording cannot be used. ``problems``: file, line, what is wrong, and what to do."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


@dataclass(frozen=True, slots=True)
class Wording:
    """What messages of one channel and locale are written from tonight.

    ``texts``: part → template source; parts are ``subject``, ``txt`` and ``html`` of an e-mail and
    ``txt`` of a short message. ``editor``, ``edited_at``: of the last edit, None for the house's.
    """

    channel: str
    locale: str
    texts: Mapping[str, str]
    editor: str | None
    edited_at: datetime | None


@dataclass(frozen=True, slots=True)
class Previewed:
    """One message before and after. ``before``, ``after``: as ``Sample.content``."""

    message_id: str
    tier: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def wordings(runtime: Runtime, night: date, campaign: str) -> list[Wording]:
    """The wording of every channel and locale of a campaign as the night has it.

    Raises:
        UnableToDecide: no such campaign.
    """
    raise NotImplementedError


def preview_wording(
    runtime: Runtime,
    night: date,
    campaign: str,
    *,
    channel: Channel,
    locale: str,
    texts: Mapping[str, str],
    count: int = 3,
) -> list[Previewed]:
    """Some messages as they would read with other texts; parts not given stay. Saves nothing.

    Raises:
        UnableToEditWording: a text is no good, naming line, fault and remedy.
        UnableToDecide: no such campaign, or it has no such channel and locale.
    """
    raise NotImplementedError


def edit_wording(
    runtime: Runtime,
    night: date,
    campaign: str,
    *,
    channel: Channel,
    locale: str,
    texts: Mapping[str, str],
    actor: str,
    reason: str,
    now: datetime,
    seen: str | None = None,
) -> Changed:
    """Replace texts for this night alone, and write every unsent message of theirs anew.

    Messages that are added to the night later get them too. The approval is void; the trail keeps
    the difference.

    Raises:
        UnableToEditWording: a text is no good, or some message cannot be written with it.
        UnableToDecide: no reason, nothing differs, content changed, or already on its way.
    """
    raise NotImplementedError
