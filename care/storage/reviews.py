"""Campaigns of the night and the append-only trail of decisions about them."""

from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, tuple_, update

from care.domain.decision import GENESIS, LEADS_TO, Decision, State, Verdict
from care.storage.tables import campaign_nights, decisions, deliveries, messages, nights


@dataclass(frozen=True, slots=True)
class CampaignNight:
    """One campaign of one night, as it waits for, or has got, its decision."""

    night: date
    campaign: str
    state: State
    content_hash: str
    approval_id: int | None
    messages: int
    gift_cost: int
    fallback_share: float
    needs_person: list[str]
    decide_by: datetime
    unanswered: str


def find_campaign(
    connection: Connection, night: date, campaign: str, *, lock: bool = False
) -> CampaignNight | None:
    """One campaign of a night; ``lock`` keeps others from deciding until the transaction ends.

    The night is locked as well, because a campaign not yet queued is no row that could be.
    """
    query = select(campaign_nights).where(
        campaign_nights.c.night == night, campaign_nights.c.campaign == campaign
    )
    if lock:
        planned = select(nights.c.night).where(nights.c.night == night)
        connection.execute(planned.with_for_update(key_share=True))
        query = query.with_for_update()
    row = connection.execute(query).one_or_none()
    return None if row is None else _campaign_night(row._asdict())


def list_campaigns(
    connection: Connection, *, night: date | None = None, states: tuple[State, ...] = ()
) -> list[CampaignNight]:
    """Campaigns of the night (or of all nights), newest night first."""
    query = select(campaign_nights).order_by(
        campaign_nights.c.night.desc(), campaign_nights.c.campaign
    )
    if night is not None:
        query = query.where(campaign_nights.c.night == night)
    if states:
        query = query.where(campaign_nights.c.state.in_([str(state) for state in states]))
    return [_campaign_night(row._asdict()) for row in connection.execute(query)]


def list_leaving(connection: Connection, *, lock: bool = False) -> list[CampaignNight]:
    """Approved campaigns with messages still to leave, oldest night first.

    ``lock`` keeps them from being decided anew until the transaction ends.
    """
    # Asked this way round, the nights long gone are not looked through again.
    unsent = select(messages.c.night, messages.c.campaign).where(messages.c.state == "rendered")
    theirs = tuple_(campaign_nights.c.night, campaign_nights.c.campaign)
    query = (
        select(campaign_nights)
        .where(campaign_nights.c.state == str(State.APPROVED), theirs.in_(unsent.distinct()))
        .order_by(campaign_nights.c.night, campaign_nights.c.campaign)
    )
    rows = connection.execute(query.with_for_update() if lock else query)
    return [_campaign_night(row._asdict()) for row in rows]


def _campaign_night(row: Mapping[str, Any]) -> CampaignNight:
    return CampaignNight(**{**row, "state": State(row["state"])})


def queue_campaign(connection: Connection, queued: CampaignNight) -> None:
    """Put a campaign of the night before its reviewers."""
    connection.execute(insert(campaign_nights).values(asdict(queued)))


def change_content(connection: Connection, queued: CampaignNight) -> None:
    """Record new content; whatever was decided on the old content is void.

    The campaign waits, or, where ``queued`` is held, stays so.
    """
    held = queued.state is State.HELD
    connection.execute(
        update(campaign_nights)
        .where(
            campaign_nights.c.night == queued.night,
            campaign_nights.c.campaign == queued.campaign,
        )
        .values(
            asdict(queued)
            | {"state": str(State.HELD if held else State.WAITING), "approval_id": None}
        )
    )


def with_content(campaign: CampaignNight, **figures: Any) -> CampaignNight:
    """The campaign with other content; its state and its deadline stay."""
    return replace(campaign, **figures)


