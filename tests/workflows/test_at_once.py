"""Two at once, in processes of their own: it ends as if one had come after the other."""

import threading

import pytest
from sqlalchemy import delete, update

from care import correspondence, desk, nightly, report
from care.desk import UnableToDecide
from care.domain.decision import Verdict
from care.storage.database import writing
from care.storage.tables import campaign_nights, consents, identities, messages, touches
from tests.workflows.builders import (
    NIGHT,
    a_house,
    after,
    approve,
    at,
    decide,
    forget_plan,
    ledger_of,
    messages_of,
    release_at,
)
from tests.workflows.laws import assert_laws
from tests.workflows.peer import Peer, exported, lines_of, published
from tests.workflows.victim import at_once, held_up, plan_the_next_night

WHOLE = {"birthday": 9, "membership_anniversary": 6, "replenishment": 8}


def test_the_same_night_twice_at_once_from_the_plan_on(planned):
    forget_plan(planned)
    assert at_once(planned, "night", "night") == [0, 0]
    assert report.night_report(planned, NIGHT).numbers()["touched"] == WHOLE
    assert set(messages_of(planned)["state"]) == {"rendered"}
    assert_laws(planned)


@pytest.mark.slow
def test_the_same_night_twice_at_once_from_the_shops_files_on(tmp_path, database_url):
    runtime = a_house(tmp_path / "home", database_url)
    assert at_once(runtime, "night", "night") == [0, 0]
    assert report.night_report(runtime, NIGHT).numbers()["touched"] == WHOLE
    assert_laws(runtime)


def test_a_night_is_planned_while_another_one_is_released(planned):
    approve(planned)
    nightly.take_snapshot(planned, night=after(1))
    nightly.score(planned, night=after(1))
    assert at_once(planned, "the next night", "release, and again") == [0, 0]
    assert report.night_report(planned, after(1)).numbers()["touched"]["birthday"] == 5
    today = messages_of(planned).query("send_on == @NIGHT")
    assert set(today["state"]) == {"sealed"}
    assert_laws(planned)


def test_two_releases_at_once_hand_everything_over_once(planned):
    approve(planned)
    assert at_once(planned, "release", "release") == [0, 0]
    today = messages_of(planned).query("send_on == @NIGHT")
    left = [line["message_id"] for line in exported(planned.settings.outbound)]
    assert sorted(left) == sorted(today["message_id"])
    for folder in published(planned.settings.outbound):
        assert {
            today.set_index("message_id").loc[line["message_id"], "batch_id"]
            for line in lines_of(folder)
        } == {folder.name}
    assert_laws(planned)


def test_two_readers_of_the_same_answer_write_it_down_once(planned):
    approve(planned)
    release_at(planned, "06:30")
    peer = Peer(planned.settings.outbound)
    peer.answer(lambda line: ("451", True) if line["class"] == "marketing" else None)
    assert at_once(planned, "collect", "collect", "collect") == [0, 0, 0]
    after_it = ledger_of(planned.engine)
    assert set(messages_of(planned).query("send_on == @NIGHT")["state"]) == {"rendered"}
    assert at_once(planned, "collect") == [0]
    assert ledger_of(planned.engine) == after_it
    assert_laws(planned)


# ── One held up in the middle of its work while another one comes ───────────────────────────────


def in_the_background(function, *args, **told):
    """Start it in a thread; what it raised, once it is over, or None."""
    raised = []

    def run():
        try:
            function(*args, **told)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.REJECT])
def test_a_stop_during_the_claim_waits_for_it_and_is_told(planned, verdict):
    approve(planned, "membership_anniversary")
    with held_up(planned, "release", "after", "care.storage.batches.claim"):
        stop, told = in_the_background(decide, planned, verdict, "membership_anniversary")
        stop.join(1)
        assert stop.is_alive()
    stop.join()
    assert isinstance(told[0], UnableToDecide)
    assert "on its way" in str(told[0])
    assert len(exported(planned.settings.outbound)) == 6
    assert_laws(planned)


