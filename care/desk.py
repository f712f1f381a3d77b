"""The desk: where the night's campaigns wait, and people look at them and decide."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import orjson
import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from care import report
from care.domain.decision import (
    BY_POLICY,
    LEADS_TO,
    OPEN,
    Decision,
    State,
    Verdict,
    content_hash,
    outside_bounds,
)
from care.domain.recommendation import FALLBACKS
from care.evidence import Evidence, Recommended
from care.runtime import Runtime
from care.storage import gifts, messages, reviews
from care.storage.database import reading, writing
from care.storage.reviews import CampaignNight

log = logging.getLogger(__name__)

RETRIES = 5
"""How often a verdict is written anew because one on another campaign came between."""


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
    recommended: list[Recommended]


def queue(runtime: Runtime, *, night: date, now: datetime) -> dict[str, int]:
    """Put the night's campaigns before their reviewers; policy approves those within its bounds.

    Returns messages by campaign. Run again, it changes nothing, unless messages were added: then
    the campaign waits again, because an approval is for exactly what was seen.
    """
    with writing(runtime.engine) as connection:
        rendered = messages.read_for_review(connection, night)
        for campaign, group in rendered.groupby("campaign"):
            _queue_campaign(runtime, connection, night, str(campaign), group, now)
    report.write_night_json(runtime)
    return {str(name): int(count) for name, count in rendered["campaign"].value_counts().items()}


def _queue_campaign(
    runtime: Runtime,
    connection: Connection,
    night: date,
    campaign: str,
    rendered: pd.DataFrame,
    now: datetime,
) -> None:
    settings = runtime.policy.campaigns[campaign]
    with_items = rendered[rendered["items_source"] != "none"]
    share = float(with_items["items_source"].isin(FALLBACKS).mean()) if len(with_items) else 0.0
    cost = int(rendered["gift_cost"].sum())
    queued = CampaignNight(
        night=night,
        campaign=campaign,
        state=State.WAITING,
        content_hash=content_hash(
            zip(rendered["message_id"], rendered["render_sha256"], strict=True)
        ),
        approval_id=None,
        messages=len(rendered),
        gift_cost=cost,
        fallback_share=share,
        needs_person=outside_bounds(
            settings.auto_approve, messages=len(rendered), gift_cost=cost, fallback_share=share
        ),
        decide_by=now + timedelta(hours=settings.decide_within_hours),
        unanswered=str(settings.unanswered),
    )
    before = reviews.find_campaign(connection, night, campaign, lock=True)
    if before is None:
        reviews.queue_campaign(connection, queued)
    elif before.content_hash == queued.content_hash:
        return
    else:
        reviews.change_content(connection, queued)
    if not queued.needs_person:
        reviews.decide(
            connection,
            queued,
            Verdict.APPROVE,
            actor=BY_POLICY,
            reason="within its bounds",
            now=now,
        )
    log.info("%s, %s: %d messages queued", night, campaign, len(rendered))


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
        found = _find(connection, night, campaign)
        rows = messages.read_samples(connection, night, campaign, samples)
        trail = reviews.read_decisions(connection, night=night, campaign=campaign)
    evidence = Evidence(runtime, night)
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
            recommended=evidence.of(row["recommended"]),
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
    with reading(runtime.engine) as connection:
        stood = _find(connection, night, campaign)
    for _ in range(RETRIES):
        try:
            with writing(runtime.engine) as connection:
                _refuse_if_over(connection, stood, verdict, seen)
                reviews.decide(connection, stood, verdict, actor=actor, reason=reason, now=now)
                if verdict in (Verdict.REJECT, Verdict.EXPIRE):
                    withdraw(connection, night, campaign, verdict)
                decided = _find(connection, night, campaign)
        except IntegrityError:  # the trail took a decision on another campaign first
            continue
        log.info("%s of %s: %s by %s", campaign, night, verdict, actor)
        return decided
    raise UnableToDecide(
        f"other decisions kept coming between. Decide on {campaign} of {night} again."
    )


def withdraw(connection: Connection, night: date, campaign: str, verdict: Verdict) -> None:
    """End the unsent messages of a campaign that will not go out, and give their gifts back."""
    state = "withdrawn" if verdict is Verdict.REJECT else "expired"
    ids: Sequence[str] = messages.unsent_of(connection, night, campaign)
    touched = messages.end_messages(connection, ids, state, f"campaign {verdict}")
    gifts.settle(connection, touched, "release")


def _refuse_if_over(
    connection: Connection, stood: CampaignNight, verdict: Verdict, seen: str | None
) -> None:
    """Lock the campaign, and refuse unless it is still as it stood and may be decided."""
    name = f"{stood.campaign} of {stood.night}"
    key = stood.night, stood.campaign
    found = _find(connection, *key, lock=True)
    if found != stood:
        raise UnableToDecide(
            f"somebody else was quicker: {name} is {found.state} now. Look again, then decide."
        )
    if found.state not in OPEN:
        raise UnableToDecide(f"{name} is {found.state}: nothing to {verdict}")
    if found.state is LEADS_TO[verdict]:
        raise UnableToDecide(f"{name} is {found.state} already")
    current = content_hash(messages.read_content(connection, *key))
    if found.content_hash != current or (seen is not None and not current.startswith(seen)):
        raise UnableToDecide(
            f"{name} changed since you looked at it: content is now {current[:12]}. "
            "Look again, then decide."
        )
    if messages.count_sealed(connection, *key):
        raise UnableToDecide(f"{name} is already on its way: messages were sealed")


def _find(
    connection: Connection, night: date, campaign: str, *, lock: bool = False
) -> CampaignNight:
    found = reviews.find_campaign(connection, night, campaign, lock=lock)
    if found is None:
        there = [one.campaign for one in reviews.list_campaigns(connection, night=night)]
        raise UnableToDecide(
            f"there is no campaign {campaign!r} on {night}; there is "
            f"{', '.join(there) or 'none at all. `care review list` shows other nights'}."
        )
    return found
