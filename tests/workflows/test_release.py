"""Release: nothing unapproved, nothing unwanted, nothing late, and nothing twice."""

from datetime import UTC

import pytest
from sqlalchemy import insert, select, update

from care import consent, desk, release
from care.domain.channel import Channel
from care.domain.consent import Purpose
from care.domain.decision import Verdict
from care.storage.database import reading, writing
from care.storage.tables import customers, identities, messages, suppressions
from tests.workflows.builders import (
    after,
    approve,
    at,
    decide,
    ledger_of,
    messages_of,
    release_at,
)
from tests.workflows.laws import assert_laws
from tests.workflows.peer import exported, lines_of, manifest_of, published


def change(runtime, table, where, **values):
    with writing(runtime.engine) as connection:
        connection.execute(update(table).where(where).values(**values))


def left(runtime, campaign=None):
    """Message ids that were handed over."""
    lines = exported(runtime.settings.outbound)
    return sorted(
        line["message_id"] for line in lines if campaign is None or line["campaign"] == campaign
    )


# ── Approval ────────────────────────────────────────────────────────────────────────────────────


def test_nothing_leaves_that_nobody_approved(planned):
    before = ledger_of(planned.engine)
    assert release_at(planned, "06:30") == 0
    assert exported(planned.settings.outbound) == []
    assert ledger_of(planned.engine) == before


def test_what_was_approved_leaves_under_its_approvers_name_and_the_rest_stays(planned):
    approve(planned, "membership_anniversary")
    assert release_at(planned, "06:30") == 2
    manifests = [manifest_of(folder) for folder in published(planned.settings.outbound)]
    assert [one["channel"] for one in manifests] == ["email", "sms"]
    assert {one["approver"] for one in manifests} == {"mei"}
    assert left(planned) == left(planned, "membership_anniversary") != []
    assert set(messages_of(planned, "replenishment")["state"]) == {"rendered"}
    assert_laws(planned)


def test_a_second_release_seals_and_writes_nothing(planned):
    approve(planned)
    release_at(planned, "06:30")
    before = ledger_of(planned.engine), sorted(planned.settings.outbound.rglob("*"))
    assert release_at(planned, "06:40") == 0
    assert (ledger_of(planned.engine), sorted(planned.settings.outbound.rglob("*"))) == before


def test_a_message_changed_after_approval_voids_it_and_none_of_its_campaign_leaves(planned):
    approve(planned)
    victim = messages_of(planned, "birthday").loc["c05"]
    change(planned, messages, messages.c.message_id == victim.message_id, render_sha256="0" * 64)
    release_at(planned, "06:30")
    assert left(planned, "birthday") == []
    assert left(planned, "replenishment") != []
    (found,) = [one for one in desk.list_campaigns(planned) if one.campaign == "birthday"]
    assert found.state != "approved"
    assert found.approval_id is None


def test_changed_messages_do_not_leave_when_the_deadline_passes_either(planned):
    approve(planned, "birthday")
    victim = messages_of(planned, "birthday").loc["c12"]
    change(planned, messages, messages.c.message_id == victim.message_id, render_sha256="0" * 64)
    release_at(planned, "06:30")
    release_at(planned, "06:30", after(2))
    release_at(planned, "06:40", after(2))
    assert left(planned) == []
    assert set(messages_of(planned, "birthday")["state"]) == {"expired"}
    assert_laws(planned)


@pytest.mark.parametrize("spoilt", [b"", b"\0" * 64])
def test_a_body_that_no_longer_opens_is_set_aside_and_the_others_leave(planned, spoilt):
    approve(planned, "membership_anniversary")
    victim = messages_of(planned).loc["c25"]
    change(planned, messages, messages.c.message_id == victim.message_id, body=spoilt)
    release_at(planned, "06:30")
    found = messages_of(planned, "membership_anniversary")
    assert found.loc["c25"].state == "rejected"
    assert "not sealed" in found.loc["c25"].state_reason
    assert set(found.drop("c25")["state"]) == {"sealed"}
    assert_laws(planned)


def test_a_body_swapped_for_another_is_set_aside(planned):
    approve(planned, "membership_anniversary")
    found = messages_of(planned, "membership_anniversary")
    with planned.engine.connect() as connection:
        body = connection.scalar(
            messages.select()
            .with_only_columns(messages.c.body)
            .where(messages.c.message_id == found.loc["c22"].message_id)
        )
    change(planned, messages, messages.c.message_id == found.loc["c25"].message_id, body=body)
    release_at(planned, "06:30")
    assert messages_of(planned).loc["c25"].state == "rejected"
    assert_laws(planned)