def test_a_stop_before_the_claim_is_seen_by_it(planned):
    approve(planned, "membership_anniversary")
    with held_up(planned, "release", "before", "care.storage.batches.list_shares"):
        decide(planned, Verdict.REJECT, "membership_anniversary", reason="stop")
    assert exported(planned.settings.outbound) == []
    assert set(messages_of(planned, "membership_anniversary")["state"]) == {"withdrawn"}
    assert_laws(planned)


def test_what_is_approved_during_the_claim_is_looked_at_before_it_leaves(planned):
    approve(planned, "membership_anniversary")
    key = int(messages_of(planned).loc["c05"].customer_key)
    with writing(planned.engine) as connection:
        hers = (consents.c.customer_key == key) & (consents.c.channel == "email")
        connection.execute(update(consents).where(hers).values(granted=False, state="withdrawn"))
    with held_up(planned, "release", "before", "care.storage.batches.read_ready"):
        late, told = in_the_background(approve, planned, "birthday")
        late.join(1)
    late.join()
    assert told == []
    release_at(planned, "06:40")
    assert messages_of(planned).loc["c05"].state == "suppressed"
    assert messages_of(planned).loc["c10"].state == "sealed"
    assert_laws(planned)


def test_a_message_written_during_the_claim_does_not_leave_unapproved(planned):
    late = messages_of(planned).loc["c25"]
    with writing(planned.engine) as connection:
        connection.execute(delete(messages).where(messages.c.message_id == late.message_id))
        unwritten = update(touches).where(touches.c.touch_id == int(late.touch_id))
        connection.execute(unwritten.values(state="planned"))
        connection.execute(delete(campaign_nights))
    desk.queue(planned, night=NIGHT, now=at("01:00"))
    approve(planned, "membership_anniversary")
    with held_up(planned, "release", "before", "care.storage.batches.read_ready"):
        written, told = in_the_background(correspondence.compose, planned, night=NIGHT, shard=1)
        written.join(2)
    written.join()
    assert told == []
    release_at(planned, "06:40")
    assert late.message_id not in {
        line["message_id"] for line in exported(planned.settings.outbound)
    }
    assert messages_of(planned).loc["c25"].state == "rendered"
    assert state_of(planned, "membership_anniversary") == "held"


def state_of(runtime, campaign):
    return {one.campaign: str(one.state) for one in desk.list_campaigns(runtime)}[campaign]


def test_two_that_queue_a_campaign_at_once_queue_it_once(planned):
    before = ledger_of(planned.engine)
    with writing(planned.engine) as connection:
        connection.execute(delete(campaign_nights))
    with held_up(planned, "queue", "after", "care.storage.reviews.queue_campaign"):
        second, told = in_the_background(desk.queue, planned, night=NIGHT, now=at("01:00"))
        second.join(1)
    second.join()
    assert told == []
    assert ledger_of(planned.engine) == before


def test_a_plan_and_a_release_that_want_the_same_gifts_do_not_block_each_other(planned):
    nightly.take_snapshot(planned, night=after(1))
    nightly.score(planned, night=after(1))
    approve(planned, "birthday")
    with writing(planned.engine) as connection:
        tea, card = (int(messages_of(planned).loc[name].customer_key) for name in ("c05", "c20"))
        hers = (consents.c.customer_key == tea) & (consents.c.channel == "email")
        connection.execute(update(consents).where(hers).values(granted=False, state="withdrawn"))
        hers = identities.c.customer_key == card
        connection.execute(update(identities).where(hers).values(email=None))
    with held_up(planned, "release", "after", "care.storage.gifts.settle"):
        night, told = in_the_background(plan_the_next_night, planned)
        night.join(2)
    night.join()
    assert told == []
    assert set(messages_of(planned).loc[["c05", "c20"], "gift_was"].dropna()) == {"release"}
    assert_laws(planned)
