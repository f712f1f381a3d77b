"""The wording of a campaign for one night: read, tried out on real messages, and replaced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from care.correspondence import Rewriter
from care.desk.change import Changed, change
from care.desk.changes import difference
from care.desk.revival import rewrite
from care.desk.verdict import UnableToDecide, find
from care.domain.channel import Channel
from care.domain.decision import Decision, Verdict
from care.rendering.edited import Place, open_edited
from care.rendering.lint import UnableToLoadTemplates
from care.rendering.problem import Problem
from care.rendering.renderer import Renderer
from care.runtime import Runtime
from care.storage import messages, wordings
from care.storage.database import reading
from care.storage.reviews import CampaignNight
from care.storage.wordings import Edited
from care.wording import keep_what_was_said, texts_by_part, texts_of


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


def wordings_of(runtime: Runtime, night: date, campaign: str) -> list[Wording]:
    """The wording of every channel and locale that a campaign of the night has messages in.

    Raises:
        UnableToDecide: no such campaign.
    """
    with reading(runtime.engine) as connection:
        find(connection, night, campaign)
        edits = wordings.read_edited(connection, night, campaign)
        places = messages.places_of(connection, night, campaign)
    found = []
    for channel, locale in places:
        place = (campaign, Channel(channel), locale)
        house, texts = texts_of(runtime, place, []), texts_of(runtime, place, edits)
        own = [
            one
            for one in edits
            if (one.channel, one.locale) == (channel, locale) and one.source != house[one.part]
        ]
        last = max(own, key=lambda one: one.at, default=None)
        found.append(
            Wording(
                channel, locale, texts, last.editor if last else None, last.at if last else None
            )
        )
    return found


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
    with reading(runtime.engine) as connection:
        find(connection, night, campaign)
        ids = _theirs(connection, night, campaign, channel, locale, limit=count)
        _, renderer = _proposed(runtime, connection, night, (campaign, channel, locale), texts)
        was = {
            row["message_id"]: row for _, row in messages.read_composed(connection, ids).iterrows()
        }
        rewriter = Rewriter(runtime, night, renderer=renderer)
        rows, failed = rewriter.write(connection, ids)
    _refuse_unwritten((campaign, channel, locale), failed)
    found = []
    for row in rows:
        before = was[row["message_id"]]
        opened = [
            orjson.loads(runtime.vault.open(before["data_key"], body, bound_to=row["message_id"]))
            for body in (before["body"], row["body"])
        ]
        found.append(Previewed(row["message_id"], before["tier"], *opened))
    return found


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
    place = (campaign, channel, locale)

    def make(connection: Connection, stood: CampaignNight) -> tuple[int, Mapping[str, Any]]:
        ids = _theirs(connection, night, campaign, channel, locale)
        before, renderer = _proposed(runtime, connection, night, place, texts)
        after = texts_by_part(before, texts)
        changed = [part for part in after if after[part] != before[part]]
        if not changed:
            raise UnableToDecide(f"{campaign}/{channel}.{locale} says that already")
        keep_what_was_said(runtime, connection, stood.night)
        edits = [
            Edited(night, campaign, str(channel), locale, part, after[part], actor, now)
            for part in changed
        ]
        wordings.add(connection, edits)
        rewriter = Rewriter(runtime, night, renderer=renderer)
        _refuse_unwritten(place, rewriter.rewrite(connection, ids))
        keep_what_was_said(runtime, connection, stood.night)
        told = {part: difference(before[part], after[part]) for part in changed}
        return len(ids), {"channel": str(channel), "locale": locale, "difference": told}

    return change(
        runtime,
        night,
        campaign,
        Verdict.EDIT_WORDING,
        make,
        actor=actor,
        reason=reason,
        now=now,
        seen=seen,
    )


def restore_wording(
    runtime: Runtime,
    connection: Connection,
    stood: CampaignNight,
    line: Decision,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Let a campaign say again what it said before a line of the trail.

    Raises:
        UnableToDecide: some message cannot be written with it any more.
    """
    told = line.told
    place: Place = (stood.campaign, Channel(told["channel"]), told["locale"])
    earlier = wordings.read_edited(connection, stood.night, stood.campaign, before=line.decided_at)
    texts = texts_of(runtime, place, earlier)
    edits = [
        Edited(
            stood.night,
            stood.campaign,
            told["channel"],
            told["locale"],
            part,
            texts[part],
            actor,
            now,
        )
        for part in told["difference"]
    ]
    wordings.add(connection, edits)
    ids = messages.written_as(connection, stood.night, *map(str, place))
    rewrite(runtime, connection, stood, ids)


def _theirs(
    connection: Connection,
    night: date,
    campaign: str,
    channel: Channel,
    locale: str,
    *,
    limit: int | None = None,
) -> list[str]:
    ids = messages.written_as(connection, night, campaign, str(channel), locale, limit=limit)
    if not ids:
        there = messages.places_of(connection, night, campaign)
        told = ", ".join(f"{one}.{spoken}" for one, spoken in there) or "none"
        raise UnableToDecide(
            f"{campaign} of {night} has no message in {channel}.{locale} that waits; "
            f"there is {told}"
        )
    return ids


def _proposed(
    runtime: Runtime,
    connection: Connection,
    night: date,
    place: Place,
    texts: Mapping[str, str],
) -> tuple[dict[str, str], Renderer]:
    """The texts as they are, and a renderer of those that are proposed, checked."""
    before = texts_of(runtime, place, wordings.read_edited(connection, night, place[0]))
    if unknown := sorted(set(texts) - set(before)):
        raise UnableToDecide(
            f"{place[1]} has no part {unknown[0]!r}; its parts are {', '.join(before)}"
        )
    try:
        after = texts_by_part(before, texts)
        return before, open_edited(runtime.settings.templates_path, place, after)
    except UnableToLoadTemplates as error:
        raise UnableToEditWording(error.problems) from error


def _refuse_unwritten(place: Place, failed: Mapping[int, str]) -> None:
    if failed:
        campaign, channel, locale = place
        first = next(iter(failed.values())).partition(": ")[2]
        raise UnableToEditWording(
            (
                Problem(
                    f"{campaign}/{channel}.{locale}",
                    1,
                    f"{len(failed)} messages cannot be written with it: {first}",
                    "guard what may be missing with {% if %}, or say less",
                ),
            )
        )
