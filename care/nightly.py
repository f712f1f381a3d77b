"""The night: from the shop's data to campaigns that wait for review.

Every stage loads, decides and saves, and may run again: what is done is found done, and what is
missing is added.
"""

import io
import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from care import report, training
from care.domain.campaign import Tables
from care.domain.campaigns import CAMPAIGNS
from care.domain.case import complaining
from care.domain.channel import Channel
from care.domain.contact_policy import sending_window
from care.domain.content import Content, UnableToEncodeContent, encode, render_sha256
from care.domain.decision import BY_POLICY, State, Verdict, content_hash, outside_bounds
from care.domain.feed import doubts
from care.domain.message import Rendered
from care.domain.outbound import idempotency_key
from care.domain.product import catalogue as catalogue_of
from care.domain.review import displeased
from care.domain.rhythm import none_of
from care.domain.screen import Permissions
from care.domain.touch import Ledger, plan_touches
from care.intake.beside import read_beside
from care.intake.customers import read_customers
from care.intake.localday import night_begins
from care.intake.orders import open_orders
from care.intake.products import read_products
from care.intake.sources import read_sources
from care.intake.taken import Taken
from care.letters import Words
from care.policy import Policy
from care.recommendation import FALLBACK, Recommendations, recommend
from care.rhythms import COLUMNS, Habits, find_habits
from care.runtime import Runtime
from care.standing import find_all_standings, settle_points, with_standings
from care.storage import catalogue, gifts, messages, nights, people, points, reviews
from care.storage import snapshot as snapshots
from care.storage.bulk import records
from care.storage.database import reading, writing
from care.storage.history import (
    lines_by_day,
    open_history,
    update_history,
)
from care.storage.models import find_champion
from care.storage.owners import read_owned
from care.storage.reviews import CampaignNight
from care.storage.snapshot import (
    Count,
    find_snapshot,
    load_snapshot,
    previous_snapshot,
    read_if_pinned,
    read_pinned,
)

log = logging.getLogger(__name__)

COMPOSED_AT_ONCE = 5_000
"""Messages held in memory, and written in one transaction, at a time."""
REPLANS = 5
"""How often a plan is made anew because another night was planned meanwhile."""


class UnableToPlan(Exception):
    """A night cannot, or must not, be planned; the message says why and what to do."""


def run(runtime: Runtime, *, night: date, now: datetime) -> None:
    """All stages in order, as the DAG runs them. A model that fails to train stops nothing."""
    refuse_stale(runtime, night=night, now=now)
    take_snapshot(runtime, night=night)
    for train in (training.train_items, training.train_timing):
        try:
            train(runtime, night=night)
        except Exception:
            log.exception("%s failed; the champion of an earlier night speaks", train.__name__)
    score(runtime, night=night)
    for shard in plan(runtime, night=night, now=now):
        compose(runtime, night=night, shard=shard)
    queue(runtime, night=night, now=now)


def refuse_stale(runtime: Runtime, *, night: date, now: datetime) -> None:
    """Refuse a night too old to be worth planning, and one that has not come yet.

    Nobody wants a belated birthday wish.
    """
    today = now.astimezone(runtime.policy.shop.zone).date()
    age = (today - night).days
    if age < -1:
        raise UnableToPlan(
            f"{night} is still to come, and its orders with it. Plan it on the day; for a drill, "
            "pass the moment as --now."
        )
    limit = runtime.policy.night.stale_after_days
    if age > limit:
        raise UnableToPlan(
            f"{night} is {age} days ago, and nights older than {limit} days are not planned "
            "(night.stale_after_days in the policy). For a drill, pass the moment as --now."
        )


def take_snapshot(runtime: Runtime, *, night: date) -> str:
    """Read the shop's data as the night begins, and pin what was read; return the snapshot's hash.

    A snapshot once taken is the night's for ever.
    """
    if (taken := find_snapshot(runtime.store, night)) is not None:
        return taken.sha256
    timezone = runtime.policy.shop.timezone
    as_of = night_begins(night, timezone)
    sources = read_sources(runtime.settings.sources)
    came = read_customers(sources, night=night, festivals=runtime.policy.festivals)
    sold = read_products(sources, night=night)
    with writing(runtime.engine) as connection:
        keys = people.sync_people(connection, came.kept, night=night, vault=runtime.vault)
        keyed = catalogue.sync_catalogue(connection, sold.kept)
    ordered = open_orders(
        sources,
        customers=keys,
        products=keyed[["product_id", "product_key", "type_key"]],
        until=as_of,
        timezone=timezone,
    )
    beside = read_beside(sources, customers=keys, products=keyed, night=night)
    before = previous_snapshot(runtime.store, before=night)

    files = update_history(
        runtime.store,
        ordered.lines,
        by_day=ordered.by_day,
        previous=() if before is None else before.history,
    )

    snapshot = snapshots.take_snapshot(
        runtime.store,
        night=night,
        timezone=timezone,
        as_of=as_of,
        history=files,
        products=keyed,
        beside={name: taken.kept for name, taken in beside.items()},
        set_aside=pd.concat(
            [came.set_aside, sold.set_aside, ordered.set_aside]
            + [taken.set_aside for taken in beside.values()],
            ignore_index=True,
        ),
        counts={
            "customers": _count(came),
            "products": _count(sold),
            "orders": Count(read=ordered.read, kept=ordered.kept, set_aside=ordered.rows_set_aside),
            **{name: _count(taken) for name, taken in beside.items()},
        },
    )
    log.info("%s: %d customers, %d order lines taken in", night, len(came.kept), ordered.kept)
    return snapshot.sha256


