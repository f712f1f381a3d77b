"""The desk: where people look at tonight's campaigns and decide."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from care.domain.decision import OPEN, Decision, Verdict, content_hash
from care.runtime import Runtime
from care.storage import gifts, messages, reviews
from care.storage.database import reading, writing
from care.storage.reviews import CampaignNight

log = logging.getLogger(__name__)


class UnableToDecide(Exception):
    """A verdict cannot be recorded; the message says what happened and what to do."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One message as the customer will see it, for a reviewer."""

    message_id: str
    channel: str
    locale: str
    tier: str
    gift_id: str | None
    state: str
    content: dict[str, object]


def list_campaigns(
    runtime: Runtime, *, night: date | None = None, waiting_only: bool = False
) -> list[CampaignNight]:
    """Campaigns of the night, newest first."""
    with reading(runtime.engine) as connection:
        found = reviews.list_campaigns(connection, night=night)
    return [one for one in found if one.state in ("waiting", "held")] if waiting_only else found


def show(
    runtime: Runtime, night: date, campaign: str, *, samples: int
) -> tuple[CampaignNight, list[Sample], list[Decision]]:
    """One campaign with sample messages and what was decided about it so far."""
    with reading(runtime.engine) as connection:
        found = _find(reviews.find_campaign(connection, night, campaign), night, campaign)
        rows = messages.read_samples(connection, night, campaign, samples)
        trail = reviews.read_decisions(connection, night=night, campaign=campaign)
    opened = [
        Sample(
            message_id=row["message_id"],
            channel=row["channel"],
            locale=row["locale"],
            tier=row["tier"],
            gift_id=row["gift_id"],
            state=row["state"],
            content=orjson.loads(
                runtime.vault.open(row["data_key"], row["body"], bound_to=row["message_id"])
            ),
        )
        for row in rows
    ]
    return found, opened, [decision for decision, _ in trail]


def decide(
    runtime: Runtime,
    night: date,
    campaign: str,
    verdict: Verdict,
    *,
    actor: str,
    reason: str,
    now: datetime,
    seen: str | None = None,
) -> CampaignNight:
    """Record a verdict on a campaign of the night.

    ``seen`` is the content hash the reviewer looked at; another content is refused. A rejected
    campaign's messages are withdrawn and their gifts released.

    Raises:
        UnableToDecide: no such campaign, content changed, already ended, or already on its way.
    """
    if verdict in (Verdict.HOLD, Verdict.REJECT) and not reason.strip():
        raise UnableToDecide(f"say why: {verdict} needs a reason")
    try:
        with writing(runtime.engine) as connection:
            found = _find(
                reviews.find_campaign(connection, night, campaign, lock=True), night, campaign
            )
            current = content_hash(messages.read_content(connection, night, campaign))
            _refuse_if_over(found, verdict, seen, current)
            if messages.count_sealed(connection, night, campaign):
                raise UnableToDecide(
                    f"{campaign} of {night} is already on its way: messages were sealed"
                )
            reviews.decide(connection, found, verdict, actor=actor, reason=reason, now=now)
            if verdict in (Verdict.REJECT, Verdict.EXPIRE):
                withdraw(connection, night, campaign, verdict)
            decided = reviews.find_campaign(connection, night, campaign)
    except IntegrityError:
        raise UnableToDecide(
            f"somebody else decided at the same moment. Look at {campaign} of {night} again."
        ) from None
    log.info("%s of %s: %s by %s", campaign, night, verdict, actor)
    return _find(decided, night, campaign)


def withdraw(connection: Connection, night: date, campaign: str, verdict: Verdict) -> None:
    """End the unsent messages of a campaign that will not go out, and give their gifts back."""
    state = "withdrawn" if verdict is Verdict.REJECT else "expired"
    ids: Sequence[str] = messages.unsent_of(connection, night, campaign)
    touched = messages.end_messages(connection, ids, state, f"campaign {verdict}")
    gifts.settle(connection, touched, "release")


def _refuse_if_over(found: CampaignNight, verdict: Verdict, seen: str | None, current: str) -> None:
    if found.state not in OPEN:
        raise UnableToDecide(
            f"{found.campaign} of {found.night} is {found.state}: nothing to {verdict}"
        )
    if found.content_hash != current or (seen is not None and not current.startswith(seen)):
        raise UnableToDecide(
            f"{found.campaign} of {found.night} changed since you looked at it: content is now "
            f"{current[:12]}. Look again, then decide."
        )


def _find(found: CampaignNight | None, night: date, campaign: str) -> CampaignNight:
    if found is None:
        raise UnableToDecide(
            f"there is no campaign {campaign!r} on {night}. `care review list` shows what there is."
        )
    return found
