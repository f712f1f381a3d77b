"""The ledgers of consent and suppression: what the shop says, what she says, what is kept."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from care.domain.consent import ENTRIES, Purpose
from care.storage import consents, people, schema, suppressions
from care.storage.database import open_engine, reading, writing
from care.storage.tables import consent_entries
from care.storage.tables import consents as consents_table
from care.storage.tables import suppressions as suppressions_table
from tests.builders import a_customer
from tests.storage.builders import VAULT, shop_says

DAY = timedelta(days=1)
FIRST = datetime(2017, 11, 14, 5, tzinfo=UTC)


def imported(engine: Engine, *rows, on: datetime, told: list[tuple[str, bool, datetime]] = ()):
    """A night's import; ``told``: (purpose, given, at) of customer 1 in the table of consents."""
    with writing(engine) as connection:
        said = shop_says(*rows)
        keys = people.sync_people(connection, said, night=on.date(), vault=VAULT)
        frame = pd.DataFrame(list(told), columns=["purpose", "given", "given_at"])
        consents.sync_consents(
            connection,
            said.merge(keys, on="customer_id"),
            frame.assign(customer_key=1) if told else None,
            as_of=on,
            before=on - DAY,
        )


def she_says(engine: Engine, word: str, at: datetime, event: str = "e"):
    entry = {"event_id": event, "customer_key": 1, "channel": "email", "purpose": "marketing"}
    told = pd.DataFrame([entry | {"word": word, "source": "web-form", "said_at": at}])
    told = told.astype(dict(ENTRIES))
    with writing(engine) as connection:
        consents.append(connection, told.assign(recorded_at=told["said_at"], proof=None))


def agrees(engine: Engine) -> bool:
    with reading(engine) as connection:
        (found,) = people.read_people(connection, customer_key=1)["email_consent"]
        return bool(found)


def entries(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(consent_entries)) or 0


def test_a_file_that_has_not_heard_of_her_withdrawal_never_grants_it_again(engine):
    imported(engine, a_customer(1), on=FIRST)
    she_says(engine, "withdraw", FIRST + timedelta(hours=6))
    for night in range(1, 4):
        imported(engine, a_customer(1), on=FIRST + night * DAY)
    assert not agrees(engine)


def test_a_yes_that_the_file_brings_after_it_knew_her_no_is_heard(engine):
    imported(engine, a_customer(1), on=FIRST)
    she_says(engine, "withdraw", FIRST + timedelta(hours=6))
    imported(engine, a_customer(1, email_consent=False), on=FIRST + DAY)
    imported(engine, a_customer(1, email_consent=False), on=FIRST + 9 * DAY)
    imported(engine, a_customer(1), on=FIRST + 10 * DAY)
    assert agrees(engine)


def test_a_yes_that_may_be_older_than_her_no_is_not_heard(engine):
    imported(engine, a_customer(1, email_consent=False), on=FIRST)
    she_says(engine, "withdraw", FIRST + timedelta(hours=6))
    imported(engine, a_customer(1), on=FIRST + DAY)
    assert not agrees(engine)


def test_what_she_granted_elsewhere_outlives_a_file_that_never_knew(engine):
    imported(engine, a_customer(1, email_consent=False), on=FIRST)
    she_says(engine, "grant", FIRST + timedelta(hours=6))
    imported(engine, a_customer(1, email_consent=False), on=FIRST + DAY)
    assert agrees(engine)


def test_a_new_no_in_the_file_is_always_heeded(engine):
    imported(engine, a_customer(1), on=FIRST)
    she_says(engine, "grant", FIRST + timedelta(hours=6))
    imported(engine, a_customer(1, email_consent=False), on=FIRST + DAY)
    assert not agrees(engine)