def decide(
    connection: Connection,
    campaign: CampaignNight,
    verdict: Verdict,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Decision:
    """Append a verdict to the trail and let the campaign follow it.

    Raises:
        IntegrityError: a decision on another campaign came between.
    """
    decision = append(connection, campaign, verdict, actor=actor, reason=reason, now=now)
    state = LEADS_TO[verdict]
    approval_id = decision.decision_id if state is State.APPROVED else None
    stand(connection, campaign, state, approval_id)
    return decision


def append(
    connection: Connection,
    campaign: CampaignNight,
    verdict: Verdict,
    *,
    actor: str,
    reason: str,
    now: datetime,
    details: str = "",
) -> Decision:
    """Append a line about a campaign, its content as it is given, to the trail.

    Its moment is kept in UTC, as it will be read back, or its hash could never be checked.

    Raises:
        IntegrityError: a decision on another campaign came between.
    """
    last = last_decision(connection)
    decision = Decision(
        decision_id=1 if last is None else last.decision_id + 1,
        decided_at=now.astimezone(UTC),
        actor=actor,
        verdict=verdict,
        night=campaign.night,
        campaign=campaign.campaign,
        content_hash=campaign.content_hash,
        reason=reason,
        previous_hash=GENESIS if last is None else last.entry_hash,
        details=details,
    )
    connection.execute(
        insert(decisions).values(asdict(decision) | {"entry_hash": decision.entry_hash})
    )
    return decision


def stand(
    connection: Connection, campaign: CampaignNight, state: State, approval_id: int | None
) -> None:
    """Let a campaign stand as it was decided; ``approval_id`` goes with ``approved`` alone."""
    connection.execute(
        update(campaign_nights)
        .where(
            campaign_nights.c.night == campaign.night,
            campaign_nights.c.campaign == campaign.campaign,
        )
        .values(state=str(state), approval_id=approval_id)
    )


def last_decision(connection: Connection) -> Decision | None:
    """The newest line of the trail.

    Two decisions that both follow it collide on ``previous_hash``, and the later one is refused.
    """
    query = select(decisions).order_by(decisions.c.decision_id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else _decision(row._asdict())


def read_decisions(
    connection: Connection, *, night: date | None = None, campaign: str | None = None
) -> list[tuple[Decision, str]]:
    """The trail in order, each line with the hash that was stored with it."""
    query = select(decisions).order_by(decisions.c.decision_id)
    if night is not None:
        query = query.where(decisions.c.night == night)
    if campaign is not None:
        query = query.where(decisions.c.campaign == campaign)
    rows = [row._asdict() for row in connection.execute(query)]
    return [(_decision(row), row["entry_hash"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines of the trail; what is left out is any. ``since`` ≤ decided at < ``until``."""

    night: date | None = None
    campaign: str | None = None
    actor: str | None = None
    verdict: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def page_query(asked: Asked, *, before: int | None, limit: int) -> Select[Any]:
    """The query of one page of the trail, walked down its primary key."""
    line = decisions.c
    query = select(decisions).order_by(line.decision_id.desc()).limit(limit)
    for column, wanted in (
        (line.night, asked.night),
        (line.campaign, asked.campaign),
        (line.actor, asked.actor),
        (line.verdict, asked.verdict),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if asked.since is not None:
        query = query.where(line.decided_at >= asked.since)
    if asked.until is not None:
        query = query.where(line.decided_at < asked.until)
    return query if before is None else query.where(line.decision_id < before)


def read_page(
    connection: Connection, asked: Asked, *, before: int | None, limit: int
) -> list[Decision]:
    """Lines of the trail, the newest first, from before one on."""
    rows = connection.execute(page_query(asked, before=before, limit=limit))
    return [_decision(row._asdict()) for row in rows]


def walk_decisions(connection: Connection) -> Generator[tuple[Decision, str]]:
    """The whole trail in order, each line with the hash that was stored with it, some at a time.

    Close it where it is not walked to its end.
    """
    query = select(decisions).order_by(decisions.c.decision_id)
    with connection.execute(query, execution_options={"yield_per": 1_000}) as rows:
        for row in rows:
            told = row._asdict()
            yield _decision(told), told["entry_hash"]


def last_named(connection: Connection) -> int:
    """The highest line that a campaign or a batch names; 0 for none."""
    named = (campaign_nights.c.approval_id, deliveries.c.approval_id)
    return max(connection.scalar(select(func.max(one))) or 0 for one in named)


def _decision(row: Mapping[str, Any]) -> Decision:
    known = {field.name for field in fields(Decision)}
    values = {name: value for name, value in row.items() if name in known}
    said = row["verdict"]  # a word that nobody may say is for the auditor to find
    return Decision(**values | {"verdict": Verdict(said) if said in set(Verdict) else said})
