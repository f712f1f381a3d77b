"""What a night's letters are written from: the house's templates, and what was edited for it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from care.domain.channel import Channel
from care.rendering.edited import Place, open_edited, read_texts, version_of
from care.rendering.renderer import Renderer
from care.runtime import Runtime
from care.storage import messages, nights, wordings
from care.storage.wordings import Edited

log = logging.getLogger(__name__)


def by_place(edits: Iterable[Edited]) -> dict[Place, dict[str, str]]:
    """Edits as texts by part, for each campaign, channel and locale that has some."""
    found: dict[Place, dict[str, str]] = {}
    for one in edits:
        place = (one.campaign, Channel(one.channel), one.locale)
        found.setdefault(place, {})[one.part] = one.source
    return found


def renderer_with(runtime: Runtime, edits: Sequence[Edited]) -> Renderer:
    """The house's renderer, but for what was edited.

    Raises:
        UnableToLoadTemplates: an edit does not hold any more, as what it includes has changed.
    """
    renderer = runtime.renderer
    for place, texts in by_place(edits).items():
        edited = open_edited(runtime.settings.templates_path, place, texts)
        renderer = renderer.but_for(edited)
    return renderer


def texts_of(runtime: Runtime, place: Place, edits: Iterable[Edited]) -> dict[str, str]:
    """Part → source of what one campaign, channel and locale says on a night."""
    own = by_place(edits).get(place, {})
    return {**read_texts(runtime.settings.templates_path, place), **own}


def keep_what_was_said(runtime: Runtime, connection: Connection, night: date) -> None:
    """Keep the policy and the texts of a night's messages, for who compares nights later.

    The policy if it is the one that the night was planned with, and a text under the version that
    its messages name; where they have changed since, there is nothing to keep.
    """
    policy, record = runtime.policy, nights.find_night(connection, night)
    if record is not None and record.policy_sha256 == policy.sha256:
        settings = policy.model_dump(mode="json", by_alias=True)
        wordings.keep_policy(connection, policy.sha256, settings)
    edits = wordings.read_edited(connection, night)
    known = wordings.known_texts(connection)
    for campaign, channel, locale, template, version in messages.read_versions(connection, night):
        if (template, version) in known:
            continue
        place: Place = (campaign, Channel(channel), locale)
        try:
            texts = texts_of(runtime, place, edits)
            current = version_of(runtime.settings.templates_path, place, texts)
        except (OSError, UnicodeDecodeError) as error:  # a file that is gone stops no night
            log.warning("%s: its text is not kept: %s", template, error)
            continue
        if current == version:
            wordings.keep_text(connection, template, version, texts)


def texts_by_part(texts: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Texts with some parts replaced; line ends as files have them."""
    plain = {part: source.replace("\r\n", "\n") for part, source in changes.items()}
    return {**texts, **plain}
