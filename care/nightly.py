"""The night: from the shop's data to campaigns that wait for review.

Every stage loads, decides and saves, and may run again: what is done is found done, and what is
missing is added.
"""

import logging
from datetime import date, datetime, timedelta

import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from care import correspondence, desk, training
from care.domain.campaign import Tables
from care.domain.campaigns import CAMPAIGNS
from care.domain.consent import COLUMN_OF
from care.domain.drift import drifts, untold
from care.domain.due import find_due
from care.domain.feed import doubts
from care.domain.gift import running_low
from care.domain.holdout import drawn_since, lopsided
from care.domain.touch import plan_touches
from care.domain.warning import in_words
from care.intake.beside import read_beside
from care.intake.consents import read_consents
from care.intake.customers import read_customers
from care.intake.localday import night_begins
from care.intake.orders import open_orders
from care.intake.products import read_products
from care.intake.sources import read_sources
from care.intake.taken import Taken
from care.ledger import read_ledger
from care.policy import Policy
from care.rhythms import find_habits, read_habits, save_habits
from care.runtime import Runtime
from care.standing import find_all_standings, settle_points
from care.storage import catalogue, consents, gifts, nights, people
from care.storage import snapshot as snapshots
from care.storage.database import reading, writing
from care.storage.feed import read_feed
from care.storage.history import open_history, update_history
from care.storage.models import find_champion, find_trained
from care.storage.snapshot import (
    Count,
    find_snapshot,
    load_snapshot,
    previous_snapshot,
    read_pinned,
)
from care.tables import left_out, open_tables
from care.watch import watch

log = logging.getLogger(__name__)

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
            train(runtime, night=night, now=now)
        except Exception:
            log.exception("%s failed; the champion of an earlier night speaks", train.__name__)
    score(runtime, night=night)
    for shard in plan(runtime, night=night, now=now):
        correspondence.compose(runtime, night=night, shard=shard)
    desk.queue(runtime, night=night, now=now)


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
    before = previous_snapshot(runtime.store, before=night)
    agreed, words = {}, None
    if (told := sources.consents) is not None:
        agreed["consents"] = read_consents(
            sources, told, customers=came.kept, night=night, timezone=timezone
        )
        words = agreed["consents"].kept
    with writing(runtime.engine) as connection:
        keys = people.sync_people(connection, came.kept, night=night, vault=runtime.vault)
        consents.sync_consents(
            connection,
            came.kept[["customer_id", *COLUMN_OF]].merge(keys, on="customer_id"),
            None if words is None else words.merge(keys, on="customer_id"),
            as_of=as_of,
            before=None if before is None else before.as_of,
        )
        keyed = catalogue.sync_catalogue(connection, sold.kept)
    ordered = open_orders(
        sources,
        customers=keys,
        products=keyed[["product_id", "product_key", "type_key"]],
        until=as_of,
        timezone=timezone,
    )
    beside = read_beside(sources, customers=keys, products=keyed, night=night, timezone=timezone)

    files = update_history(
        runtime.store,
        ordered.lines,
        by_day=ordered.by_day,
        void=ordered.void,
        previous=() if before is None else before.history,
    )

    snapshot = snapshots.take_snapshot(
        runtime.store,
        night=night,
        timezone=timezone,
        as_of=as_of,
        history=files,
        products=keyed,
        beside={name: taken.kept for name, taken in beside.items()}
        | ({} if ordered.unpaid is None else {"unpaid": ordered.unpaid}),
        set_aside=pd.concat(
            [came.set_aside, sold.set_aside, ordered.set_aside]
            + [taken.set_aside for taken in (agreed | beside).values()],
            ignore_index=True,
        ),
        counts={
            "customers": _count(came),
            "products": _count(sold),
            "orders": Count(read=ordered.read, kept=ordered.kept, set_aside=ordered.rows_set_aside),
            **{name: _count(taken) for name, taken in (agreed | beside).items()},
        },
    )
    log.info("%s: %d customers, %d order lines taken in", night, len(came.kept), ordered.kept)
    return snapshot.sha256


