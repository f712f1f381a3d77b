"""What the ledger promises, asserted alike on SQLite and PostgreSQL."""

import threading
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from care.domain.campaign import PAST
from care.storage import batches, catalogue, consents, gifts, leaving, nights, people
from care.storage.database import reading, writing
from care.storage.tables import (
    consent_entries,
    customers,
    exclusions,
    gift_moves,
    identities,
    touches,
)
from care.storage.tables import gifts as gifts_table
from care.storage.vault import Vault
from tests.builders import NIGHT, a_customer, a_policy, ledger, plan_night, tables
from tests.builders import decisions as choices
from tests.storage.builders import BIRTHDAY, VAULT, count, planned, save, sync

NOW = datetime(2017, 11, 14, 6, tzinfo=UTC)

# ── People ──────────────────────────────────────────────────────────────────────────────────────


def test_a_customer_keeps_her_key_when_her_name_changes(engine):
    first = sync(engine, a_customer(1), a_customer(2))
    again = sync(engine, a_customer(2, name="Wang Lily"), a_customer(1))
    assert first.sort_values("customer_id").to_numpy().tolist() == (
        again.sort_values("customer_id").to_numpy().tolist()
    )
    with reading(engine) as connection:
        names = people.read_people(connection).set_index("customer_id")["name"]
    assert names.to_dict() == {"c1": "Wang Li", "c2": "Wang Lily"}


def test_a_second_import_of_the_same_customers_writes_nothing(engine):
    sync(engine, a_customer(1), a_customer(2, email=None, birth_year=None))
    with engine.connect() as connection:
        before = (
            connection.execute(select(identities)).all(),
            connection.execute(select(consent_entries)).all(),
        )
    sync(
        engine, a_customer(1), a_customer(2, email=None, birth_year=None), night=date(2017, 11, 15)
    )
    with engine.connect() as connection:
        after = (
            connection.execute(select(identities)).all(),
            connection.execute(select(consent_entries)).all(),
        )
    assert before == after


def test_a_feed_that_lost_a_customer_erases_nobody(engine):
    sync(engine, a_customer(1), a_customer(2))
    sync(engine, a_customer(1))
    assert count(engine, identities) == 2


def test_withdrawn_consent_is_recorded_with_the_night_it_came(engine):
    sync(engine, a_customer(1))
    sync(engine, a_customer(1, email_consent=False), night=date(2017, 11, 15))
    with reading(engine) as connection:
        (email,) = (one for one in consents.read_held_of(connection, 1) if one.channel == "email")
        assert (email.granted, email.since) == (False, datetime(2017, 11, 15, tzinfo=UTC))
        assert people.read_people(connection)["email_consent"].tolist() == [False]


def test_pseudonyms_tell_nothing_and_stay_the_same(engine):
    sync(engine, a_customer(1))
    with reading(engine) as connection:
        ref = connection.scalar(select(customers.c.customer_ref))
    assert ref == VAULT.customer_ref("c1")
    assert Vault(bytes(31) + b"\1").customer_ref("c1") != ref


def test_products_and_types_keep_their_keys(engine):
    def goods(*ids):
        return pd.DataFrame(
            {"product_id": list(ids), "product_type": [f"type {i[0]}" for i in ids]}, dtype="str"
        )

    with writing(engine) as connection:
        first = catalogue.sync_catalogue(connection, goods("b1", "a1"))
    with writing(engine) as connection:
        second = catalogue.sync_catalogue(connection, goods("a0", "a1", "b1"))
    keys = second.set_index("product_id")["product_key"]
    assert first.set_index("product_id")["product_key"].to_dict() == keys[["b1", "a1"]].to_dict()
    assert keys["a0"] == 3
    assert second["type_key"].tolist() == [1, 1, 2]


# ── The plan ────────────────────────────────────────────────────────────────────────────────────


def test_a_night_is_planned_once(engine):
    plan = planned(engine, a_customer(1, **BIRTHDAY))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        save(connection, plan, night=NIGHT, after=1)
    assert count(engine, touches) == 1


def test_a_plan_made_from_an_outdated_ledger_is_refused(engine):
    plan = planned(engine, a_customer(1, **BIRTHDAY))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        save(connection, plan, night=date(2017, 11, 15), after=0)


def test_an_occasion_is_touched_once_for_ever(engine):
    plan = planned(engine, a_customer(1, **BIRTHDAY))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        save(connection, plan, night=date(2017, 11, 15), after=1)
    assert count(engine, touches) == 1


def test_a_refused_plan_leaves_nothing_behind(engine):
    plan = planned(engine, a_customer(1, tier="gold", **BIRTHDAY))
    with reading(engine) as connection:
        before = [connection.execute(select(t)).all() for t in (touches, exclusions, gift_moves)]
    with pytest.raises(IntegrityError), writing(engine) as connection:
        save(connection, plan, night=date(2017, 11, 15), after=1)
    with reading(engine) as connection:
        after = [connection.execute(select(t)).all() for t in (touches, exclusions, gift_moves)]
        assert nights.find_night(connection, date(2017, 11, 15)) is None
    assert before == after