# ── One bad row ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("column", "poison"),
    [("email", "c25@example.com\nBcc: all@example.com"), ("email", ""), ("phone", "call me")],
)
def test_one_poisoned_address_is_set_aside_and_the_others_leave(planned, column, poison):
    approve(planned)
    road = {"email": "email", "phone": "sms"}[column]
    before = messages_of(planned)
    victim = "c05" if column == "email" else "c15"
    change(planned, identities, identities.c.customer_id == victim, **{column: poison})
    release_at(planned, "06:30")
    after_it = messages_of(planned)
    assert after_it.loc[victim].state == "rejected"
    assert after_it.loc[victim].state_reason.startswith("not sealed: ")
    assert poison not in after_it.loc[victim].state_reason or poison == ""
    assert after_it.loc[victim].gift_was == "release"
    today = before[(before["channel"] == road) & (before["send_on"] == before.loc[victim].send_on)]
    assert set(after_it.loc[today.index.drop(victim), "state"]) == {"sealed"}
    assert_laws(planned)


# ── The last look at consent ────────────────────────────────────────────────────────────────────


def consent_withdrawn(runtime, customer_key):
    with reading(runtime.engine) as connection:
        ref = connection.scalar(
            select(customers.c.customer_ref).where(customers.c.customer_key == customer_key)
        )
    told = {"purpose": Purpose.MARKETING, "channel": Channel.EMAIL, "source": "staff"}
    consent.withdraw(runtime, ref, **told, now=at("06:10"))


def address_removed(runtime, customer_key):
    change(runtime, identities, identities.c.customer_key == customer_key, email=None)


def suppression_added(**told):
    def stop(runtime, customer_key):
        row = {"customer_key": customer_key, "reason": "asked", "since": at("03:00")} | told
        with writing(runtime.engine) as connection:
            connection.execute(insert(suppressions).values(row))

    return stop


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (consent_withdrawn, "consent withdrawn"),
        (address_removed, "no address any more"),
        (suppression_added(), "suppressed since it was planned"),
        (suppression_added(channel="email"), "suppressed since it was planned"),
        (suppression_added(occasion="birthday"), "suppressed since it was planned"),
    ],
    ids=["consent", "address", "everything", "channel", "campaign"],
)
def test_who_said_no_after_approval_gets_nothing_and_her_gift_goes_back(planned, happens, why):
    approve(planned, "birthday")
    key = int(messages_of(planned).loc["c05"].customer_key)
    happens(planned, key)
    release_at(planned, "06:30")
    hers = messages_of(planned).loc["c05"]
    assert (hers.state, hers.state_reason, hers.gift_was) == ("suppressed", why, "release")
    assert hers.message_id not in left(planned)
    assert messages_of(planned).loc["c10"].state == "sealed"
    assert_laws(planned)


@pytest.mark.parametrize("told", [{"channel": "sms"}, {"occasion": "replenishment"}])
def test_a_suppression_of_something_else_stops_nothing(planned_on_sqlite, told):
    approve(planned_on_sqlite, "birthday")
    key = int(messages_of(planned_on_sqlite).loc["c05"].customer_key)
    suppression_added(**told)(planned_on_sqlite, key)
    release_at(planned_on_sqlite, "06:30")
    assert messages_of(planned_on_sqlite).loc["c05"].state == "sealed"


# ── Windows ─────────────────────────────────────────────────────────────────────────────────────


def test_a_message_leaves_when_its_window_is_near_and_not_before(planned):
    approve(planned, "birthday")
    release_at(planned, "06:30")
    found = messages_of(planned, "birthday")
    today = found["send_on"] == at("00:00").date()
    assert set(found[today]["state"]) == {"sealed"}
    assert set(found[~today]["state"]) == {"rendered"}

    release_at(planned, "19:59")  # e-mails of the morrow open at eight, in twelve hours and a bit
    assert messages_of(planned).loc["c01"].state == "rendered"
    release_at(planned, "20:00")
    assert messages_of(planned).loc["c01"].state == "sealed"
    assert messages_of(planned).loc["c06"].state == "rendered"  # her SMS may come from nine on
    assert_laws(planned)


def test_what_was_approved_on_an_earlier_night_leaves_on_its_day(planned):
    approve(planned, "birthday")
    for day in range(3):
        release_at(planned, "07:30", after(day))
    found = messages_of(planned, "birthday")
    assert set(found["state"]) == {"sealed"}
    nights = {manifest_of(f)["batch_id"]: manifest_of(f)["night"] for f in published_by(planned)}
    assert found["batch_id"].map(nights).tolist() == found["send_on"].astype(str).tolist()
    assert_laws(planned)


def published_by(runtime):
    return published(runtime.settings.outbound)


def test_every_line_carries_a_window_on_the_customers_own_clock(planned_on_sqlite):
    approve(planned_on_sqlite)
    release_at(planned_on_sqlite, "06:30")
    (line,) = [
        line
        for folder in published(planned_on_sqlite.settings.outbound)
        for line in lines_of(folder)
        if line["timezone"] == "Asia/Shanghai" and line["campaign"] == "membership_anniversary"
    ]
    assert (line["not_before"], line["not_after"]) == (
        "2017-11-14T01:00:00Z",
        "2017-11-16T12:00:00Z",
    )
    assert line["locale"] == "zh-CN"