def _count(taken: Taken) -> Count:
    return Count(read=taken.read, kept=len(taken.kept), set_aside=taken.rows_set_aside)


def score(runtime: Runtime, *, night: date) -> int:
    """Read customers' habits, with the champion of timing; return how many things may run out."""
    snapshot = load_snapshot(runtime.store, night)
    history = open_history(runtime.store, snapshot.history, night=night)
    sold = read_pinned(runtime.store, snapshot.products)
    found = find_habits(runtime, history, sold, night=night)
    for name in COLUMNS:
        frame: pd.DataFrame = getattr(found, name)
        runtime.store.write(_habits_of(night, name), frame.to_parquet(index=False))
    log.info(
        "%s: %d things may be running out, %d habits broke off, %d customers went silent",
        night, len(found.rhythms), len(found.breaks), len(found.silences),
    )  # fmt: skip
    return len(found.rhythms)


def _habits_of(night: date, name: str) -> str:
    return f"nights/{night}/{name}.parquet"


def _read_habits(runtime: Runtime, night: date) -> Habits:
    found = {}
    for name, columns in COLUMNS.items():
        try:
            content = runtime.store.read(_habits_of(night, name))
        except FileNotFoundError:
            log.warning("%s was not scored: there are no %s", night, name)
            found[name] = none_of(columns)
        else:
            found[name] = pd.read_parquet(io.BytesIO(content))
    return Habits(**found)


def plan(runtime: Runtime, *, night: date, now: datetime) -> list[int]:
    """Decide who is touched tonight, and write it down at once or not at all.

    Returns the shards to compose. A planned night is left as it is. Two runs at once, of one night
    or of two, end with the plans they would have had one after the other.
    """
    refuse_stale(runtime, night=night, now=now)
    for _ in range(REPLANS):
        with reading(runtime.engine) as connection:
            if nights.find_night(connection, night) is not None:
                return nights.shards_of(connection, night)
        _plan_once(runtime, night)
    raise UnableToPlan(f"{night}: other nights kept being planned meanwhile; run it again")


def _plan_once(runtime: Runtime, night: date) -> None:
    policy, snapshot = runtime.policy, load_snapshot(runtime.store, night)
    history = open_history(runtime.store, snapshot.history, night=night)
    standings = find_all_standings(policy, history, night)
    settle_points(runtime, history, standings, night=night)
    cases = read_if_pinned(runtime.store, snapshot.cases)
    reviewed = read_if_pinned(runtime.store, snapshot.reviews)
    quiet_days = policy.contact.quiet_after_bad_review_days
    with reading(runtime.engine) as connection:
        sequence = nights.last_sequence(connection)
        everybody = people.read_people(connection)
        held = points.read_points(connection)
        ledger = Ledger(
            permissions=Permissions(
                customers=everybody,
                suppressions=people.read_suppressions(connection),
                planned=nights.read_planned(connection),
                complaining=complaining(cases),
                displeased=displeased(reviewed, cases, night=night, days=quiet_days),
            ),
            recent=nights.read_recent(connection, night),
            gifts_left=gifts.pieces_left(connection, policy.gifts),
        )
        champions = {
            kind: None if champion is None else champion.name
            for kind in ("items", "timing")
            for champion in [find_champion(connection, kind)]
        }
    habits = _read_habits(runtime, night)
    sold = catalogue_of(
        read_pinned(runtime.store, snapshot.products), never_name=policy.wording.never_name
    )
    tables = Tables(
        customers=with_standings(runtime, history, everybody, standings, held, night=night),
        rhythms=habits.rhythms,
        breaks=habits.breaks,
        silences=habits.silences,
        past=ledger.permissions.planned,
        products=sold,
        owned=read_owned(history, sold, night=night),
        cases=cases,
        deliveries=read_if_pinned(runtime.store, snapshot.deliveries),
        reviews=reviewed,
    )

    paused = _paused(policy, lines_by_day(history), night) | _left_out(policy, tables, night)

    planned = plan_touches(tables, ledger, policy.decisions(paused=paused), night=night)

    try:
        with writing(runtime.engine) as connection:
            gifts.sync_gifts(connection, policy.gifts)
            nights.save_plan(
                connection,
                planned,
                night=night,
                after_sequence=sequence,
                snapshot_sha256=snapshot.sha256,
                policy_sha256=policy.sha256,
                champions=champions,
                paused=paused,
                shards=runtime.settings.shards,
            )
    except IntegrityError as error:
        log.info(
            "%s: another plan came first (%s); looking again", night, type(error.orig).__name__
        )
        return
    log.info(
        "%s planned: %d due, %d touches", night, sum(planned.due.values()), len(planned.touches)
    )


