"""What the ledger promises, whatever happened to it: asserted after every fault."""

import hashlib
from collections import Counter, defaultdict
from datetime import date
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import Connection, Select, case, func, select

from care import report
from care.domain.decision import GENESIS, content_hash
from care.runtime import Runtime
from care.storage import messages, nights, reviews
from care.storage.bulk import rows_alike
from care.storage.database import reading
from care.storage.exclusions import is_out
from care.storage.tables import (
    batches,
    code_pools,
    decisions,
    deliveries,
    gift_budgets,
    gift_moves,
    gifts,
    touches,
    voucher_codes,
)
from care.storage.tables import messages as messages_table
from care.storage.tables import nights as nights_table
from tests.workflows.peer import exported

SETTLED_BY = {
    "accepted": "commit",
    "rejected": "release",
    "suppressed": "release",
    "expired": "release",
    "withdrawn": "release",
    "failed": "release",
}
"""How the gift of a touch ends, by the state its message (or the touch itself) ended in."""


def assert_laws(runtime: Runtime, *, of: date | None = None) -> None:
    """Everybody accounted for, nobody touched twice, gifts in balance, only what was approved.

    ``of``: count the people of one night alone; the rest holds for the whole ledger anyhow.
    """
    everybody_is_accounted_for(runtime, of=of)
    with reading(runtime.engine) as connection:
        nobody_is_touched_twice(connection)
        gifts_are_in_balance(runtime, connection)
        money_is_in_balance(connection)
        codes_are_in_balance(runtime, connection)
        the_trail_is_whole(connection)
        batches_and_messages_agree(connection)
    what_left_was_approved(runtime)


def everybody_is_accounted_for(runtime: Runtime, *, of: date | None = None) -> None:
    """due = touched + held out + deferred + excluded, and every touch has a known state."""
    with reading(runtime.engine) as connection:
        planned = [of] if of else list(connection.scalars(select(nights_table.c.night)))
        by_night = {night: _states(connection, night) for night in planned}
    for night in planned:
        said = report.night_report(runtime, night).numbers()
        for campaign in {*said["due"], *said["touched"], *said["excluded"], *said["deferred"]}:
            became = (
                said["touched"].get(campaign, 0)
                + said["held_out"].get(campaign, 0)
                + said["deferred"].get(campaign, 0)
                + sum(said["excluded"].get(campaign, {}).values())
            )
            assert said["due"].get(campaign, 0) == became, (night, campaign)
            touched, written = by_night[night]
            out = touched[campaign].pop("excluded", 0)
            assert out == said["excluded"].get(campaign, {}).get("excluded_by_reviewer", 0)
            assert touched[campaign]["rendered"] + out == written[campaign], (night, campaign)
            assert sum(touched[campaign].values()) == said["touched"].get(campaign, 0)


def _states(connection: Connection, night: Any) -> tuple[dict[str, Counter[str]], Counter[str]]:
    touched: dict[str, Counter[str]] = defaultdict(Counter)
    for row in nights.count_touches(connection, night).itertuples():
        if row.arm == "treated":
            touched[row.campaign][row.state] += row.count
    written: Counter[str] = Counter()
    for row in messages.count_messages(connection, night).itertuples():
        written[row.campaign] += row.count
    return touched, written


def nobody_is_touched_twice(connection: Connection) -> None:
    """One touch per customer, campaign and occasion; one message per touch and channel."""
    for columns in (
        [touches.c.customer_key, touches.c.campaign, touches.c.occasion_key],
        [messages_table.c.touch_id, messages_table.c.channel],
        [messages_table.c.idempotency_key],
    ):
        again = select(*columns).group_by(*columns).having(func.count() > 1)
        assert connection.execute(again).all() == []


