"""Decisions are chained, for ever, and bound to what was seen; on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from care.domain.decision import GENESIS, State, Verdict
from care.storage import reviews
from care.storage.database import reading, writing
from care.storage.reviews import CampaignNight
from care.storage.tables import (
    decisions,
)
from tests.builders import NIGHT, a_customer
from tests.storage.builders import BIRTHDAY, count, planned

NOW = datetime(2017, 11, 14, 6, tzinfo=UTC)


def a_campaign_night(**told):
    return CampaignNight(
        **{
            "night": NIGHT,
            "campaign": "birthday",
            "state": State.WAITING,
            "content_hash": "abc",
            "approval_id": None,
            "messages": 1,
            "gift_cost": 0,
            "fallback_share": 0.5,
            "needs_person": ["policy asks for a person"],
            "decide_by": NOW + timedelta(hours=36),
            "unanswered": "expire",
        }
        | told
    )


def test_decisions_are_chained_and_a_campaign_follows_them(engine):
    planned(engine, a_customer(1, **BIRTHDAY))
    with writing(engine) as connection:
        reviews.queue_campaign(connection, a_campaign_night())
        for verdict in (Verdict.HOLD, Verdict.APPROVE):
            found = reviews.find_campaign(connection, NIGHT, "birthday")
            reviews.decide(connection, found, verdict, actor="li", reason="because", now=NOW)
        found = reviews.find_campaign(connection, NIGHT, "birthday")
        assert (found.state, found.approval_id, found.fallback_share) == (State.APPROVED, 2, 0.5)
    with reading(engine) as connection:
        trail = reviews.read_decisions(connection)
    assert [decision.verdict for decision, _ in trail] == ["hold", "approve"]
    assert trail[0][0].previous_hash == GENESIS
    assert trail[1][0].previous_hash == trail[0][1]
    assert all(decision.entry_hash == stored for decision, stored in trail)


def test_changed_content_voids_the_approval(engine):
    planned(engine, a_customer(1, **BIRTHDAY))
    with writing(engine) as connection:
        reviews.queue_campaign(connection, a_campaign_night())
        found = reviews.find_campaign(connection, NIGHT, "birthday")
        reviews.decide(connection, found, Verdict.APPROVE, actor="li", reason="", now=NOW)
        reviews.change_content(connection, a_campaign_night(content_hash="def"))
        found = reviews.find_campaign(connection, NIGHT, "birthday")
    assert (found.state, found.approval_id, found.content_hash) == (State.WAITING, None, "def")


@pytest.mark.parametrize("tampering", ["UPDATE decisions SET actor = 'x'", "DELETE FROM decisions"])
def test_the_database_itself_keeps_decisions_append_only(engine, tampering):
    planned(engine, a_customer(1, **BIRTHDAY))
    with writing(engine) as connection:
        reviews.queue_campaign(connection, a_campaign_night())
        reviews.decide(
            connection, a_campaign_night(), Verdict.HOLD, actor="li", reason="r", now=NOW
        )
    with pytest.raises(DBAPIError, match="append-only"), writing(engine) as connection:
        connection.execute(text(tampering))
    assert count(engine, decisions) == 1


def test_an_instant_without_a_zone_is_refused(engine):
    with pytest.raises(Exception, match="no time zone"), writing(engine) as connection:
        reviews.queue_campaign(connection, a_campaign_night(decide_by=datetime(2017, 11, 14)))  # noqa: DTZ001
