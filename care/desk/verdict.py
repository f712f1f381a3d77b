"""A verdict on a campaign of the night: recorded once, on exactly what its giver saw."""

import logging
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from care.domain.decision import LEADS_TO, OPEN, Decision, Verdict, content_hash
from care.domain.trail import last_change
from care.policy import Policy
from care.runtime import Runtime
from care.storage import gifts, messages, reviews
from care.storage.database import reading, writing
from care.storage.reviews import CampaignNight

log = logging.getLogger(__name__)

RETRIES = 5
"""How often a verdict is written anew because one on another campaign came between."""


class UnableToDecide(Exception):
    """A verdict or a change cannot be recorded; the message says what happened and what to do."""


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

    ``seen`` is what the reviewer looked at, as ``as_seen`` tells it, or the beginning of a content
    hash; another content is refused, and so is a verdict she did not see. A rejected campaign's
    messages are withdrawn and their gifts released.

    Raises:
        UnableToDecide: no such campaign, content changed, already ended, already on its way, or,
            where the policy asks for a second person, approved by its last editor.
    """
    if verdict not in LEADS_TO:
        raise UnableToDecide(f"{verdict} is no verdict; say one of {', '.join(LEADS_TO)}")
    if verdict in (Verdict.HOLD, Verdict.REJECT) and not reason.strip():
        raise UnableToDecide(f"say why: {verdict} needs a reason")
    with reading(runtime.engine) as connection:
        stood = find(connection, night, campaign)
    for _ in range(RETRIES):
        try:
            with writing(runtime.engine) as connection:
                refuse_if_moved(connection, stood, seen)
                refuse_if_over(stood, verdict)
                if verdict is Verdict.APPROVE:
                    _refuse_own_work(runtime, connection, stood, actor)
                reviews.decide(connection, stood, verdict, actor=actor, reason=reason, now=now)
                if verdict in (Verdict.REJECT, Verdict.EXPIRE):
                    withdraw(connection, night, campaign, verdict)
                decided = find(connection, night, campaign)
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
    touched = messages.end_messages(connection, ids, state, withdrawn_as(verdict))
    gifts.settle(connection, touched, "release")


def withdrawn_as(verdict: Verdict) -> str:
    """The reason that messages end with when a verdict ends their campaign."""
    return f"campaign {verdict}"


def as_seen(campaign: CampaignNight, trail: Sequence[Decision]) -> str:
    """What somebody sees who looks at a campaign: its content hash, and its trail's last line."""
    return f"{campaign.content_hash}@{trail[-1].decision_id if trail else 0}"


def refuse_if_moved(connection: Connection, stood: CampaignNight, seen: str | None) -> None:
    """Lock a campaign, and refuse unless it and its messages are still as they were looked at.

    Raises:
        UnableToDecide: somebody was quicker, the content is another one, or messages were sealed.
    """
    name = f"{stood.campaign} of {stood.night}"
    key = stood.night, stood.campaign
    found = find(connection, *key, lock=True)
    content, _, line = (seen or "").partition("@")
    read = reviews.read_decisions(connection, night=stood.night, campaign=stood.campaign)
    last = read[-1][0] if read else None
    if found != stood or (line and line != str(last.decision_id if last else 0)):
        who = f" ({last.verdict} by {last.actor})" if last else ""
        raise UnableToDecide(
            f"somebody else was quicker: {name} is {found.state} now{who}. Look again, then decide."
        )
    current = content_hash(messages.read_content(connection, *key))
    if found.content_hash != current or not current.startswith(content):
        raise UnableToDecide(
            f"{name} changed since you looked at it: content is now {current[:12]}. "
            "Look again, then decide."
        )
    if messages.count_sealed(connection, *key):
        raise UnableToDecide(
            f"{name} is already on its way: messages were sealed. To stop what goes to one "
            "customer, suppress her."
        )


def refuse_if_over(stood: CampaignNight, verdict: Verdict) -> None:
    """Refuse what cannot be said of a campaign as it stands.

    Raises:
        UnableToDecide: it ended, or is what the verdict would make it.
    """
    name = f"{stood.campaign} of {stood.night}"
    if stood.state not in OPEN:
        raise UnableToDecide(f"{name} is {stood.state}: nothing to {verdict}")
    if stood.state is LEADS_TO.get(verdict):
        raise UnableToDecide(f"{name} is {stood.state} already")


def seen_by_one(policy: Policy, connection: Connection, stands: CampaignNight) -> bool:
    """Whether a person changed a campaign whose policy asks for a second one to look at it."""
    chosen = policy.campaigns.get(stands.campaign)
    if chosen is None or not chosen.second_person:
        return False
    trail = reviews.read_decisions(connection, night=stands.night, campaign=stands.campaign)
    return last_change([line for line, _ in trail]) is not None


def _refuse_own_work(
    runtime: Runtime, connection: Connection, stood: CampaignNight, actor: str
) -> None:
    """Where the policy asks for a second person, the last editor does not approve."""
    chosen = runtime.policy.campaigns.get(stood.campaign)
    if chosen is None or not chosen.second_person:
        return
    trail = reviews.read_decisions(connection, night=stood.night, campaign=stood.campaign)
    change = last_change([line for line, _ in trail])
    if change is not None and change.actor.casefold() == actor.casefold():
        raise UnableToDecide(
            f"{change.actor} changed {stood.campaign} of {stood.night} last ({change.verdict}, "
            f"{change.decided_at:%Y-%m-%d %H:%M} UTC), and its policy says second_person = true: "
            "somebody else must approve it."
        )


def find(
    connection: Connection, night: date, campaign: str, *, lock: bool = False
) -> CampaignNight:
    """One campaign of the night; ``lock`` keeps others from deciding meanwhile.

    Raises:
        UnableToDecide: there is none; it tells which there are.
    """
    found = reviews.find_campaign(connection, night, campaign, lock=lock)
    if found is None:
        there = [one.campaign for one in reviews.list_campaigns(connection, night=night)]
        raise UnableToDecide(
            f"there is no campaign {campaign!r} on {night}; there is "
            f"{', '.join(there) or 'none at all. `care review list` shows other nights'}."
        )
    return found