def gifts_are_in_balance(runtime: Runtime, connection: Connection) -> None:
    """Reserved = committed + released + still reserved; within stock and every night's budget."""
    kinds = _counted(
        connection,
        select(gift_moves.c.gift_id, gift_moves.c.kind, func.count()).group_by(
            gift_moves.c.gift_id, gift_moves.c.kind
        ),
    )
    for gift in connection.execute(select(gifts)):
        reserved, ended = kinds[gift.gift_id, "reserve"], kinds[gift.gift_id, "release"]
        open_ = reserved - ended - kinds[gift.gift_id, "commit"]
        assert open_ >= 0
        assert gift.taken == reserved - ended, gift.gift_id
        assert gift.stock is None or gift.taken <= gift.stock
    cost = case(
        (gift_moves.c.kind == "reserve", gift_moves.c.cost),
        (gift_moves.c.kind == "release", -gift_moves.c.cost),
        else_=0,
    )
    spent = select(touches.c.night, func.sum(cost)).join(gift_moves).group_by(touches.c.night)
    for night, minor in connection.execute(spent):
        assert minor <= runtime.policy.night.gift_budget, night
    given = (
        select(touches.c.touch_id, touches.c.state, messages_table.c.state.label("message"))
        .outerjoin(messages_table, messages_table.c.touch_id == touches.c.touch_id)
        .where(touches.c.gift_id.is_not(None))
    )
    settled = {move.touch_id: move.kind for move in last_moves(connection)}
    assert all(
        settled[touch] == "release"
        for touch in connection.scalars(
            select(touches.c.touch_id).where(is_out(touches.c.touch_id))
        )
        if touch in settled
    )
    for touch in connection.execute(given):
        ended_as = touch.message or touch.state
        assert settled[touch.touch_id] == SETTLED_BY.get(ended_as, "reserve"), (touch, ended_as)


def last_moves(connection: Connection) -> list[Any]:
    """How the last turn of each touch's gift stands."""
    order = (gift_moves.c.touch_id, gift_moves.c.turn, gift_moves.c.kind != "reserve")
    moves = {
        move.touch_id: move for move in connection.execute(select(gift_moves).order_by(*order))
    }
    return list(moves.values())


def money_is_in_balance(connection: Connection) -> None:
    """What is spent in a night and a month is what was reserved and not given back."""
    cost: Counter[str] = Counter()
    moved = select(touches.c.night, gift_moves.c.kind, gift_moves.c.cost).join(
        touches, touches.c.touch_id == gift_moves.c.touch_id
    )
    for night, kind, minor in connection.execute(moved):
        for period in (f"{night:%Y-%m-%d}", f"{night:%Y-%m}"):
            cost[period] += {"reserve": minor, "release": -minor}.get(kind, 0)
    for period in connection.execute(select(gift_budgets)):
        assert period.spent == cost.pop(period.period, 0), period
        assert period.budget is None or period.spent <= period.budget, period
    assert not +cost


OUT = {"reserve": "reserved", "commit": "issued", "release": "spent"}
"""The state of a code by the last move of its touch's gift."""


def codes_are_in_balance(runtime: Runtime, connection: Connection) -> None:
    """Each code has one touch or none, each touch one code, and no batch holds another's."""
    last = {move.touch_id: move.kind for move in last_moves(connection)}
    free: Counter[str] = Counter()
    of_touch: dict[int, str] = {}
    for code in connection.execute(select(voucher_codes)):
        if code.touch_id is None:
            free[code.gift_id] += 1
            continue
        assert OUT[last[code.touch_id]] == code.state, code.touch_id
        of_touch[code.touch_id] = code.code
    needed = {pool.gift_id for pool in connection.execute(select(code_pools)) if pool.needed}
    for pool in connection.execute(select(code_pools)):
        assert pool.free == free[pool.gift_id], pool
    kept = select(touches.c.touch_id).where(touches.c.gift_id.in_(needed))
    for touch_id in connection.scalars(kept):
        assert touch_id in of_touch or last[touch_id] == "release", touch_id
    lines = exported(runtime.settings.outbound)
    written = {
        message.message_id: of_touch.get(message.touch_id)
        for message in connection.execute(
            select(messages_table.c["message_id", "touch_id"]).where(
                messages_table.c.night.in_(_nights_of(connection, lines))
            )
        )
    }
    codes = set(of_touch.values())
    for line in lines:
        said = line.get("text") or line["body"]
        found = {code for code in codes if code in said}
        assert found == {written[line["message_id"]]} - {None}, line["message_id"]