def test_the_table_of_consents_speaks_for_itself_and_by_its_moments(engine):
    she = a_customer(1, email_consent=False)
    imported(engine, she, on=FIRST, told=[("email", True, FIRST - DAY)])
    assert agrees(engine)
    she_says(engine, "withdraw", FIRST + timedelta(hours=6))
    imported(engine, she, on=FIRST + DAY, told=[("email", True, FIRST - DAY)])
    assert not agrees(engine)
    again = [("email", True, FIRST - DAY), ("email", True, FIRST + timedelta(hours=7))]
    imported(engine, she, on=FIRST + DAY, told=again)
    assert agrees(engine)


def test_a_table_that_is_no_longer_told_does_not_make_the_files_old_yes_new(engine):
    imported(engine, a_customer(1), on=FIRST, told=[("email", False, FIRST - DAY)])
    imported(engine, a_customer(1), on=FIRST + DAY)
    assert not agrees(engine)


def test_the_same_import_again_adds_no_word(engine):
    told = [("email", True, FIRST - DAY), ("personalisation", False, FIRST - DAY)]
    imported(engine, a_customer(1), a_customer(2), on=FIRST, told=told)
    before = entries(engine)
    imported(engine, a_customer(1), a_customer(2), on=FIRST + DAY, told=told)
    assert entries(engine) == before == 5


def test_who_wants_nothing_personal_is_found_and_nobody_else(engine):
    told = [("personalisation", False, FIRST - DAY), ("sensitive", True, FIRST - DAY)]
    imported(engine, a_customer(1), a_customer(2), on=FIRST, told=told)
    with reading(engine) as connection:
        impersonal = consents.read_customers_with(
            connection, Purpose.PERSONALISATION, granted=False
        )
        agreed = consents.read_customers_with(connection, Purpose.SENSITIVE, granted=True)
    assert (impersonal.tolist(), agreed.tolist()) == ([1], [1])


def test_a_word_told_twice_is_kept_once_and_words_may_come_in_late(engine):
    imported(engine, a_customer(1, email_consent=False), on=FIRST)
    she_says(engine, "withdraw", FIRST + 2 * DAY, "later")
    she_says(engine, "grant", FIRST + DAY, "earlier")
    she_says(engine, "grant", FIRST + DAY, "earlier")
    assert entries(engine) == 2 + 1  # and her yes to short messages
    assert not agrees(engine)


@pytest.mark.parametrize("change", [delete, update])
@pytest.mark.parametrize("table", [consent_entries, suppressions_table], ids=lambda one: one.name)
def test_what_was_said_is_never_changed_or_removed(engine, table, change):
    imported(engine, a_customer(1), on=FIRST)
    with writing(engine) as connection:
        suppressions.add(connection, a_suppression())
    statement = change(table) if change is delete else change(table).values(source="nobody")
    with pytest.raises(DBAPIError, match="never changed"), writing(engine) as connection:
        connection.execute(statement)


# ── Suppressions ────────────────────────────────────────────────────────────────────────────────


def a_suppression(**told):
    usual = {"event_id": "s1", "customer_key": 1, "reason": "manual", "source": "staff"}
    return usual | {"purpose": "everything", "since": FIRST} | told


def holding(engine: Engine, at: datetime) -> int:
    with reading(engine) as connection:
        found = suppressions.read_suppressions(connection, at=at)
        assert len(suppressions.list_suppressions(connection, at=at)) == len(found)
    return len(found)


def test_a_suppression_told_twice_is_one(engine):
    imported(engine, a_customer(1), on=FIRST)
    with writing(engine) as connection:
        first, _ = suppressions.add(connection, a_suppression())
        assert suppressions.add(connection, a_suppression(reason="bounce")) == (first, False)
    assert holding(engine, FIRST) == 1


