"""Release: what was approved, checked once more, sealed, handed over; then what came of it."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from care import __version__, desk, report
from care.domain.batch import Approval, SealedBatch, UnableToSealBatch, seal
from care.domain.campaign import MessageClass
from care.domain.channel import ADDRESS_COLUMN, Channel
from care.domain.contact_policy import open_hours
from care.domain.decision import BY_POLICY, State, Verdict, at_deadline, content_hash
from care.domain.outbound import OutboundMessage
from care.gateways.contract import (
    UnableToReadAcknowledgement,
    UnableToReplaceBatch,
    UnableToSubmitBatch,
)
from care.last_look import LastLook
from care.policy import Policy
from care.runtime import Runtime
from care.storage import batches, gifts, messages, reviews
from care.storage.batches import BatchRecord, Share
from care.storage.database import reading, writing
from care.storage.leaving import read_claimed, read_leaving
from care.storage.reviews import CampaignNight
from care.storage.vault import UnableToOpenSealedBody

log = logging.getLogger(__name__)

OPENS_WITHIN = timedelta(hours=12)
"""How far ahead of its window a message is sealed: late enough that consent is looked at fresh."""

_WINDOW = ("channel", "timezone", "not_before", "not_after")
NOT_HANDED_OVER = "not handed over"
RECORDS_PER_PART = 10_000
RECORDS_PER_BATCH = 20_000
MAX_ATTEMPTS = 3
"""How often a message that the gateway rejects as retryable is offered in all."""


def collect(runtime: Runtime) -> int:
    """Read the gateways' answers into the ledger; return how many batches were answered."""
    with reading(runtime.engine) as connection:
        waiting = batches.list_batches(connection, states=("submitted",))
    answered = 0
    for batch in waiting:
        try:
            answer = runtime.gateway.collect(batch.batch_id)
        except UnableToReadAcknowledgement as error:
            log.warning("batch %s: %s", batch.batch_id, error)
            continue
        if answer is None:
            continue
        with writing(runtime.engine) as connection:
            rejected = {reject.message_id: reject.code for reject in answer.rejects}
            retry = {reject.message_id for reject in answer.rejects if reject.retryable}
            if answer.status == "rejected" and not answer.rejects:
                deliveries = batches.read_deliveries(connection, batch.batch_id)
                rejected = dict.fromkeys(
                    deliveries["message_id"], answer.reason or "batch rejected"
                )
                retry = set(rejected)
            if batch.attempt >= MAX_ATTEMPTS:
                retry = set()
            accepted, ended = batches.acknowledge(
                connection, batch.batch_id, answer.status, rejected, retry
            )
            gifts.settle(connection, accepted, "commit")
            gifts.settle(connection, ended, "release")
        answered += 1
        log.info(
            "batch %s answered: %d accepted, %d rejected, %d to be offered again",
            batch.batch_id, len(accepted), len(ended), len(retry),
        )  # fmt: skip
    return answered


def seal_and_submit(runtime: Runtime, *, now: datetime) -> int:
    """Seal what may go out now and hand it over; return how many batches were submitted.

    Finishes batches that an earlier run left half-way before it makes new ones.
    """
    with reading(runtime.engine) as connection:
        undecided = reviews.list_campaigns(connection, states=(State.WAITING, State.HELD))
        leaving = reviews.list_leaving(connection)
    for campaign in undecided:
        if campaign.decide_by < now:
            _decide_by_policy(runtime, campaign, partial(_follow_deadline, runtime.policy), now)
    for campaign in leaving:
        _decide_by_policy(runtime, campaign, _void_changed_content, now)
    look = LastLook(runtime, now=now)
    with writing(runtime.engine) as connection:
        _give_up_batches(connection, look)
        unfinished = batches.list_batches(connection, states=("sealing",))
    submitted = sum(_submit(runtime, batch, None) for batch in unfinished)
    with reading(runtime.engine) as connection:
        shares = batches.list_shares(
            connection, opens_before=now + OPENS_WITHIN, at_most=RECORDS_PER_BATCH
        )
    for share in shares:
        claimed = _claim(runtime, share, look, now)
        submitted += claimed is not None and _submit(runtime, *claimed)
    report.write_night_json(runtime)
    return submitted


