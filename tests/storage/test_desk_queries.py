"""What the desk asks again and again goes along an index; on SQLite and PostgreSQL."""

import re
from datetime import UTC, datetime

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.event import listen

from care.storage import (
    acts,
    gifts,
    listing,
    messages,
    nights,
    people,
    reviews,
    suppressions,
    tallies,
)
from care.storage.database import reading, writing
from care.storage.listing import Chosen
from care.storage.reviews import Asked
from care.storage.tables import message_tallies
from tests.builders import NIGHT, a_customer
from tests.storage.builders import BIRTHDAY, planned

MESSAGES = "ix_messages_night_campaign_message_id"
QUERIES = {
    "the first page": (
        listing.page_query(NIGHT, "birthday", Chosen(), after=None, limit=50),
        MESSAGES,
    ),
    "a page further on": (
        listing.page_query(NIGHT, "birthday", Chosen(tier="gold"), after="8", limit=50),
        MESSAGES,
    ),
    "a part to pick samples from": (
        messages.sketch_query(NIGHT, "birthday", begins="8", before=None, limit=50),
        MESSAGES,
    ),
    "the trail": (reviews.page_query(Asked(), before=100, limit=50), "pk_decisions"),
    "what staff did": (acts.page_query(acts.Asked(), before=100, limit=50), "pk_staff_acts"),
    "what staff did about one customer": (
        acts.page_query(acts.Asked(customer_key=1), before=None, limit=50),
        "ix_staff_acts_customer_key",
    ),
    "the trail of a campaign": (
        reviews.page_query(Asked(night=NIGHT, campaign="birthday"), before=None, limit=50),
        "ix_decisions_night_campaign",
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_it_goes_along_an_index(engine, name):
    query, index = QUERIES[name]
    on_sqlite = engine.dialect.name == "sqlite"
    dialect = sqlite.dialect() if on_sqlite else postgresql.dialect()
    told = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    with writing(engine) as connection:
        if not on_sqlite:  # of empty tables it would read all there is
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        plan = "EXPLAIN QUERY PLAN " if on_sqlite else "EXPLAIN "
        lines = [str(tuple(row)) for row in connection.exec_driver_sql(plan + told)]
    if on_sqlite and index.startswith("pk_"):
        index = "INTEGER PRIMARY KEY"
    assert any(index in line for line in lines), lines
    assert not any("SCAN messages" in line or "Seq Scan on messages" in line for line in lines)


def test_tallies_can_be_made_again_and_again(engine):
    planned(engine, a_customer(1, **BIRTHDAY), a_customer(2, **BIRTHDAY))
    for _ in range(2):
        with writing(engine) as connection:
            tallies.tally(connection, NIGHT)
            tallies.tally(connection, NIGHT, "birthday")
    with reading(engine) as connection:
        assert tallies.read_messages(connection, since=NIGHT, until=NIGHT).empty
        assert list(tallies.read_messages(connection, since=NIGHT, until=NIGHT)) == [
            column.name for column in message_tallies.c
        ]


def test_a_touch_reserves_again_in_a_turn_of_its_own(engine):
    planned(engine, a_customer(1, tier="gold", **BIRTHDAY), stock=5)
    again = pd.DataFrame({"touch_id": [1], "gift_id": ["rose_tea"], "gift_cost": [900]})
    with writing(engine) as connection:
        before = gifts.spent_in(connection, NIGHT)
        gifts.settle(connection, [1], "release")
        gifts.reserve_again(connection, again, night=NIGHT)
        assert gifts.read_open(connection, [1])["gift_id"].tolist() == ["rose_tea"]
        gifts.settle(connection, [1], "commit")
        gifts.settle(connection, [1], "release")
        assert gifts.read_open(connection, [1]).empty
        kinds = gifts.count_moves(connection)
        last = gifts.last_gifts(connection, pd.Series([1]))
        after = gifts.spent_in(connection, NIGHT)
    counted = kinds.set_index("kind")["count"].to_dict()
    assert counted == {"reserve": 2, "release": 1, "commit": 1}
    assert last["gift_id"].tolist() == ["rose_tea"]
    assert after[0] - before[0] == 900 - before[0]


def test_what_is_known_by_its_id_is_not_looked_for_among_all_that_waits(engine):
    planned(engine, a_customer(1, **BIRTHDAY))
    asked = []
    listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    with reading(engine) as connection:
        messages.read_composed(connection, ["no-such-message"])
        nights.read_exclusions_of(connection, 1, NIGHT)
        people.find_customer(connection, "no-such-customer")
        among = pd.Series([1], name="customer_key"), pd.Series(["h"], name="address_hash")
        suppressions.read_suppressions(connection, at=datetime.now(UTC), among=among)
    on_sqlite = engine.dialect.name == "sqlite"
    with writing(engine) as connection:
        if not on_sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        for sql, values in [one for one in asked if one[0].lstrip().startswith("SELECT")]:
            plan = "EXPLAIN QUERY PLAN " if on_sqlite else "EXPLAIN "
            told = "\n".join(
                str(tuple(row)) for row in connection.exec_driver_sql(plan + sql, values)
            )
            assert "ix_messages_state" not in told, told
            for table in ("messages", "exclusions", "customers", "identities", "suppressions"):
                assert f"SCAN {table}" not in told, told
            if on_sqlite and "exclusions" in sql:
                assert "ix_exclusions_customer_key" in told
            if on_sqlite and "FROM suppressions" in sql:
                assert re.search(
                    r"SEARCH suppressions USING INDEX ix_\w+ \((address|customer)", told
                )
