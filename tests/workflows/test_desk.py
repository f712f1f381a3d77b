"""The desk: what a person decides happens, once, and to exactly what she saw."""

import threading
import time
from datetime import UTC

import pytest
from sqlalchemy import update

from care import desk
from care.desk import UnableToDecide
from care.domain.decision import LEADS_TO, Verdict
from care.storage import reviews
from care.storage.database import reading, writing
from care.storage.tables import messages
from tests.workflows.builders import (
    NIGHT,
    approve,
    at,
    decide,
    ledger_of,
    messages_of,
    release_at,
)
from tests.workflows.laws import assert_laws
from tests.workflows.peer import exported

CAMPAIGNS = ["birthday", "membership_anniversary", "replenishment"]


def state_of(runtime, campaign):
    return {one.campaign: str(one.state) for one in desk.list_campaigns(runtime)}[campaign]


def test_what_waits_is_listed_until_it_is_decided(planned):
    listed = desk.list_campaigns(planned, waiting_only=True)
    assert [one.campaign for one in listed] == CAMPAIGNS
    assert all(one.needs_person == ["policy asks for a person"] for one in listed)
    approve(planned, "birthday")
    decide(planned, Verdict.HOLD, "replenishment")
    listed = desk.list_campaigns(planned, waiting_only=True)
    assert [one.campaign for one in listed] == CAMPAIGNS[1:]


def test_a_reviewer_sees_messages_of_every_channel_and_language_as_the_customer_will(planned):
    found, samples, trail = desk.show(planned, NIGHT, "birthday", samples=4)
    assert found.messages == len(messages_of(planned, "birthday"))
    shown = {(one.channel, one.locale) for one in samples}
    assert shown == {("email", "en"), ("email", "zh-CN"), ("sms", "en"), ("sms", "zh-CN")}
    assert all(one.content.get("text") or one.content.get("body") for one in samples)
    assert all("to" not in one.content for one in samples)
    assert trail == []


def test_hold_then_approve_then_out(planned):
    decide(planned, Verdict.HOLD, "membership_anniversary", reason="check the wording")
    assert state_of(planned, "membership_anniversary") == "held"
    release_at(planned, "06:30")
    assert exported(planned.settings.outbound) == []
    approve(planned, "membership_anniversary")
    release_at(planned, "06:40")
    assert len(exported(planned.settings.outbound)) == 6
    _, _, trail = desk.show(planned, NIGHT, "membership_anniversary", samples=0)
    assert [(one.actor, str(one.verdict), one.reason) for one in trail] == [
        ("mei", "hold", "check the wording"),
        ("mei", "approve", "looks right"),
    ]
    assert {one.decided_at for one in trail} == {at("06:00").astimezone(UTC)}
    assert_laws(planned)


def test_an_approval_can_be_stopped_as_long_as_nothing_was_sealed(planned):
    approve(planned, "membership_anniversary")
    decide(planned, Verdict.HOLD, "membership_anniversary", actor="jo", reason="wait")
    release_at(planned, "06:30")
    assert exported(planned.settings.outbound) == []


def test_rejecting_withdraws_the_messages_and_gives_the_gifts_back(planned):
    decide(planned, Verdict.REJECT, "birthday", reason="not this year")
    found = messages_of(planned, "birthday")
    assert set(found["state"]) == {"withdrawn"}
    assert set(found["gift_was"]) == {"release"}
    assert set(messages_of(planned, "replenishment")["state"]) == {"rendered"}
    release_at(planned, "06:30")
    assert exported(planned.settings.outbound) == []
    assert_laws(planned)


@pytest.mark.parametrize("verdict", list(LEADS_TO))
def test_what_was_rejected_stays_rejected(planned_on_sqlite, verdict):
    decide(planned_on_sqlite, Verdict.REJECT, "birthday")
    with pytest.raises(UnableToDecide, match="is rejected: nothing to"):
        decide(planned_on_sqlite, verdict, "birthday")


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.HOLD])
def test_the_same_verdict_twice_is_told_so(planned_on_sqlite, verdict):
    decide(planned_on_sqlite, verdict, "birthday", actor="mei")
    with pytest.raises(UnableToDecide, match="already"):
        decide(planned_on_sqlite, verdict, "birthday", actor="jo")


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.REJECT])
@pytest.mark.parametrize("reason", ["", " \t"])
def test_stopping_a_campaign_needs_a_reason(planned_on_sqlite, verdict, reason):
    before = ledger_of(planned_on_sqlite.engine)
    with pytest.raises(UnableToDecide, match="needs a reason"):
        decide(planned_on_sqlite, verdict, "birthday", reason=reason)
    assert ledger_of(planned_on_sqlite.engine) == before


