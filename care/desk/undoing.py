"""Taking back the last decision on a campaign of the night."""

import logging
from datetime import date, datetime

import orjson
import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from care.correspondence import Rewriter
from care.desk.verdict import RETRIES, UnableToDecide, find, refuse_if_moved, withdrawn_as
from care.desk.waiting import measured
from care.domain.decision import Decision, State, Verdict
from care.domain.trail import Stood, stood, why_not_undone
from care.runtime import Runtime
from care.storage import codes, gifts, messages, nights, reviews, tallies, wordings
from care.storage.database import reading, writing
from care.storage.reviews import CampaignNight
from care.wording import renderer_with

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
    """Take back the last approval, hold or rejection; the campaign is as it was before it.

    A rejected campaign's messages come back if their gifts can be reserved again. What was approved
    before and has changed since waits. The trail keeps both lines.

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
    undone = trail[-1] if last.by is None else last.by
    if undone.verdict is Verdict.REJECT:
        campaign = _restore(runtime, connection, campaign)
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


def _standing(before: Stood, campaign: CampaignNight) -> tuple[State, int | None]:
    """An approval holds for exactly what it was given on; else the campaign waits."""
    approved: Decision | None = before.by if before.state is State.APPROVED else None
    if approved is None:
        return before.state, None
    if approved.content_hash != campaign.content_hash:
        return State.WAITING, None
    return State.APPROVED, approved.decision_id


def _restore(runtime: Runtime, connection: Connection, campaign: CampaignNight) -> CampaignNight:
    """Bring back what the rejection withdrew, each message with the gift it had."""
    night, name = campaign.night, campaign.campaign
    ids = messages.withdrawn_of(connection, night, name, withdrawn_as(Verdict.REJECT))
    if crowded := nights.count_touched_since(connection, night, name):
        raise UnableToDecide(
            f"{crowded} customers of {name} of {night} were planned other messages by a later "
            "night, as if these would not go. It stays rejected."
        )
    gifts.lock_gifts(connection)
    messages.restore_messages(connection, ids)
    held = messages.read_gifts(connection, ids)
    _refuse_lacking(runtime, connection, held, campaign)
    gifts.reserve_again(connection, held, night=night)
    coded = held[held["gift_id"].isin(codes.needed(connection))]
    if len(coded):  # the codes they had may be somebody else's by now
        edits = wordings.read_edited(connection, night, name)
        renderer = renderer_with(runtime, edits)
        rewriter = Rewriter(runtime, night, renderer=renderer)
        for why in rewriter.rewrite(connection, coded["message_id"].tolist()).values():
            raise UnableToDecide(f"a message cannot be written again: {why}. It stays rejected.")
    changed = measured(messages.read_for_review(connection, night, name))
    if changed["content_hash"] == campaign.content_hash:
        return campaign
    restored = reviews.with_content(campaign, **changed)
    reviews.change_content(connection, restored)
    tallies.tally(connection, night, name)
    return restored


def _refuse_lacking(
    runtime: Runtime, connection: Connection, held: pd.DataFrame, campaign: CampaignNight
) -> None:
    """There must be as many pieces, codes and as much money as were given back."""
    left = gifts.pieces_left(connection, runtime.policy.gifts)
    for gift_id, count in held["gift_id"].value_counts().sort_index().items():
        if left.get(str(gift_id), count) < count:
            raise UnableToDecide(
                f"{campaign.campaign} of {campaign.night} stays rejected: it needs {count} of "
                f"{gift_id}, and {left[str(gift_id)]} are left"
            )
    cost = int(held["gift_cost"].sum())
    for budget, spent in gifts.budgets_of(connection, campaign.night):
        if budget is not None and spent + cost > budget:
            raise UnableToDecide(
                f"{campaign.campaign} of {campaign.night} stays rejected: its gifts cost {cost}, "
                f"and the budget has {budget - spent} left"
            )