def test_two_plans_at_once_end_as_one(engine):
    sync(engine, a_customer(1, **BIRTHDAY), a_customer(2, **BIRTHDAY))
    with reading(engine) as connection:
        everybody = people.read_people(connection).assign(tier="member")
    plan = plan_night(tables(everybody), ledger(everybody), choices(), night=NIGHT)
    with writing(engine) as connection:
        gifts.sync_gifts(connection, a_policy().gifts)
    barrier, won = threading.Barrier(4), []

    def attempt():
        barrier.wait()
        try:
            with writing(engine) as connection:
                save(connection, plan, night=NIGHT, after=0)
            won.append(True)
        except IntegrityError:
            won.append(False)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False, False, False, True]
    assert count(engine, touches) == 2


def test_of_tonights_candidates_those_planned_before_are_found_and_no_others(engine):
    planned(engine, a_customer(1, **BIRTHDAY), a_customer(2, **BIRTHDAY))
    ask = pd.DataFrame(
        [
            (1, "birthday", "birthday-2017"),
            (1, "birthday", "birthday-2018"),
            (2, "festival", "birthday-2017"),
            (3, "birthday", 'it\'s "quoted", {braced}'),
            *((4, "birthday", f"birthday-{number}") for number in range(60_000)),
        ],
        columns=["customer_key", "campaign", "occasion_key"],
    )
    with reading(engine) as connection:
        found = nights.read_planned(connection, ask)
        assert nights.read_planned(connection, ask.iloc[:0]).empty
    assert found.to_numpy().tolist() == [[1, "birthday", "birthday-2017", "treated"]]


def test_the_past_is_that_of_the_campaigns_asked_for_from_their_day_on(engine):
    planned(engine, a_customer(1, **BIRTHDAY), a_customer(2, **BIRTHDAY))
    with reading(engine) as connection:
        found = nights.read_past(connection, {"birthday": NIGHT, "festival": NIGHT})
        assert nights.read_past(connection, {"birthday": NIGHT + timedelta(days=1)}).empty
        assert nights.read_past(connection, {"festival": NIGHT}).empty
        assert nights.read_past(connection, {}).empty
    assert found["customer_key"].tolist() == [1, 2]
    assert found.dtypes.astype(str).to_dict() == PAST


def test_recent_touches_forget_what_came_to_nothing(engine):
    planned(engine, a_customer(1, **BIRTHDAY), a_customer(2, **BIRTHDAY))
    with writing(engine) as connection:
        connection.execute(
            update(touches).where(touches.c.customer_key == 2).values(state="failed")
        )
    with reading(engine) as connection:
        assert nights.read_recent(connection, NIGHT)["customer_key"].tolist() == [1]
        far = NIGHT + timedelta(days=90)
        assert nights.read_recent(connection, far).empty


# ── Gifts ───────────────────────────────────────────────────────────────────────────────────────


def balance(engine, gift_id):
    with reading(engine) as connection:
        kinds = dict(
            connection.execute(
                select(gift_moves.c.kind, func.count())
                .where(gift_moves.c.gift_id == gift_id)
                .group_by(gift_moves.c.kind)
            ).all()
        )
        row = connection.execute(select(gifts_table).where(gifts_table.c.gift_id == gift_id)).one()
    return kinds, row.taken


def test_a_gift_is_reserved_with_the_plan_and_settled_once(engine):
    planned(engine, *(a_customer(key, tier="gold", **BIRTHDAY) for key in (1, 2, 3)), stock=5)
    with writing(engine) as connection:
        gifts.settle(connection, [1], "commit")
        gifts.settle(connection, [2], "release")
    with writing(engine) as connection:
        gifts.settle(connection, [1, 2], "release")
        gifts.settle(connection, [1, 2], "commit")
    assert balance(engine, "rose_tea") == ({"reserve": 3, "commit": 1, "release": 1}, 2)


def test_the_database_itself_refuses_to_promise_more_than_there_is(engine):
    planned(engine, a_customer(1, tier="gold", **BIRTHDAY), stock=1)
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(update(gifts_table).values(taken=gifts_table.c.taken + 1))


def test_lowering_stock_in_the_policy_keeps_what_was_promised(engine):
    planned(engine, *(a_customer(key, tier="gold", **BIRTHDAY) for key in (1, 2)), stock=5)
    fewer = {"rose_tea": a_policy().gifts["rose_tea"].model_copy(update={"stock": 1})}
    with writing(engine) as connection:
        gifts.sync_gifts(connection, fewer)
        assert gifts.pieces_left(connection, fewer) == {"rose_tea": 0}
    assert balance(engine, "rose_tea")[1] == 2


# ── What is missing ─────────────────────────────────────────────────────────────────────────────


def test_missing_values_of_every_kind_become_null(engine):
    planned(engine, a_customer(1, **BIRTHDAY))
    with reading(engine) as connection:
        row = connection.execute(select(touches)).one()
    assert row.years is None
    assert row.product_key is None
    assert row.window_from is None
    assert row.occasion_on == date(2017, 11, 14)


def test_empty_queries_keep_their_dtypes(engine):
    with reading(engine) as connection:
        assert people.read_people(connection).empty
        assert nights.read_recent(connection, NIGHT)["send_on"].dtype == "datetime64[s]"
        nothing = batches.Share("email", None, 0, "", "")
        assert leaving.read_leaving(connection, nothing, opens_before=NOW).empty
        assert batches.list_shares(connection, opens_before=NOW, at_most=10) == []
        assert batches.list_batches(connection) == []
