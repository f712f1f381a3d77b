"""Where the night's campaigns wait for their reviewers, and which of them do."""

import logging
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from care import report
from care.domain.decision import BY_POLICY, State, Verdict, content_hash, outside_bounds
from care.domain.recommendation import FALLBACKS
from care.domain.trail import changed_by, last_change
from care.runtime import Runtime
from care.storage import messages, reviews, tallies
from care.storage.database import reading, writing
from care.storage.reviews import CampaignNight
from care.wording import keep_what_was_said

log = logging.getLogger(__name__)


def queue(runtime: Runtime, *, night: date, now: datetime) -> dict[str, int]:
    """Put the night's campaigns before their reviewers; policy approves those within its bounds.

    Returns messages by campaign. Run again, it changes nothing, unless messages were added: then
    the campaign waits again, because an approval is for exactly what was seen.
    """
    with writing(runtime.engine) as connection:
        rendered = messages.read_for_review(connection, night)
        for campaign, group in rendered.groupby("campaign"):
            _queue_campaign(runtime, connection, night, str(campaign), group, now)
        tallies.tally(connection, night)
        keep_what_was_said(runtime, connection, night)
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
    figures = measured(rendered)
    queued = CampaignNight(
        night=night,
        campaign=campaign,
        state=State.WAITING,
        approval_id=None,
        needs_person=outside_bounds(
            settings.auto_approve,
            messages=figures["messages"],
            gift_cost=figures["gift_cost"],
            fallback_share=figures["fallback_share"],
        ),
        decide_by=now + timedelta(hours=settings.decide_within_hours),
        unanswered=str(settings.unanswered),
        **figures,
    )
    before = reviews.find_campaign(connection, night, campaign, lock=True)
    if before is None:
        reviews.queue_campaign(connection, queued)
    elif before.content_hash == queued.content_hash:
        return
    else:
        queued.needs_person.extend(_changed_by(connection, night, campaign))
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


def measured(rendered: pd.DataFrame) -> dict[str, Any]:
    """What a campaign's content comes to, as fields of ``CampaignNight``.

    ``rendered``: as ``messages.read_for_review`` returns it.
    """
    with_items = rendered[rendered["items_source"] != "none"]
    fallbacks = with_items["items_source"].isin(FALLBACKS)
    return {
        "content_hash": content_hash(
            zip(rendered["message_id"], rendered["render_sha256"], strict=True)
        ),
        "messages": len(rendered),
        "gift_cost": int(rendered["gift_cost"].sum()),
        "fallback_share": float(fallbacks.mean()) if len(with_items) else 0.0,
    }


def _changed_by(connection: Connection, night: date, campaign: str) -> list[str]:
    """What a person changed is not approved by policy, whatever its bounds."""
    trail = reviews.read_decisions(connection, night=night, campaign=campaign)
    change = last_change([line for line, _ in trail])
    if change is None:
        return []
    return [changed_by(change.actor, change.verdict)]


def list_campaigns(
    runtime: Runtime, *, night: date | None = None, waiting_only: bool = False
) -> list[CampaignNight]:
    """Campaigns of the night, newest first."""
    states = (State.WAITING, State.HELD) if waiting_only else ()
    with reading(runtime.engine) as connection:
        return reviews.list_campaigns(connection, night=night, states=states)
