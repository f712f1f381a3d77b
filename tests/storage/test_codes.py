"""Codes and money of gifts, on both databases: one touch a code, and never above a budget."""

from datetime import date

import pandas as pd
import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from care.domain.gift import Gift
from care.storage import codes, gifts, schema
from care.storage.database import reading, writing
from care.storage.tables import (
    batches,
    code_pools,
    customers,
    decisions,
    deliveries,
    gift_budgets,
    messages,
    nights,
    touches,
    voucher_codes,
)
from tests.builders import NIGHT

TEXTS = {"en": "coffee", "zh-CN": "咖啡"}
COFFEE = Gift(label=TEXTS, description=TEXTS, cost=300, codes=True)
TEA = Gift(label=TEXTS, description=TEXTS, cost=900)
CATALOGUE = {"coffee": COFFEE, "tea": TEA}
LATER = date(2017, 11, 20)
NEXT_MONTH = date(2017, 12, 1)


@pytest.fixture
def shop(engine):
    """A catalogue, a pool of three codes, and five touches a night that nothing is promised to."""
    with writing(engine) as connection:
        gifts.sync_gifts(connection, CATALOGUE)
        codes.add_codes(connection, "coffee", pd.Series(["C1", "C2", "C3"]))
        for sequence, night in enumerate((NIGHT, LATER, NEXT_MONTH), start=1):
            a_night(connection, night, sequence)
    return engine


def a_night(connection, night, sequence):
    connection.execute(
        insert(nights).values(
            night=night, sequence=sequence, snapshot_sha256="", policy_sha256="", champions={},
            paused={}, due={},
        )
    )  # fmt: skip
    for number in range(1, 6):
        touch_id = 100 * sequence + number
        customer = {"customer_key": touch_id, "customer_ref": f"r{touch_id}", "first_night": night}
        connection.execute(insert(customers).values(customer))
        connection.execute(
            insert(touches).values(
                touch_id=touch_id, night=night, customer_key=touch_id, campaign="birthday",
                occasion_key="birthday-2017", arm="treated", state="planned", channel="email",
                message_class="marketing", tier="gold", send_on=night, send_until=night,
                gift_cost=0, gift_note="", shard=0,
            )
        )  # fmt: skip


def promise(engine, *touch_ids, gift="coffee", night=NIGHT):
    planned = pd.DataFrame({"touch_id": touch_ids}).assign(
        gift_id=gift, gift_cost=CATALOGUE[gift].cost
    )
    with writing(engine) as connection:
        mine = touches.c.touch_id.in_(touch_ids)
        connection.execute(update(touches).where(mine).values(gift_id=gift))
        gifts.reserve(connection, planned, night=night)


def settle(engine, kind, *touch_ids):
    with writing(engine) as connection:
        gifts.settle(connection, list(touch_ids), kind)


def pool(engine):
    with reading(engine) as connection:
        counted = codes.count_free(connection)["coffee"]
        coffee = voucher_codes.c.gift_id == "coffee"
        query = select(voucher_codes).where(coffee).order_by(voucher_codes.c.code)
        found = {row.code: (row.state, row.touch_id) for row in connection.execute(query)}
    assert counted == [state for state, _ in found.values()].count("free")
    return found


def spent(engine, night=NIGHT):
    with reading(engine) as connection:
        return gifts.spent_in(connection, night)


FREE = ("free", None)


def test_each_touch_gets_a_code_of_its_own_in_the_order_of_both(shop):
    promise(shop, 101, 102)
    assert pool(shop) == {"C1": ("reserved", 101), "C2": ("reserved", 102), "C3": FREE}


def test_a_gift_that_needs_no_codes_takes_none(shop):
    promise(shop, 101, gift="tea")
    assert set(pool(shop).values()) == {FREE}


def test_a_gift_that_needs_codes_no_more_takes_none(shop):
    with writing(shop) as connection:
        gifts.sync_gifts(connection, {"coffee": COFFEE.model_copy(update={"codes": False})})
    promise(shop, 101)
    assert set(pool(shop).values()) == {FREE}


def test_what_is_accepted_is_issued_and_what_never_left_goes_back_to_the_pool(shop):
    promise(shop, 101, 102)
    settle(shop, "commit", 101)
    settle(shop, "release", 102)
    settle(shop, "release", 101)
    settle(shop, "commit", 102)
    assert pool(shop) == {"C1": ("issued", 101), "C2": FREE, "C3": FREE}