def test_who_names_no_campaign_of_the_night_is_told_what_there_is(planned_on_sqlite):
    there = "there is birthday, membership_anniversary, replenishment"
    with pytest.raises(UnableToDecide, match=there):
        approve(planned_on_sqlite, "birthdays")
    with pytest.raises(UnableToDecide, match=there):
        desk.show(planned_on_sqlite, NIGHT, "birthdays", samples=1)
    with pytest.raises(UnableToDecide, match="none at all"):
        approve(planned_on_sqlite, "birthday", night=at("06:00").date().replace(day=1))


# ── Exactly what was seen ───────────────────────────────────────────────────────────────────────


def test_a_verdict_on_what_was_seen_is_taken_by_the_beginning_of_its_hash(planned_on_sqlite):
    found, _, _ = desk.show(planned_on_sqlite, NIGHT, "birthday", samples=0)
    (decided,) = decide(
        planned_on_sqlite, Verdict.APPROVE, "birthday", seen=found.content_hash[:12]
    )
    assert decided.state == "approved"


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.HOLD, Verdict.REJECT])
def test_a_verdict_on_other_content_is_refused(planned, verdict):
    found, _, _ = desk.show(planned, NIGHT, "birthday", samples=0)
    before = ledger_of(planned.engine)
    with pytest.raises(UnableToDecide, match="changed since you looked"):
        decide(planned, verdict, "birthday", seen="0123456789ab")
    assert ledger_of(planned.engine) == before

    victim = messages_of(planned, "birthday").iloc[0].message_id
    with writing(planned.engine) as connection:
        connection.execute(
            update(messages).where(messages.c.message_id == victim).values(render_sha256="0" * 64)
        )
    with pytest.raises(UnableToDecide, match="changed since you looked"):
        decide(planned, verdict, "birthday", seen=found.content_hash)
    assert state_of(planned, "birthday") == "waiting"


def test_a_voided_approval_waits_for_a_person_who_looks_again(planned):
    approve(planned, "membership_anniversary")
    victim = messages_of(planned, "membership_anniversary").iloc[0].message_id
    with writing(planned.engine) as connection:
        hers = messages.c.message_id == victim
        connection.execute(update(messages).where(hers).values(render_sha256="0" * 64))
    release_at(planned, "06:30")
    found, _, trail = desk.show(planned, NIGHT, "membership_anniversary", samples=0)
    assert found.state == "held"
    assert found.needs_person == ["its messages are not those that were approved"]
    assert [(one.actor, str(one.verdict)) for one in trail] == [
        ("mei", "approve"),
        ("policy", "hold"),
    ]
    decide(planned, Verdict.REJECT, "membership_anniversary", reason="who did that?")
    assert_laws(planned)


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.REJECT])
def test_what_is_on_its_way_cannot_be_called_back(planned, verdict):
    approve(planned, "membership_anniversary")
    release_at(planned, "06:30")
    before = ledger_of(planned.engine)
    with pytest.raises(UnableToDecide, match="already on its way"):
        decide(planned, verdict, "membership_anniversary")
    assert ledger_of(planned.engine) == before


# ── Several people at once ──────────────────────────────────────────────────────────────────────


def at_once(runtime, *attempts):
    """Run them all from the same look at the ledger on; what each one was told, or None."""
    told = [None] * len(attempts)

    def attempt(place):
        try:
            attempts[place]()
        except UnableToDecide as error:
            told[place] = str(error)

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(len(attempts))]
    with writing(runtime.engine) as connection:
        for campaign in CAMPAIGNS:
            reviews.find_campaign(connection, NIGHT, campaign, lock=True)
        for thread in threads:
            thread.start()
        time.sleep(1)  # everybody has looked and waits to write
    for thread in threads:
        thread.join()
    return told


def trail_of(runtime):
    with reading(runtime.engine) as connection:
        return [decision for decision, _ in reviews.read_decisions(connection)]


@pytest.mark.parametrize(
    "verdicts",
    [
        (Verdict.APPROVE, Verdict.APPROVE),
        (Verdict.APPROVE, Verdict.HOLD),
        (Verdict.APPROVE, Verdict.REJECT),
    ],
    ids="-".join,
)
def test_of_two_people_at_once_one_decides_and_the_other_is_told(planned, verdicts):
    told = at_once(
        planned,
        *(
            lambda verdict=verdict, actor=actor: decide(planned, verdict, "birthday", actor=actor)
            for verdict, actor in zip(verdicts, ("mei", "jo"), strict=True)
        ),
    )
    (refused,) = [text for text in told if text is not None]
    assert "somebody else was quicker" in refused
    (decision,) = trail_of(planned)
    assert decision.actor == ("mei", "jo")[told.index(None)]
    assert state_of(planned, "birthday") in refused
    assert_laws(planned)


def test_people_who_decide_on_different_campaigns_do_not_stand_in_each_others_way(planned):
    told = at_once(
        planned,
        *(
            lambda name=name: decide(planned, Verdict.APPROVE, name, actor=name)
            for name in CAMPAIGNS
        ),
    )
    assert told == [None, None, None]
    assert sorted(one.campaign for one in trail_of(planned)) == CAMPAIGNS
    assert_laws(planned)