def _decide_by_policy(
    runtime: Runtime,
    campaign: CampaignNight,
    decide: Callable[[Connection, CampaignNight, datetime], None],
    now: datetime,
) -> None:
    """One decision, unless a person was quicker; what cannot be written now waits for next time."""
    try:
        with writing(runtime.engine) as connection:
            found = reviews.find_campaign(connection, campaign.night, campaign.campaign, lock=True)
            if found == campaign:
                decide(connection, campaign, now)
    except IntegrityError:
        log.info("%s of %s: other decisions came first", campaign.campaign, campaign.night)


def _follow_deadline(
    policy: Policy, connection: Connection, campaign: CampaignNight, now: datetime
) -> None:
    """What nobody decided in time does what its campaign says.

    What one person changed and no second one saw, where the policy asks for that, is not released.
    """
    alone = desk.seen_by_one(policy, connection, campaign)
    verdict = at_deadline(campaign.state, campaign.unanswered, seen_by_one=alone)
    why = f"nobody decided by {campaign.decide_by:%Y-%m-%d %H:%M} UTC"
    reviews.decide(connection, campaign, verdict, actor=BY_POLICY, reason=why, now=now)
    if verdict is Verdict.EXPIRE:
        desk.withdraw(connection, campaign.night, campaign.campaign, verdict)
    log.info("%s of %s: %s, %s", campaign.campaign, campaign.night, verdict, why)


def _void_changed_content(connection: Connection, campaign: CampaignNight, now: datetime) -> None:
    """Approval binds to content: what is no longer what was approved is held for a person."""
    content = messages.read_content(connection, campaign.night, campaign.campaign)
    if (current := content_hash(content)) == campaign.content_hash:
        return
    why = "its messages are not those that were approved"
    changed = replace(campaign, content_hash=current, messages=len(content), needs_person=[why])
    reviews.change_content(connection, changed)
    reviews.decide(connection, changed, Verdict.HOLD, actor=BY_POLICY, reason=why, now=now)
    log.warning("%s of %s: approval void, %s", campaign.campaign, campaign.night, why)


def _claim(
    runtime: Runtime, share: Share, look: LastLook, now: datetime
) -> tuple[BatchRecord, SealedBatch] | None:
    """Take a share of the approved messages into a batch; nothing if none of it may leave.

    The batch's night is the business date it leaves on, whenever its messages were planned. What
    is claimed was looked at in the same transaction, and no campaign can be decided meanwhile.
    """
    opens_before = now + OPENS_WITHIN
    with writing(runtime.engine) as connection:
        may_go = _last_look(connection, share, look, opens_before)
        ready = batches.read_ready(connection, share, opens_before=opens_before)
        record = BatchRecord(
            batch_id="",
            night=now.astimezone(runtime.policy.shop.zone).date(),
            channel=share.channel,
            gateway=runtime.gateway.name,
            state="sealing",
            records=0,
            attempt=share.attempt + 1,
            supersedes=share.supersedes,
            created_at=now.replace(microsecond=0),
        )
        rows = [row for row in ready if row["message_id"] in may_go]
        here = _in_their_hours(runtime, rows, at=now)
        return _seal_the_sound(runtime, connection, record, here)


def _give_up_batches(connection: Connection, look: LastLook) -> None:
    """A batch that was never handed over and holds what may not go any more is made anew."""
    claimed = read_claimed(connection)
    ending = look.stopped(connection, claimed)
    for batch_id in sorted(set(claimed.loc[ending["why"] != "", "batch_id"])):
        batches.give_up(connection, batch_id, NOT_HANDED_OVER)
        log.warning("batch %s given up: it holds what may not go any more", batch_id)