@pytest.mark.parametrize(("offered", "ended_as"), [("a hash", ("spent", 101)), ("", FREE)])
def test_a_code_that_somebody_outside_may_have_read_is_spent(shop, offered, ended_as):
    promise(shop, 101)
    with writing(shop) as connection:
        a_refused_message(connection, 101, manifest_sha256=offered)
    settle(shop, "release", 101)
    assert pool(shop)["C1"] == ended_as


def a_refused_message(connection, touch_id, manifest_sha256):
    moment = pd.Timestamp("2017-11-14", tz="UTC").to_pydatetime()
    connection.execute(
        insert(decisions).values(
            decision_id=1, decided_at=moment, actor="mei", verdict="approve", night=NIGHT,
            campaign="birthday", content_hash="", reason="", previous_hash="", entry_hash="1",
        )
    )  # fmt: skip
    connection.execute(
        insert(batches).values(
            batch_id="b", night=NIGHT, channel="email", gateway="g", state="rejected", records=1,
            attempt=1, created_at=moment, manifest_sha256=manifest_sha256,
        )
    )  # fmt: skip
    connection.execute(
        insert(messages).values(
            message_id="m", idempotency_key="k", touch_id=touch_id, night=NIGHT, channel="email",
            campaign="birthday", state="rejected", locale="en", template="", template_version="",
            render_sha256="", body=b"", segments=0, items_source="none", timezone="UTC",
            not_before=moment, not_after=moment, batch_id="b",
        )
    )  # fmt: skip
    connection.execute(
        insert(deliveries).values(
            batch_id="b", message_id="m", position=0, approval_id=1, state="rejected"
        )
    )


def test_more_promises_than_codes_are_refused_by_the_database(shop):
    with pytest.raises(IntegrityError):
        promise(shop, 101, 102, 103, 104)
    assert set(pool(shop).values()) == {FREE}
    assert spent(shop) == (0, 0)


@pytest.mark.parametrize("end", ["issued", "spent"])
def test_the_database_itself_keeps_a_code_that_is_out_for_its_touch_for_ever(shop, end):
    promise(shop, 101)
    with writing(shop) as connection:
        connection.execute(
            update(voucher_codes).where(voucher_codes.c.touch_id == 101).values(state=end)
        )
    changes = {"state": "free", "touch_id": None}, {"touch_id": 102}, {"state": "reserved"}
    for change in (update(voucher_codes).values(**told) for told in changes):
        with pytest.raises(DBAPIError), writing(shop) as connection:
            connection.execute(change.where(voucher_codes.c.code == "C1"))
    with pytest.raises(DBAPIError), writing(shop) as connection:
        connection.execute(delete(voucher_codes))
    assert pool(shop)["C1"] == (end, 101)


@pytest.mark.parametrize(
    "told",
    [
        {"state": "reserved", "touch_id": None},
        {"state": "free", "touch_id": 102},
        {"state": "reserved", "touch_id": 101},  # who has one already
        {"state": "lost"},
    ],
)
def test_the_database_itself_gives_no_code_to_two_or_to_nobody(shop, told):
    promise(shop, 101)
    change = update(voucher_codes).where(voucher_codes.c.code == "C2").values(**told)
    with pytest.raises(IntegrityError), writing(shop) as connection:
        connection.execute(change)


def test_codes_that_are_in_a_pool_already_stay_as_they_are(shop):
    promise(shop, 101)
    with writing(shop) as connection:
        gifts.sync_gifts(connection, {"cake": COFFEE, "coffee": COFFEE})
        again = codes.add_codes(connection, "coffee", pd.Series(["C1", "C3", "C4"]))
        other = codes.add_codes(connection, "cake", pd.Series(["C2", "C5"]))
    assert (again.codes, again.known, again.elsewhere) == (1, 2, [])
    assert (other.codes, other.known, other.elsewhere) == (1, 0, ["C2"])
    assert pool(shop)["C1"] == ("reserved", 101)
    with reading(shop) as connection:
        assert codes.count_free(connection) == {"coffee": 3, "cake": 1}


def test_what_is_left_is_the_smaller_of_pieces_and_codes(shop):
    both = {"coffee": COFFEE.model_copy(update={"stock": 2}), "tea": TEA}
    promise(shop, 101)
    with reading(shop) as connection:
        assert gifts.pieces_left(connection, CATALOGUE) == {"coffee": 2}
        assert gifts.pieces_left(connection, both) == {"coffee": 1}
        assert gifts.pieces_left(connection, {"cake": COFFEE}) == {"cake": 0}


