"""Taking back the last verdict on a campaign of the night, or the last change of its messages."""

import logging
from collections.abc import Sequence
from datetime import date, datetime

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from care.desk.exclusion import put_back
from care.desk.gift import give_back
from care.desk.revival import revive
from care.desk.verdict import RETRIES, UnableToDecide, find, refuse_if_moved, withdrawn_as
from care.desk.waiting import measured
from care.desk.wording import restore_wording
from care.domain.decision import CHANGES, Decision, State, Verdict
from care.domain.trail import Stood, changed_by, last_change, stood, why_not_undone
from care.runtime import Runtime
from care.storage import messages, reviews, tallies, withdrawals
from care.storage.database import reading, writing
from care.storage.reviews import CampaignNight

log = logging.getLogger(__name__)


def undo(
    runtime: Runtime,
    night: date,
    campaign: str,
    *,
    actor: str,
    reason: str,
    now: datetime,
    seen: str | None = None,
) -> CampaignNight:
    """Take back the last verdict or change; the campaign is as it was before it.

    Who was taken out is in it again, a gift and a wording are what they were, and a rejected
    campaign's messages come back, if their gifts can be reserved again. What was approved before
    is approved again if it reads exactly as then, else it waits. The trail keeps both lines.

    Raises:
        UnableToDecide: nothing to take back, gifts or money are gone, no reason, content changed,
            or on its way.
    """
    if not reason.strip():
        raise UnableToDecide("say why: undo needs a reason")
    with reading(runtime.engine) as connection:
        as_seen = find(connection, night, campaign)
    for _ in range(RETRIES):
        try:
            with writing(runtime.engine) as connection:
                refuse_if_moved(connection, as_seen, seen)
                _take_back(runtime, connection, as_seen, actor=actor, reason=reason, now=now)
                undone = find(connection, night, campaign)
        except IntegrityError:  # the trail took a decision on another campaign first
            continue
        log.info("%s of %s: undone by %s, %s again", campaign, night, actor, undone.state)
        return undone
    raise UnableToDecide(f"other decisions kept coming between. Undo {campaign} of {night} again.")


def _take_back(
    runtime: Runtime,
    connection: Connection,
    campaign: CampaignNight,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    read = reviews.read_decisions(connection, night=campaign.night, campaign=campaign.campaign)
    trail = [line for line, _ in read]
    if why := why_not_undone(trail, campaign.state):
        raise UnableToDecide(f"nothing to undo on {campaign.campaign} of {campaign.night}: {why}")
    *_, before, last = stood(trail)
    undone = last.by
    assert undone is not None  # to the first state no line leads; it was refused above
    _restore(runtime, connection, campaign, undone, actor=actor, now=now)
    campaign = _recounted(connection, campaign, undone, [line for line in trail if line != undone])
    state, approval_id = _standing(before, campaign)
    told = {"undone": undone.decision_id, "verdict": undone.verdict, "leads_to": state}
    reviews.append(
        connection,
        campaign,
        Verdict.UNDO,
        actor=actor,
        reason=reason,
        now=now,
        details=orjson.dumps(told).decode(),
    )
    reviews.stand(connection, campaign, state, approval_id)


def _restore(
    runtime: Runtime,
    connection: Connection,
    campaign: CampaignNight,
    undone: Decision,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Bring a campaign's messages back to what they were before a line of its trail."""
    match undone.verdict:
        case Verdict.REJECT:
            withdrawn = withdrawn_as(Verdict.REJECT)
            ids = withdrawals.withdrawn_of(connection, campaign.night, campaign.campaign, withdrawn)
            revive(runtime, connection, campaign, ids)
        case Verdict.EXCLUDE:
            put_back(runtime, connection, campaign, undone, actor=actor, now=now)
        case Verdict.SWAP_GIFT:
            give_back(runtime, connection, campaign, undone)
        case Verdict.EDIT_WORDING:
            restore_wording(runtime, connection, campaign, undone, actor=actor, now=now)
        case _:
            pass


def _recounted(
    connection: Connection, campaign: CampaignNight, undone: Decision, left: Sequence[Decision]
) -> CampaignNight:
    """The campaign with what its messages come to again, and who changed it yet."""
    gone = changed_by(undone.actor, undone.verdict)
    needs = [why for why in campaign.needs_person if why != gone]
    change = last_change(left)
    yet = change and changed_by(change.actor, change.verdict)
    if yet and yet not in needs:
        needs.append(yet)
    rendered = messages.read_for_review(connection, campaign.night, campaign.campaign)
    found = reviews.with_content(campaign, **measured(rendered), needs_person=needs)
    if found != campaign or undone.verdict in CHANGES:
        reviews.change_content(connection, found)
        tallies.tally(connection, campaign.night, campaign.campaign)
    return found


def _standing(before: Stood, campaign: CampaignNight) -> tuple[State, int | None]:
    """An approval holds for exactly what it was given on; else the campaign waits."""
    approved: Decision | None = before.by if before.state is State.APPROVED else None
    if approved is None:
        return before.state, None
    if approved.content_hash != campaign.content_hash:
        return State.WAITING, None
    return State.APPROVED, approved.decision_id
