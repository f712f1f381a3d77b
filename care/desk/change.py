"""A change to a campaign that waits: one transaction, a line in the trail, the approval void."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from care.desk.verdict import RETRIES, UnableToDecide, find, refuse_if_moved, refuse_if_over
from care.desk.waiting import measured
from care.domain.decision import Decision, State, Verdict
from care.domain.trail import changed_by
from care.runtime import Runtime
from care.storage import messages, reviews, tallies
from care.storage.database import reading, writing
from care.storage.reviews import CampaignNight

log = logging.getLogger(__name__)

Make = Callable[[Connection, CampaignNight], tuple[int, Mapping[str, Any]]]
"""Does the change; returns how many messages it touched, and details for the trail."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change left: the campaign as it is now, how many messages it touched, and its line."""

    campaign: CampaignNight
    messages: int
    decision: Decision


def change(
    runtime: Runtime,
    night: date,
    campaign: str,
    verdict: Verdict,
    make: Make,
    *,
    actor: str,
    reason: str,
    now: datetime,
    seen: str | None,
) -> Changed:
    """Change a campaign's messages, all of it or nothing; a held campaign stays held.

    Raises:
        UnableToDecide: no such campaign, no reason, content changed, already ended or on its way,
            or whatever ``make`` refuses.
    """
    if not reason.strip():
        raise UnableToDecide(f"say why: {verdict} needs a reason")
    with reading(runtime.engine) as connection:
        stood = find(connection, night, campaign)
    for _ in range(RETRIES):
        try:
            with writing(runtime.engine) as connection:
                refuse_if_moved(connection, stood, seen)
                refuse_if_over(stood, verdict)
                touched, details = make(connection, stood)
                changed = _recorded(connection, stood, actor, verdict)
                told = orjson.dumps({**details, "content_before": stood.content_hash})
                decision = reviews.append(
                    connection,
                    changed,
                    verdict,
                    actor=actor,
                    reason=reason,
                    now=now,
                    details=told.decode(),
                )
        except IntegrityError:  # the trail took a decision on another campaign first
            continue
        log.info("%s of %s: %s by %s, %d messages", campaign, night, verdict, actor, touched)
        return Changed(changed, touched, decision)
    raise UnableToDecide(
        f"other decisions kept coming between. Change {campaign} of {night} again."
    )


def _recorded(
    connection: Connection, stood: CampaignNight, actor: str, verdict: Verdict
) -> CampaignNight:
    """The campaign with its new content, which waits, or stays held, for a person."""
    rendered = messages.read_for_review(connection, stood.night, stood.campaign)
    told = changed_by(actor, verdict)
    changed = replace(
        stood,
        **measured(rendered),
        state=State.HELD if stood.state is State.HELD else State.WAITING,
        approval_id=None,
        needs_person=[*(one for one in stood.needs_person if one != told), told],
    )
    reviews.change_content(connection, changed)
    tallies.tally(connection, stood.night, stood.campaign)
    return changed
