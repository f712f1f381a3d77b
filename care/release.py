"""Release: what was approved, checked once more, sealed, handed over; then what came of it."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import Connection

from care import __version__, desk, report
from care.domain.batch import (
    Approval,
    EmailContent,
    OutboundMessage,
    SealedBatch,
    SmsContent,
    UnableToSealBatch,
    seal,
)
from care.domain.campaign import MessageClass, Unanswered
from care.domain.channel import ADDRESS_COLUMN, CONSENT_COLUMN, Channel
from care.domain.decision import BY_POLICY, State, Verdict, content_hash
from care.domain.screen import suppressed
from care.gateways.contract import UnableToReadAcknowledgement, UnableToSubmitBatch
from care.runtime import Runtime
from care.storage import batches, gifts, messages, people, reviews
from care.storage.batches import BatchRecord
from care.storage.database import reading, writing

log = logging.getLogger(__name__)

OPENS_WITHIN = timedelta(hours=12)
"""How far ahead of its window a message is sealed: late enough that consent is looked at fresh."""

RECORDS_PER_PART = 10_000
RECORDS_PER_BATCH = 50_000
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
    with writing(runtime.engine) as connection:
        _follow_deadlines(connection, now)
        _void_changed_content(connection)
        _end_what_may_not_go(connection, now)
    claimed = _claim_batches(runtime, now)
    with reading(runtime.engine) as connection:
        unfinished = batches.list_batches(connection, states=("sealing",))
    submitted = sum(_submit(runtime, batch, claimed.get(batch.batch_id)) for batch in unfinished)
    report.write_night_json(runtime)
    return submitted


def _follow_deadlines(connection: Connection, now: datetime) -> None:
    """What nobody decided in time does what its campaign says."""
    for campaign in reviews.list_campaigns(connection, states=(State.WAITING, State.HELD)):
        if now <= campaign.decide_by:
            continue
        released = campaign.unanswered == Unanswered.RELEASE and campaign.state is State.WAITING
        verdict = Verdict.APPROVE if released else Verdict.EXPIRE
        why = f"nobody decided by {campaign.decide_by:%Y-%m-%d %H:%M} UTC"
        reviews.decide(connection, campaign, verdict, actor=BY_POLICY, reason=why, now=now)
        if verdict is Verdict.EXPIRE:
            desk.withdraw(connection, campaign.night, campaign.campaign, verdict)
        log.info("%s of %s: %s, %s", campaign.campaign, campaign.night, verdict, why)


def _void_changed_content(connection: Connection) -> None:
    """Approval binds to content: where the messages are no longer what was approved, ask again."""
    for campaign in reviews.list_campaigns(connection, states=(State.APPROVED,)):
        unsent = messages.unsent_of(connection, campaign.night, campaign.campaign)
        if not unsent:
            continue
        content = messages.read_content(connection, campaign.night, campaign.campaign)
        if content_hash(content) != campaign.content_hash:
            reviews.change_content(
                connection, replace(campaign, content_hash=content_hash(content))
            )
            log.warning(
                "%s of %s: content changed, approval void", campaign.campaign, campaign.night
            )


def _end_what_may_not_go(connection: Connection, now: datetime) -> None:
    """Look at windows, suppressions, consents and addresses again, just before sealing."""
    waiting = messages.read_leaving(connection, opens_before=now + OPENS_WITHIN)
    if waiting.empty:
        return
    late = (waiting["not_after"] <= now).to_numpy()
    _end(connection, waiting[late], "expired", "too late to send")
    waiting = waiting[~late].reset_index(drop=True)
    everybody = people.read_people(connection).set_index("customer_key")
    known = everybody.reindex(waiting["customer_key"]).reset_index()
    stopped = people.read_suppressions(connection)
    service = (waiting["message_class"] == MessageClass.SERVICE).to_numpy()
    for channel in Channel:
        here = (waiting["channel"] == channel).to_numpy()
        unreachable = here & known[ADDRESS_COLUMN[channel]].isna().to_numpy()
        forbidden = here & ~service & ~known[CONSENT_COLUMN[channel]].to_numpy(bool)
        muted = here & suppressed(waiting, stopped, channel)
        _end(connection, waiting[unreachable], "suppressed", "no address any more")
        _end(connection, waiting[forbidden & ~unreachable], "suppressed", "consent withdrawn")
        rest = muted & ~forbidden & ~unreachable
        _end(connection, waiting[rest], "suppressed", "suppressed since it was planned")


def _end(connection: Connection, ending: pd.DataFrame, state: str, why: str) -> None:
    touched = messages.end_messages(connection, ending["message_id"].tolist(), state, why)
    gifts.settle(connection, touched, "release")


def _claim_batches(runtime: Runtime, now: datetime) -> dict[str, SealedBatch]:
    """Take approved messages into batches: by channel, and by the batch that they re-issue.

    The batch's night is the business date it leaves on, whenever its messages were planned.
    """
    claimed: dict[str, SealedBatch] = {}
    night = now.astimezone(runtime.policy.shop.zone).date()
    with writing(runtime.engine) as connection:
        ready = batches.read_ready(connection, opens_before=now + OPENS_WITHIN)
        for (channel, supersedes, attempt), rows in _grouped(ready):
            record = BatchRecord(
                batch_id="",
                night=night,
                channel=channel,
                gateway=runtime.gateway.name,
                state="sealing",
                records=len(rows),
                attempt=attempt + 1,
                supersedes=supersedes,
                created_at=now.replace(microsecond=0),
            )
            sealed = _seal_the_sound(runtime, connection, record, rows)
            if sealed is not None:
                claimed[sealed.batch_id] = sealed
    return claimed


Row = Mapping[str, Any]


def _grouped(ready: Sequence[Row]) -> Iterator[tuple[tuple[str, str | None, int], list[Row]]]:
    groups: dict[tuple[str, str | None, int], list[Row]] = defaultdict(list)
    for row in ready:
        groups[row["channel"], row["batch_id"], row["attempt"]].append(row)
    for group, rows in groups.items():
        for start in range(0, len(rows), RECORDS_PER_BATCH):
            yield group, rows[start : start + RECORDS_PER_BATCH]


def _seal_the_sound(
    runtime: Runtime, connection: Connection, record: BatchRecord, rows: Sequence[Row]
) -> SealedBatch | None:
    """Claim what can be sealed; a message that cannot is set aside with its reason."""
    try:
        sealed = _seal(runtime, record, rows)
    except UnableToSealBatch as error:
        if not error.faults:
            raise
        for message_id, why in error.faults.items():
            touched = messages.end_messages(
                connection, [message_id], "rejected", f"not sealed: {why}"
            )
            gifts.settle(connection, touched, "release")
        log.warning(
            "%d messages of %s set aside: cannot be sealed", len(error.faults), record.night
        )
        rows = [row for row in rows if row["message_id"] not in error.faults]
        if not rows:
            return None
        record = replace(record, records=len(rows))
        sealed = _seal(runtime, record, rows)
    approvals = {str(row["message_id"]): int(row["approval_id"]) for row in rows}
    batches.claim(connection, replace(record, batch_id=sealed.batch_id), approvals)
    return sealed


def _submit(runtime: Runtime, record: BatchRecord, sealed: SealedBatch | None) -> bool:
    """Hand a claimed batch over; one that a dead run left is sealed again, to equal bytes."""
    if sealed is None:
        with reading(runtime.engine) as connection:
            rows = batches.read_batch(connection, record.batch_id)
        sealed = _seal(runtime, record, rows)
    try:
        submission = runtime.gateway.submit(sealed)
    except UnableToSubmitBatch as error:
        log.error(
            "batch %s not submitted, the next release tries again: %s", record.batch_id, error
        )
        return False
    with writing(runtime.engine) as connection:
        batches.mark_submitted(connection, record.batch_id, submission.manifest_sha256)
    log.info("batch %s submitted: %d messages", record.batch_id, record.records)
    return True


def _seal(runtime: Runtime, record: BatchRecord, rows: Sequence[Row]) -> SealedBatch:
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
        [_outbound(runtime, row) for row in rows],
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
    body = runtime.vault.open(row["data_key"], row["body"], bound_to=row["message_id"])
    channel = Channel(row["channel"])
    marketing = row["message_class"] == MessageClass.MARKETING
    kind = EmailContent if channel is Channel.EMAIL else SmsContent
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
        content=kind(to=row[ADDRESS_COLUMN[channel]], **orjson.loads(body)),
    )