def test_what_is_too_late_expires_and_its_gift_goes_back(planned):
    approve(planned, "birthday")
    release_at(planned, "21:00")  # the end of the e-mails' hours, an hour after the SMS
    found = messages_of(planned, "birthday")
    today = found[found["send_on"] == at("00:00").date()]
    assert set(today["state"]) == {"expired"}
    assert set(today["gift_was"]) == {"release"}
    assert not set(today["message_id"]) & set(left(planned))
    assert_laws(planned)


# ── Deadlines ───────────────────────────────────────────────────────────────────────────────────


def test_undecided_campaigns_do_what_they_said_when_the_deadline_passes(planned):
    release_at(planned, "01:00", after(1))  # to the minute: not yet passed
    assert {one.state for one in desk.list_campaigns(planned)} == {"waiting"}
    release_at(planned, "01:01", after(1))
    states = {one.campaign: str(one.state) for one in desk.list_campaigns(planned)}
    assert states == {
        "birthday": "waiting",
        "membership_anniversary": "expired",
        "replenishment": "expired",
    }
    release_at(planned, "07:00", after(2))
    birthdays = messages_of(planned, "birthday")
    of_today = birthdays["send_on"] == after(2)
    assert set(birthdays[of_today]["state"]) == {"sealed"}
    assert set(birthdays[~of_today]["state"]) == {"expired"}
    _, _, (decision,) = desk.show(planned, at("00:00").date(), "birthday", samples=0)
    assert (decision.actor, decision.verdict) == ("policy", "approve")
    assert decision.reason == "nobody decided by 2017-11-16 06:00 UTC"
    assert_laws(planned)


def test_a_campaign_on_hold_is_not_released_by_its_deadline(planned):
    decide(planned, Verdict.HOLD, "birthday", reason="the offer is wrong")
    release_at(planned, "07:00", after(2))
    assert left(planned) == []
    assert set(messages_of(planned, "birthday")["state"]) == {"expired"}
    assert_laws(planned)


# ── A batch that an earlier run left half-way ───────────────────────────────────────────────────


def unplugged(runtime):
    """A gateway that cannot be reached: a file stands where its folder should be."""
    runtime.settings.outbound.write_bytes(b"")
    return runtime.settings.outbound


def test_a_batch_that_could_not_be_handed_over_leaves_with_the_next_release(planned):
    approve(planned, "membership_anniversary")
    plug = unplugged(planned)
    assert release_at(planned, "06:30") == 0
    claimed = messages_of(planned, "membership_anniversary")["batch_id"].dropna()
    plug.unlink()
    assert release_at(planned, "06:40") == 2
    assert {folder.name for folder in published(plug)} == set(claimed)
    assert_laws(planned)


def test_a_customer_who_moved_meanwhile_is_written_to_at_her_new_address(planned):
    approve(planned, "membership_anniversary")
    plug = unplugged(planned)
    release_at(planned, "06:30")
    change(planned, identities, identities.c.customer_id == "c25", email="new@example.com")
    plug.unlink()
    release_at(planned, "06:40")
    assert "new@example.com" in {line["to"] for line in exported(plug)}
    assert_laws(planned)


def test_one_who_left_meanwhile_keeps_nobody_elses_message_back(planned):
    approve(planned)
    plug = unplugged(planned)
    release_at(planned, "06:30")
    address_removed(planned, int(messages_of(planned).loc["c25"].customer_key))
    plug.unlink()
    for clock in ("06:40", "06:50"):
        release_at(planned, clock)
    found = messages_of(planned)
    assert found.loc["c25"].state in ("suppressed", "rejected")
    assert found.loc["c25"].message_id not in left(planned)
    today = found[(found["send_on"] == at("00:00").date()) & (found.index != "c25")]
    assert set(today["message_id"]) <= set(left(planned))
    assert_laws(planned)


def test_who_said_no_while_the_gateway_was_away_gets_nothing(planned):
    approve(planned, "membership_anniversary")
    plug = unplugged(planned)
    release_at(planned, "06:30")
    consent_withdrawn(planned, int(messages_of(planned).loc["c25"].customer_key))
    plug.unlink()
    for clock in ("06:40", "06:50"):
        release_at(planned, clock)
    assert messages_of(planned).loc["c25"].message_id not in left(planned)
    assert_laws(planned)


def test_the_release_keeps_its_word_on_utc(planned_on_sqlite):
    approve(planned_on_sqlite, "birthday")
    release.seal_and_submit(planned_on_sqlite, now=at("06:30").astimezone(UTC))
    assert left(planned_on_sqlite) != []