def _last_look(
    connection: Connection, share: Share, look: LastLook, opens_before: datetime
) -> set[str]:
    """Look at everything that may stop a message again; return what may leave.

    Only of campaigns whose messages are exactly those that were approved.
    """
    approved = reviews.list_leaving(connection, lock=True)
    leaving = read_leaving(connection, share, opens_before=opens_before)
    campaigns = pd.MultiIndex.from_frame(leaving[["night", "campaign"]])
    present = set(campaigns)
    sound = [
        key
        for campaign in approved
        for key in [(pd.Timestamp(campaign.night), campaign.campaign)]
        if key in present
        and campaign.content_hash
        == content_hash(messages.read_content(connection, campaign.night, campaign.campaign))
    ]
    leaving = leaving[campaigns.isin(sound)].reset_index(drop=True)
    found = look.stopped(connection, leaving)
    ending = leaving.join(found)[found["why"] != ""]
    for (state, why), group in ending.groupby(["state", "why"]):
        ids = group["message_id"].tolist()
        touched = messages.end_messages(connection, ids, str(state), str(why))
        gifts.settle(connection, touched, "release")
    return set(leaving.loc[found["why"] == "", "message_id"])


Row = Mapping[str, Any]


def _seal_the_sound(
    runtime: Runtime, connection: Connection, record: BatchRecord, rows: Sequence[Row]
) -> tuple[BatchRecord, SealedBatch] | None:
    """Claim what can be sealed; a message that cannot is set aside with its reason."""
    while rows:
        record = replace(record, records=len(rows))
        try:
            sealed = _seal(runtime, record, rows)
        except UnableToOpenSealedBody as error:
            log.error("%d messages of %s left as they are: %s", len(rows), record.night, error)
            return None
        except UnableToSealBatch as error:
            if not error.faults:
                raise
            for why, ids in _by_reason(error.faults).items():
                ended = messages.end_messages(connection, ids, "rejected", f"not sealed: {why}")
                gifts.settle(connection, ended, "release")
            log.warning("%d messages set aside: cannot be sealed", len(error.faults))
            rows = [row for row in rows if row["message_id"] not in error.faults]
        else:
            approvals = {str(row["message_id"]): int(row["approval_id"]) for row in rows}
            record = replace(record, batch_id=sealed.batch_id)
            batches.claim(connection, record, approvals)
            return record, sealed
    return None


