"""What campaigns say on one night instead of their templates' text, and the texts of other nights.

Rows are only ever added; of one part the last one counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, insert, select

from care.storage.database import lock_table
from care.storage.tables import kept_policies, kept_texts, nights, wordings


@dataclass(frozen=True, slots=True)
class Edited:
    """One part of a template as somebody wrote it for a night: ``subject``, ``txt`` or ``html``."""

    night: date
    campaign: str
    channel: str
    locale: str
    part: str
    source: str
    editor: str
    at: datetime


def add(connection: Connection, edits: Sequence[Edited]) -> None:
    """Write edits down."""
    lock_table(connection, wordings)
    highest = connection.scalar(select(func.max(wordings.c.wording_id))) or 0
    rows = [
        asdict(one) | {"wording_id": number} for number, one in enumerate(edits, start=highest + 1)
    ]
    if rows:
        connection.execute(insert(wordings), rows)


def read_edited(
    connection: Connection,
    night: date,
    campaign: str | None = None,
    *,
    before: datetime | None = None,
    lock: bool = False,
) -> list[Edited]:
    """What counts on a night, of one campaign or all, or what counted ``before`` a moment.

    ``lock``: nobody edits until the end. Several may hold that lock together: whoever writes
    messages of the night.
    """
    if lock:
        connection.execute(
            select(nights.c.night).where(nights.c.night == night).with_for_update(read=True)
        )
    query = select(wordings).where(wordings.c.night == night).order_by(wordings.c.wording_id)
    if campaign is not None:
        query = query.where(wordings.c.campaign == campaign)
    if before is not None:
        query = query.where(wordings.c.at < before)
    latest = {}
    for row in connection.execute(query):
        told = row._asdict()
        del told["wording_id"]
        latest[row.campaign, row.channel, row.locale, row.part] = Edited(**told)
    return list(latest.values())


def keep_text(
    connection: Connection, template: str, version: str, texts: Mapping[str, str]
) -> None:
    """Keep what a template says, part by part, under its version; once is enough."""
    query = select(kept_texts.c.part).where(
        kept_texts.c.template == template, kept_texts.c.template_version == version
    )
    known = set(connection.scalars(query))
    rows = [
        {"template": template, "template_version": version, "part": part, "source": source}
        for part, source in texts.items()
        if part not in known
    ]
    if rows:
        connection.execute(insert(kept_texts), rows)


def known_texts(connection: Connection) -> set[tuple[str, str]]:
    """Template and version of every text that is kept."""
    query = select(kept_texts.c.template, kept_texts.c.template_version).distinct()
    return {(row.template, row.template_version) for row in connection.execute(query)}


def read_text(connection: Connection, template: str, version: str) -> dict[str, str]:
    """What a template said in a version, by part; nothing where that was not kept."""
    query = select(kept_texts.c.part, kept_texts.c.source).where(
        kept_texts.c.template == template, kept_texts.c.template_version == version
    )
    return {row.part: row.source for row in connection.execute(query)}


def keep_policy(connection: Connection, sha256: str, settings: Mapping[str, object]) -> None:
    """Keep a policy under its fingerprint; once is enough."""
    known = select(kept_policies.c.policy_sha256).where(kept_policies.c.policy_sha256 == sha256)
    if connection.scalar(known) is None:
        connection.execute(
            insert(kept_policies).values(policy_sha256=sha256, settings=dict(settings))
        )


def read_policy(connection: Connection, sha256: str) -> dict[str, object] | None:
    """A policy that was kept, or nothing."""
    query = select(kept_policies.c.settings).where(kept_policies.c.policy_sha256 == sha256)
    found: dict[str, object] | None = connection.scalar(query)
    return found