def test_it_holds_until_it_ends_or_is_lifted_and_stays_on_record(engine):
    imported(engine, a_customer(1), on=FIRST)
    with writing(engine) as connection:
        suppressions.add(connection, a_suppression(until=FIRST + DAY))
        number, _ = suppressions.add(connection, a_suppression(event_id="s2"))
    assert [holding(engine, FIRST + hours * DAY / 2) for hours in (1, 2, 3)] == [2, 1, 1]
    with writing(engine) as connection:
        lifted = {"event_id": "l", "lifts": number, "since": FIRST + DAY}
        suppressions.add(connection, a_suppression(**lifted))
    assert holding(engine, FIRST + DAY) == 0
    with reading(engine) as connection:
        listed = suppressions.list_suppressions(connection)
    assert [(one.event_id, one.lifted_at) for one in listed] == [("s1", None), ("s2", FIRST + DAY)]


def test_a_note_about_nobody_is_refused_by_the_ledger_itself(engine):
    row = a_suppression(customer_key=None, address_hash="ab", note=b"x")
    with pytest.raises(DBAPIError, match="note_can_be_forgotten"), writing(engine) as connection:
        suppressions.add(connection, row)


# ── What was there before ───────────────────────────────────────────────────────────────────────


def test_consents_and_suppressions_of_the_schema_before_are_kept(database_url):
    engine = open_engine(database_url)
    schema.upgrade(engine, "0005")
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO customers (customer_key, customer_ref, first_night) "
            "VALUES (1, 'r', '2017-11-01')"
        )
        connection.exec_driver_sql(
            "INSERT INTO consents (customer_key, channel, purpose, granted, source, recorded_on) "
            "VALUES (1, 'email', 'marketing', true, 'customer import', '2017-11-01'), "
            "(1, 'sms', 'marketing', false, 'customer import', '2017-11-02')"
        )
        connection.exec_driver_sql(
            "INSERT INTO suppressions (suppression_id, customer_key, campaign, reason, since) "
            "VALUES (7, 1, 'birthday', 'asked', '2017-11-01 00:00:00')"
        )
    schema.upgrade(engine)
    with writing(engine) as connection:
        kept = consents.read_held_of(connection, 1)
        words = consents.read_words_of(connection, 1)
        (stopped,) = suppressions.list_suppressions(connection, at=FIRST)
        added, _ = suppressions.add(connection, a_suppression())
    midnight = datetime(2017, 11, 1, tzinfo=UTC)
    assert [(one.channel, one.state, one.since) for one in kept] == [
        ("email", "granted", midnight),
        ("sms", "withdrawn", midnight + DAY),
    ]
    assert [one.word for one in words] == ["grant", "withdraw"]
    assert (stopped.suppression_id, stopped.occasion, stopped.purpose) == (
        7,
        "birthday",
        "everything",
    )
    assert added == 8


def test_the_schema_before_gets_back_what_holds(engine):
    imported(engine, a_customer(1), on=FIRST)
    with writing(engine) as connection:
        number, _ = suppressions.add(connection, a_suppression(occasion="birthday"))
        suppressions.add(connection, a_suppression(event_id="a", customer_key=None, channel="sms"))
        suppressions.add(connection, a_suppression(event_id="l", lifts=number))
    schema.downgrade(engine, "0005")
    with reading(engine) as connection:
        told = "SELECT granted, recorded_on FROM consents ORDER BY channel"
        kept = connection.exec_driver_sql(told).all()
        assert [bool(one.granted) for one in kept] == [True, True]
        assert {str(one.recorded_on) for one in kept} == {"2017-11-12"}
        assert connection.exec_driver_sql("SELECT * FROM suppressions").all() == []
    schema.upgrade(engine)


def test_a_row_written_by_hand_still_stops_everything(engine):
    imported(engine, a_customer(1), on=FIRST)
    with writing(engine) as connection:
        by_hand = {"customer_key": 1, "reason": "asked", "since": FIRST}
        connection.execute(insert(suppressions_table).values(by_hand))
        found = suppressions.read_suppressions(connection, at=FIRST)
        assert connection.scalar(select(func.count()).select_from(consents_table)) == 2
    assert found["purpose"].tolist() == ["everything"]