def _by_reason(faults: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for message_id, why in faults.items():
        found[why].append(message_id)
    return found


def _submit(runtime: Runtime, record: BatchRecord, sealed: SealedBatch | None) -> bool:
    """Hand a claimed batch over; one that a dead run left is sealed again, to equal bytes."""
    try:
        sealed = sealed or _seal_again(runtime, record)
    except UnableToOpenSealedBody as error:
        log.error("batch %s waits: %s", record.batch_id, error)
        return False
    except UnableToSealBatch as error:
        log.error("batch %s given up, the next release makes it anew: %s", record.batch_id, error)
        with writing(runtime.engine) as connection:
            batches.give_up(connection, record.batch_id, NOT_HANDED_OVER)
        return False
    manifest_sha256 = hashlib.sha256(sealed.manifest.encode()).hexdigest()
    with writing(runtime.engine) as connection:
        if not batches.mark_offered(connection, record.batch_id, manifest_sha256):
            return False
    try:
        manifest_sha256 = runtime.gateway.submit(sealed).manifest_sha256
    except UnableToReplaceBatch as error:
        # A run that died before it could say so handed it over; an address has changed since.
        log.error("batch %s counts as handed over, its answer decides: %s", record.batch_id, error)
    except UnableToSubmitBatch as error:
        log.error(
            "batch %s not submitted, the next release tries again: %s", record.batch_id, error
        )
        with writing(runtime.engine) as connection:
            batches.mark_offered(connection, record.batch_id, "")
        return False
    with writing(runtime.engine) as connection:
        batches.mark_submitted(connection, record.batch_id, manifest_sha256)
    log.info("batch %s submitted: %d messages", record.batch_id, record.records)
    return True


def _seal_again(runtime: Runtime, record: BatchRecord) -> SealedBatch:
    with reading(runtime.engine) as connection:
        rows = batches.read_batch(connection, record.batch_id)
    return _seal(runtime, record, rows)


def _in_their_hours(runtime: Runtime, rows: Sequence[Row], *, at: datetime) -> list[Row]:
    """Rows whose customers may be written to now, or whose window has not begun yet.

    A window of several days has nights in it, and what was approved late must not arrive in one.
    """
    if not rows:
        return []
    window = pd.DataFrame([{name: row[name] for name in _WINDOW} for row in rows])
    window = window.astype(dict.fromkeys(("not_before", "not_after"), "datetime64[s, UTC]"))
    is_open = np.zeros(len(window), dtype=bool)
    moment = pd.Timestamp(at).as_unit("s")
    for channel, group in window.groupby("channel"):
        hours = runtime.policy.contact.sending_hours[Channel(str(channel))]
        opens = open_hours(group, hours, moment)
        earliest = group["not_before"].where(group["not_before"] > moment, moment)
        is_open[group.index] = (opens <= earliest).to_numpy(bool)
    return [row for row, now in zip(rows, is_open, strict=True) if now]


def _seal(runtime: Runtime, record: BatchRecord, rows: Sequence[Row]) -> SealedBatch:
    """Seal rows as they are.

    Raises:
        UnableToSealBatch: naming the rows that stand in the way.
        UnableToOpenSealedBody: none of the bodies opens, so that the key must be the wrong one.
    """
    outbound, unopened = [], dict[str, UnableToOpenSealedBody]()
    for row in rows:
        try:
            outbound.append(_outbound(runtime, row))
        except UnableToOpenSealedBody as error:
            unopened[row["message_id"]] = error
    if unopened and not outbound:
        raise next(iter(unopened.values()))
    if unopened:
        raise UnableToSealBatch(
            f"{len(unopened)} of {len(rows)} bodies do not open",
            faults=dict.fromkeys(unopened, "its body was changed and does not open"),
        )
    given = {
        row["approval_id"]: Approval(
            approval_id=str(row["approval_id"]),
            campaign=row["campaign"],
            approver=row["actor"],
            content_hash=row["content_hash"],
        )
        for row in rows
    }
    return seal(
        outbound,
        night=record.night,
        channel=Channel(record.channel),
        gateway=record.gateway,
        purpose="care",
        approvals=[given[approval_id] for approval_id in sorted(given)],
        created_at=record.created_at,
        attempt=record.attempt,
        supersedes=record.supersedes,
        secret=runtime.settings.batch_key,
        records_per_part=RECORDS_PER_PART,
        producer_version=__version__,
    )


def _outbound(runtime: Runtime, row: Row) -> OutboundMessage:
    channel = Channel(row["channel"])
    marketing = row["message_class"] == MessageClass.MARKETING
    return OutboundMessage(
        message_id=row["message_id"],
        idempotency_key=row["idempotency_key"],
        customer_ref=row["customer_ref"],
        campaign=row["campaign"],
        occasion_key=row["occasion_key"],
        template=row["template"],
        template_version=row["template_version"],
        locale=row["locale"],
        message_class=MessageClass(row["message_class"]),
        render_sha256=row["render_sha256"],
        consent_ref=f"{row['customer_ref']}/{channel}/marketing" if marketing else None,
        approval_id=str(row["approval_id"]),
        timezone=row["timezone"],
        not_before=row["not_before"],
        not_after=row["not_after"],
        to=row[ADDRESS_COLUMN[channel]],
        channel=channel,
        content=runtime.vault.open(row["data_key"], row["body"], bound_to=row["message_id"]),
    )
