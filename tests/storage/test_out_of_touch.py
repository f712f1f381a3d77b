"""Whom nothing touched for a while, and since when, as the ledger knows it."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert, update

from care.domain.campaign import OUT_OF_TOUCH
from care.storage.database import reading, writing
from care.storage.nights import CAME_TO_NOTHING, read_out_of_touch
from care.storage.tables import customers, messages, nights, touches

FIRST, LONG_AGO, LATELY = date(2017, 1, 2), date(2017, 3, 1), date(2017, 11, 13)
UNTIL = date(2017, 5, 30)
NOW = datetime(2017, 11, 13, tzinfo=UTC)


@pytest.fixture
def house(engine):
    """A ledger that knows customers 1 and 2, and planned nothing yet for either."""
    with writing(engine) as connection:
        connection.execute(
            insert(nights).values(
                night=FIRST, sequence=1, snapshot_sha256="", policy_sha256="", champions={},
                paused={}, due={},
            )
        )  # fmt: skip
        know(connection, 1)
        know(connection, 2)
    return engine


def know(connection, key, first_night=FIRST):
    row = {"customer_key": key, "customer_ref": f"r{key}", "first_night": first_night}
    connection.execute(insert(customers).values(row))


def touch(engine, key, send_on, *, state="rendered", message=None, message_class="marketing"):
    """A touch of a customer, and its message where the touch came so far."""
    name = f"{key}-{send_on}"
    with writing(engine) as connection:
        touch_id = 100 * key + send_on.month
        connection.execute(
            insert(touches).values(
                touch_id=touch_id, night=FIRST, customer_key=key, campaign="birthday",
                occasion_key=name, arm="held_out" if state == "held_out" else "treated",
                state=state, channel="email", message_class=message_class, tier="gold",
                send_on=send_on, send_until=send_on, gift_cost=0, gift_note="", shard=0,
            )
        )  # fmt: skip
        if message is not None:
            connection.execute(
                insert(messages).values(
                    message_id=name, idempotency_key=name, touch_id=touch_id, night=FIRST,
                    campaign="birthday", channel="email", state="rendered", locale="en",
                    template="t", template_version="v", render_sha256="s", body=b"", segments=1,
                    items_source="none", timezone="UTC", not_before=NOW, not_after=NOW,
                )
            )  # fmt: skip
            now = update(messages).where(messages.c.message_id == name).values(state=message)
            connection.execute(now)


def silent(engine, until=UNTIL):
    with reading(engine) as connection:
        found = read_out_of_touch(connection, until)
    assert dict(found.dtypes.astype(str)) == dict(OUT_OF_TOUCH)
    since = found["since"].dt.date
    return dict(zip(found["customer_key"].tolist(), since.tolist(), strict=True))


def test_whom_nothing_touched_is_silent_since_the_first_night_that_knew_her(house):
    assert silent(house) == {1: FIRST, 2: FIRST}


def test_who_is_new_to_the_ledger_is_not_silent_yet(house):
    with writing(house) as connection:
        know(connection, 3, LATELY)
    assert silent(house) == {1: FIRST, 2: FIRST}


def test_the_silence_begins_with_her_last_touch(house):
    touch(house, 1, FIRST, message="accepted")
    touch(house, 1, LONG_AGO, message="accepted")
    assert silent(house) == {1: LONG_AGO, 2: FIRST}


@pytest.mark.parametrize(("sent_on", "is_silent"), [(UNTIL, True), (date(2017, 6, 1), False)])
def test_it_is_the_last_day_that_counts_as_silent(house, sent_on, is_silent):
    touch(house, 1, sent_on, message="accepted")
    assert (1 in silent(house)) is is_silent


@pytest.mark.parametrize("message_class", ["marketing", "service"])
@pytest.mark.parametrize(
    ("state", "message"),
    [("planned", None), ("rendered", "rendered"), ("rendered", "sealed"), ("rendered", "accepted")],
)
def test_a_touch_of_any_campaign_breaks_the_silence(house, state, message, message_class):
    touch(house, 1, LONG_AGO, message="accepted")
    touch(house, 1, LATELY, state=state, message=message, message_class=message_class)
    assert silent(house) == {2: FIRST}


@pytest.mark.parametrize(
    ("state", "message"),
    [("held_out", None), ("failed", None), *(("rendered", state) for state in CAME_TO_NOTHING)],
)
def test_what_never_reached_her_breaks_no_silence(house, state, message):
    touch(house, 1, LONG_AGO, message="accepted")
    touch(house, 1, LATELY, state=state, message=message)
    touch(house, 2, LATELY, state=state, message=message)
    assert silent(house) == {1: LONG_AGO, 2: FIRST}


def test_without_a_day_nobody_is_asked_for(house):
    assert silent(house, None) == {}