def _count(taken: Taken) -> Count:
    return Count(read=taken.read, kept=taken.rows_kept, set_aside=taken.rows_set_aside)


def score(runtime: Runtime, *, night: date) -> int:
    """Read customers' habits, with the champion of timing; return how many things may run out."""
    snapshot = load_snapshot(runtime.store, night)
    history = open_history(runtime.store, snapshot.history, night=night)
    sold = read_pinned(runtime.store, snapshot.products)
    found = find_habits(runtime, history, sold, night=night)
    save_habits(runtime.store, night, found)
    log.info(
        "%s: %d things may be running out, %d habits broke off, %d customers went silent",
        night, len(found.rhythms), len(found.breaks), len(found.silences),
    )  # fmt: skip
    return len(found.rhythms)


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
    with reading(runtime.engine) as connection:
        sequence = nights.last_sequence(connection)  # first: what is read later may be newer
        told = nights.read_warnings(connection)
    standings = find_all_standings(policy, history, night)
    settle_points(runtime, history, standings, night=night)
    sold = read_pinned(runtime.store, snapshot.products)
    habits = read_habits(runtime.store, night)
    tables = open_tables(runtime, snapshot, history, standings, habits, sold, night=night)
    feed = read_feed(history, since=night - timedelta(days=policy.feed.reach_days))
    in_doubt = doubts(feed, policy.feed, night=night)
    paused = _paused(policy, in_doubt, night) | _left_out(policy, tables, night)
    warnings = [] if in_doubt else watch(policy, history, tables, sold, told, night=night)
    decisions = policy.decisions(paused=paused)

    due = find_due(tables, decisions.campaigns, night=night)
    with reading(runtime.engine) as connection:
        ledger = read_ledger(connection, runtime, tables, sold, due, night=night)
        champions = _read_champions(connection)
        trained = find_trained(connection, "items", night)
        since = drawn_since(policy.holdout.period, night)
        arms = nights.count_arms(connection, since, policy.sha256)
    planned = plan_touches(due, ledger, decisions, night=night)
    noticed = running_low(policy.gifts, ledger.gifts_left, planned.touches)
    noticed += lopsided(arms, policy.holdout.share)
    noticed += untold(drifts({} if trained is None else trained.watched), told, night=night)

    try:
        with writing(runtime.engine) as connection:
            gifts.sync_gifts(connection, policy.gifts)
            gifts.sync_budgets(
                connection,
                night,
                night_budget=policy.night.gift_budget,
                month_budget=policy.night.month_gift_budget,
            )
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
                warnings=[*warnings, *noticed],
            )
    except IntegrityError as error:
        log.info(
            "%s: another plan came first (%s); looking again", night, type(error.orig).__name__
        )
        return
    for warning in noticed:
        log.warning("%s: %s", night, in_words(warning))
    log.info(
        "%s planned: %d due, %d touches", night, sum(planned.due.values()), len(planned.touches)
    )


def _read_champions(connection: Connection) -> dict[str, str | None]:
    found = {kind: find_champion(connection, kind) for kind in ("items", "timing")}
    return {kind: None if one is None else one.name for kind, one in found.items()}


def _paused(policy: Policy, found: list[str], night: date) -> dict[str, list[str]]:
    """Campaigns that read behaviour while the order feed is in doubt, and why; others go on."""
    paused = {name: found for name in policy.enabled if found and CAMPAIGNS[name].reads_behaviour}
    if paused:
        log.warning("%s: %s paused: %s", night, ", ".join(paused), "; ".join(found))
    return paused


def _left_out(policy: Policy, tables: Tables, night: date) -> dict[str, list[str]]:
    """Campaigns whose inputs the shop does not deliver, and which those are."""
    found = left_out(policy, tables)
    if found:
        told = "; ".join(f"{name}, as {' and '.join(why)}" for name, why in found.items())
        log.warning("%s: left out: %s", night, told)
    return found