def _counted(connection: Connection, query: Select[Any]) -> Counter[tuple[str, str]]:
    return Counter({(row[0], row[1]): row[2] for row in connection.execute(query)})


def the_trail_is_whole(connection: Connection) -> None:
    """Every decision follows the one before it, and none was changed."""
    last = GENESIS
    for decision, stored in reviews.read_decisions(connection):
        assert (decision.previous_hash, decision.entry_hash) == (last, stored)
        last = stored


def batches_and_messages_agree(connection: Connection) -> None:
    """A batch has as many deliveries as it says; a message is accepted in one batch at most."""
    for batch_id, records, found in connection.execute(
        select(batches.c.batch_id, batches.c.records, func.count(deliveries.c.message_id))
        .outerjoin(deliveries, deliveries.c.batch_id == batches.c.batch_id)
        .group_by(batches.c.batch_id, batches.c.records)
    ):
        assert records == found, batch_id
    accepted = select(deliveries.c.message_id).where(deliveries.c.state == "accepted")
    taken = list(connection.scalars(accepted))
    ended = select(messages_table.c.message_id).where(messages_table.c.state == "accepted")
    assert sorted(taken) == sorted(connection.scalars(ended))


def what_left_was_approved(runtime: Runtime) -> None:
    """The content hash a person approved is that of what left and what stayed."""
    lines = exported(runtime.settings.outbound)
    with reading(runtime.engine) as connection:
        known = {
            row.message_id: row
            for row in connection.execute(
                select(messages_table.c["message_id", "night", "campaign", "render_sha256"]).where(
                    messages_table.c.night.in_(_nights_of(connection, lines)),
                    ~is_out(messages_table.c.touch_id),
                )
            )
        }
        given = {
            row.decision_id: row
            for row in connection.execute(select(decisions))
            if row.verdict == "approve"
        }
    left: dict[tuple[Any, str, int], dict[str, str]] = defaultdict(dict)
    for line in lines:
        assert _rendered(line) == line["render_sha256"]
        row = known[line["message_id"]]
        left[row.night, row.campaign, int(line["approval_id"])][row.message_id] = line[
            "render_sha256"
        ]
    for (night, campaign, approval_id), hashes in left.items():
        stayed = {
            row.message_id: row.render_sha256
            for row in known.values()
            if (row.night, row.campaign) == (night, campaign)
        }
        approval = given[approval_id]
        assert (approval.night, approval.campaign) == (night, campaign)
        assert content_hash((stayed | hashes).items()) == approval.content_hash


def _nights_of(connection: Connection, lines: list[dict[str, Any]]) -> set[date]:
    """The nights that some lines were planned on: the others need not be read again."""
    ids = pd.DataFrame({"message_id": sorted({line["message_id"] for line in lines})}, dtype="str")
    return {
        night
        for asked, alike in rows_alike(connection, messages_table, ids)
        for night in connection.scalars(select(messages_table.c.night).join(asked, alike))
    }


def _rendered(line: dict[str, Any]) -> str:
    """The hash of what the customer sees, worked out from an exported line alone."""
    email = ("from", "reply_to", "subject", "text", "html", "headers", "unsubscribe_url")
    sms = ("sender", "signature", "signature_in_body", "body", "encoding", "segments")
    shown = {name: line[name] for name in (email if "subject" in line else sms)}
    return hashlib.sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).hexdigest()