def _paused(policy: Policy, by_day: pd.DataFrame, night: date) -> dict[str, list[str]]:
    """Campaigns that read behaviour while the order feed is in doubt, and why; others go on."""
    found = doubts(by_day, policy.feed, night=night)
    paused = {name: found for name in policy.enabled if found and CAMPAIGNS[name].reads_behaviour}
    if paused:
        log.warning("%s: %s paused: %s", night, ", ".join(paused), "; ".join(found))
    return paused


def _left_out(policy: Policy, tables: Tables, night: date) -> dict[str, list[str]]:
    """Campaigns whose inputs the shop does not deliver, and which those are."""
    lacking = {name: CAMPAIGNS[name].lacking(tables) for name in policy.enabled}
    left_out = {name: inputs for name, inputs in lacking.items() if inputs}
    if left_out:
        told = "; ".join(f"{name}, as {' and '.join(why)}" for name, why in left_out.items())
        log.warning("%s: left out: %s", night, told)
    return left_out


def compose(runtime: Runtime, *, night: date, shard: int) -> int:
    """Write the messages of one shard; return how many. Those already written are left alone."""
    policy, snapshot = runtime.policy, load_snapshot(runtime.store, night)
    with reading(runtime.engine) as connection:
        touches = messages.read_uncomposed(connection, night, shard)
    if touches.empty:
        return 0
    history = open_history(runtime.store, snapshot.history, night=night)
    sold = read_pinned(runtime.store, snapshot.products)
    touches = _spoken(_with_windows(touches, policy), policy)
    items = recommend(runtime, touches, sold, history, night=night)
    words = Words(
        policy, sold, runtime.settings.templates_path, token_key=runtime.settings.batch_key
    )
    written = 0
    for start in range(0, len(touches), COMPOSED_AT_ONCE):
        rows = records(touches.iloc[start : start + COMPOSED_AT_ONCE])
        written += _compose_rows(runtime, words, items, rows)
    log.info("%s, shard %d: %d messages written", night, shard, written)
    return written


def _compose_rows(
    runtime: Runtime, words: Words, items: Recommendations, rows: list[dict[str, Any]]
) -> int:
    letters = [words.letter(row, items.of(row["touch_id"])) for row in rows]

    rendered, unrendered = runtime.renderer.render_all(letters)
    failed = {rows[place]["touch_id"]: str(error) for place, error in unrendered.items()}
    composed = []
    for place, message in rendered.items():
        touch = rows[place] | {"items_source": items.source_of(rows[place]["touch_id"])}
        content = words.content(message, letters[place])
        try:
            composed.append(_message_row(runtime, content, message, touch))
        except UnableToEncodeContent as error:
            failed[touch["touch_id"]] = str(error)

    with writing(runtime.engine) as connection:
        messages.save_messages(connection, pd.DataFrame(composed), failed)
        gifts.settle(connection, sorted(failed), "release")
    for touch_id, why in sorted(failed.items()):
        log.warning("touch %d set aside: %s", touch_id, why)
    return len(composed)


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


def _with_windows(touches: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Add ``not_before`` and ``not_after``: the channel's hours in the customer's own days."""
    parts = []
    for channel, group in touches.groupby("channel"):
        opens, closes = sending_window(
            group["send_on"],
            group["send_until"],
            group["timezone"],
            policy.contact.sending_hours[Channel(str(channel))],
        )
        parts.append(group.assign(not_before=opens, not_after=closes))
    return pd.concat(parts).sort_values("touch_id", ignore_index=True)


def _spoken(touches: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """A locale the shop does not speak becomes its first one."""
    known = touches["locale"].isin(policy.shop.locales)
    return touches.assign(locale=touches["locale"].where(known, policy.shop.locales[0]))


def _message_row(
    runtime: Runtime, content: Content, rendered: Rendered, touch: Mapping[str, Any]
) -> dict[str, Any]:
    """One row of the ledger's messages: hashes in the open, the body sealed."""
    channel = Channel(touch["channel"])
    key = idempotency_key(
        tenant=runtime.policy.shop.tenant,
        campaign=touch["campaign"],
        occasion_key=touch["occasion_key"],
        customer=touch["customer_ref"],
        channel=channel,
    )
    message_id = key[:32]
    encoded = encode(content)
    return {
        "message_id": message_id,
        "idempotency_key": key,
        "touch_id": touch["touch_id"],
        "night": touch["night"],
        "campaign": touch["campaign"],
        "channel": str(channel),
        "state": "rendered",
        "locale": touch["locale"],
        "template": rendered.template,
        "template_version": rendered.template_version,
        "render_sha256": render_sha256(encoded),
        "body": runtime.vault.seal(touch["data_key"], encoded, bound_to=message_id),
        "segments": getattr(content, "segments", 0),
        "timezone": touch["timezone"],
        "not_before": touch["not_before"],
        "not_after": touch["not_after"],
        "items_source": touch["items_source"],
    }


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
    share = float((with_items["items_source"] == FALLBACK).mean()) if len(with_items) else 0.0
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