# ── Money ───────────────────────────────────────────────────────────────────────────────────────


def budgets(engine, night, *, night_budget=10_000, month_budget=None):
    with writing(engine) as connection:
        gifts.sync_budgets(connection, night, night_budget=night_budget, month_budget=month_budget)


def test_what_gifts_cost_is_counted_by_night_and_month_and_comes_back_with_them(shop):
    promise(shop, 101, 102)
    promise(shop, 201, gift="tea", night=LATER)
    promise(shop, 301, gift="tea", night=NEXT_MONTH)
    assert [spent(shop, night) for night in (NIGHT, LATER, NEXT_MONTH)] == [
        (600, 1500), (900, 1500), (900, 900)
    ]  # fmt: skip
    settle(shop, "release", 102, 201)
    settle(shop, "commit", 101)
    settle(shop, "release", 102, 101)
    assert [spent(shop, night) for night in (NIGHT, LATER)] == [(300, 300), (0, 300)]


@pytest.mark.parametrize(
    ("night_budget", "month_budget", "fits"),
    [(900, None, True), (899, None, False), (5000, 1500, True), (5000, 1499, False)],
)
def test_the_database_itself_refuses_to_spend_more(shop, night_budget, month_budget, fits):
    promise(shop, 101, 102)
    budgets(shop, LATER, night_budget=night_budget, month_budget=month_budget)
    if fits:
        promise(shop, 201, gift="tea", night=LATER)
    else:
        with pytest.raises(IntegrityError):
            promise(shop, 201, gift="tea", night=LATER)
    assert spent(shop, LATER) == ((900, 1500) if fits else (0, 600))


def test_a_budget_that_is_lowered_keeps_what_was_spent(shop):
    promise(shop, 101, 102)
    budgets(shop, NIGHT, night_budget=100, month_budget=200)
    with reading(shop) as connection:
        rows = connection.execute(select(gift_budgets).order_by(gift_budgets.c.period)).all()
    assert [tuple(row) for row in rows] == [("2017-11", 600, 600), ("2017-11-14", 600, 600)]
    budgets(shop, NIGHT)
    with reading(shop) as connection:
        limits = connection.execute(select(gift_budgets).order_by(gift_budgets.c.period)).all()
    assert [row.budget for row in limits] == [None, 10_000]


def test_a_ledger_from_before_knows_what_its_gifts_cost(shop):
    promise(shop, 101, 102)
    promise(shop, 103, gift="tea")
    promise(shop, 201, gift="tea", night=LATER)
    settle(shop, "commit", 101)
    settle(shop, "release", 102, 201)
    schema.downgrade(shop, "0005")
    schema.upgrade(shop)
    spent = {"2017-11": 1_200, "2017-11-14": 1_200, "2017-11-20": 0}
    with reading(shop) as connection:
        assert dict(map(tuple, connection.execute(select(gift_budgets.c["period", "spent"])))) == (
            spent
        )
    settle(shop, "release", 103)


# ── What she was given last ─────────────────────────────────────────────────────────────────────


def last_of(engine, *customer_keys):
    with reading(engine) as connection:
        found = gifts.last_gifts(connection, pd.Series(customer_keys, dtype="int64"))
    return sorted(found.itertuples(index=False, name=None))


def test_the_last_gift_is_the_one_that_was_accepted_last_and_what_is_on_its_way(shop):
    with writing(shop) as connection:
        hers = touches.c.touch_id.in_([101, 201, 301])
        connection.execute(
            update(touches).where(hers).values(customer_key=101, occasion_key=touches.c.touch_id)
        )
    assert last_of(shop, 101) == []
    promise(shop, 101)
    promise(shop, 102, gift="tea")
    assert last_of(shop, 101, 102, 103) == [(101, "coffee"), (102, "tea")]
    settle(shop, "commit", 101)
    promise(shop, 201, gift="tea", night=LATER)
    assert last_of(shop, 101) == [(101, "coffee"), (101, "tea")]
    settle(shop, "commit", 201)
    assert last_of(shop, 101) == [(101, "tea")]
    promise(shop, 301, night=NEXT_MONTH)
    settle(shop, "release", 301)
    assert last_of(shop, 101) == [(101, "tea")]
    assert pool(shop)["C1"] == ("issued", 101)
    with reading(shop) as connection:
        assert connection.scalars(select(code_pools.c.needed)).all() == [True]
