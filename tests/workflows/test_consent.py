"""What customers say is heard: confirmed or not, at planning, in letters and as they leave."""

from datetime import timedelta

import pandas as pd
import pytest
from sqlalchemy import delete, select, update

from care import consent, nightly
from care.consent import UnableToRecordConsent
from care.domain.channel import Channel
from care.domain.consent import Held, Purpose
from care.domain.suppression import Why
from care.storage.database import reading, writing
from care.storage.people import read_traits
from care.storage.tables import consent_entries, exclusions, identities
from care.suppression import (
    Scope,
    UnableToSuppress,
    lift,
    listed,
    suppress,
    suppressions_among,
    suppressions_of,
)
from tests.workflows.builders import (
    after,
    approve,
    at,
    messages_of,
    release_at,
    reopened,
    run_night,
)
from tests.workflows.laws import assert_laws
from tests.workflows.peer import exported

FORM = {"purpose": Purpose.MARKETING, "channel": Channel.EMAIL, "source": "web-form"}
PERSONAL = {"purpose": Purpose.PERSONALISATION, "source": "staff"}
NOW = at("06:10")
DOUBLE = {"consent": {"double_opt_in": ["email"], "confirm_within_days": 3}}


@pytest.fixture
def careful(planned_on_sqlite, tmp_path):
    """The first night planned, in a house that wants a yes by e-mail confirmed."""
    return reopened(tmp_path / "home", policy=DOUBLE)


def email_of(runtime, customer_id):
    held = consent.standing(runtime, customer_id).held
    return {(one["channel"], one["purpose"]): one["state"] for one in held}.get(
        ("email", "marketing")
    )


# ── Double opt-in ───────────────────────────────────────────────────────────────────────────────


def test_a_yes_from_a_web_form_counts_once_it_is_confirmed(careful):
    asked = consent.grant(careful, "c04", **FORM, now=NOW)
    assert (asked.held, email_of(careful, "c04")) == (Held.PENDING, "pending")
    confirmed = consent.confirm(careful, asked.token, now=NOW + timedelta(days=3))
    assert confirmed.held is Held.GRANTED
    words = consent.standing(careful, "c04").words
    again = consent.confirm(careful, asked.token, now=NOW + timedelta(days=30))
    assert again.held is Held.GRANTED
    assert consent.standing(careful, "c04").words == words


def test_who_confirmed_is_written_to_and_who_only_asked_is_not(careful):
    tokens = {who: consent.grant(careful, who, **FORM, now=NOW).token for who in ("c04",)}
    run_night(careful, after(1))
    assert reasons_of(careful, "c04", after(1)) == {"no_consent"}
    consent.confirm(careful, tokens["c04"], now=NOW + timedelta(days=1))
    run_night(careful, after(2))
    assert "no_consent" not in reasons_of(careful, "c04", after(2))


def reasons_of(runtime, customer_id, night):
    query = (
        select(exclusions.c.reason)
        .join(identities, identities.c.customer_key == exclusions.c.customer_key)
        .where(identities.c.customer_id == customer_id, exclusions.c.night == night)
    )
    with reading(runtime.engine) as connection:
        return set(connection.scalars(query))


def test_a_confirmation_that_comes_too_late_is_refused(careful):
    asked = consent.grant(careful, "c04", **FORM, now=NOW)
    with pytest.raises(UnableToRecordConsent, match="confirm_within_days"):
        consent.confirm(careful, asked.token, now=NOW + timedelta(days=3, seconds=1))
    assert email_of(careful, "c04") == "pending"


def test_a_click_on_an_old_letter_does_not_overrule_a_withdrawal(careful):
    asked = consent.grant(careful, "c04", **FORM, now=NOW)
    no = FORM | {"source": "unsubscribe"}
    consent.withdraw(careful, "c04", **no, now=NOW + timedelta(hours=1))
    answer = consent.confirm(careful, asked.token, now=NOW + timedelta(hours=2))
    assert answer.held is Held.WITHDRAWN


@pytest.mark.parametrize("spoil", [lambda token: token + "x", lambda token: "", str.swapcase])
def test_a_token_that_was_not_made_here_is_refused(careful, spoil):
    asked = consent.grant(careful, "c04", **FORM, now=NOW)
    with pytest.raises(UnableToRecordConsent, match="was not made here"):
        consent.confirm(careful, spoil(asked.token), now=NOW)


def test_what_staff_write_down_needs_no_confirmation(careful):
    assert consent.grant(careful, "c04", **FORM | {"source": "phone"}, now=NOW).held == "granted"


def test_where_policy_asks_for_none_a_form_is_enough(planned_on_sqlite):
    answer = consent.grant(planned_on_sqlite, "c04", **FORM, now=NOW)
    assert (answer.held, answer.token) == (Held.GRANTED, None)


# ── Proof ───────────────────────────────────────────────────────────────────────────────────────


def test_a_proof_is_sealed_and_is_noise_once_she_is_forgotten(planned):
    proof = {"form": "checkout", "ip": "192.0.2.7", "wording": "2017-3"}
    consent.grant(planned, "c04", **FORM, now=NOW, proof=proof)
    assert consent.standing(planned, "c04").words[-1]["proof"] == proof
    with writing(planned.engine) as connection:
        kept = connection.scalars(select(consent_entries.c.proof)).all()
        assert not any(b"192.0.2.7" in one for one in kept if one)
        connection.execute(delete(identities).where(identities.c.customer_id == "c04"))
    exported_now = consent.export_words(planned)
    assert exported_now["proof"].dropna().tolist() == []
    assert "grant" in set(exported_now.loc[exported_now["customer_id"].isna(), "word"])


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"customer": "nobody"}, "there is no customer 'nobody'"),
        ({"channel": None}, "name one of email, sms"),
        ({"purpose": Purpose.SENSITIVE}, "leave the channel out"),
        ({"said_at": at("23:00")}, "still to come"),
    ],
)
def test_what_cannot_have_been_said_is_refused(planned_on_sqlite, told, words):
    told = {"customer": "c04"} | FORM | told
    with pytest.raises(UnableToRecordConsent, match=words):
        consent.grant(planned_on_sqlite, told.pop("customer"), **told, now=NOW)


# ── As messages leave ───────────────────────────────────────────────────────────────────────────


def at_release(runtime, customer_id="c05"):
    approve(runtime, "birthday")
    release_at(runtime, "06:30")
    hers = messages_of(runtime, "birthday").loc[customer_id]
    sent = {line["message_id"] for line in exported(runtime.settings.outbound)}
    assert (hers.message_id in sent) == (hers.state == "sealed")
    assert_laws(runtime)
    return hers.state, hers.state_reason


SUPPRESSED = "suppressed since it was planned"


@pytest.mark.parametrize(
    ("scope", "why"),
    [
        (Scope(address="C05@Example.com"), SUPPRESSED),
        (Scope(occasion="birthday"), SUPPRESSED),
        (Scope(channel=Channel.EMAIL), SUPPRESSED),
        (Scope(customer="c05", channel=Channel.EMAIL), SUPPRESSED),
    ],
    ids=["address", "occasion", "channel", "customer"],
)
def test_what_was_suppressed_since_stops_the_message(planned, scope, why):
    suppress(planned, scope, reason=Why.MANUAL, source="staff", now=NOW)
    assert at_release(planned) == ("suppressed", why)


def test_who_opted_out_of_the_occasion_since_gets_none(planned):
    suppress(planned, Scope("c05", occasion="birthday"), reason=Why.OPT_OUT, source="x", now=NOW)
    assert at_release(planned) == ("suppressed", "she wants nothing on this occasion any more")


def test_who_wants_nothing_personal_since_gets_no_letter_with_recommendations(planned):
    consent.withdraw(planned, "c05", **PERSONAL, now=NOW)
    assert at_release(planned) == ("suppressed", "she wants nothing personal any more")


def test_what_was_lifted_or_is_over_stops_nothing(planned):
    told = {"reason": Why.MANUAL, "source": "staff", "now": NOW}
    number = suppress(planned, Scope("c05"), **told)
    lift(planned, number, reason="she asked", source="staff", now=NOW)
    suppress(planned, Scope("c10"), **told, until=at("06:20"))
    assert at_release(planned, "c05")[0] == "sealed"
    assert messages_of(planned).loc["c10"].state == "sealed"


@pytest.mark.parametrize("kind", ["complaint", "review"])
def test_a_complaint_or_a_bad_review_that_a_newer_night_brought_stops_marketing(
    planned_on_sqlite, kind
):
    runtime = planned_on_sqlite
    shop = runtime.settings.sources.parent
    if kind == "complaint":
        told = "case_id,customer_id,kind,opened_on,closed_on\nk1,c01,complaint,2017-11-14,\n"
    else:
        told = "review_id,customer_id,stars,reviewed_on\nr1,c01,1,2017-11-14\n"
    name = "cases" if kind == "complaint" else "reviews"
    (shop / f"{name}.csv").write_text(told)
    with (shop / "shop.toml").open("a") as mapping:
        mapping.write(f'\n[{name}]\npath = "{name}.csv"\n')
    approve(runtime, "birthday")
    nightly.take_snapshot(runtime, night=after(1))
    release_at(runtime, "07:30", after(1))
    why = {"complaint": "a complaint of hers is open", "review": "she said that she is not pleased"}
    hers = messages_of(runtime, "birthday").loc["c01"]
    assert (hers.state, hers.state_reason) == ("suppressed", why[kind])


# ── At planning, and in letters ─────────────────────────────────────────────────────────────────


def test_who_wants_nothing_personal_gets_a_plain_birthday_letter_and_no_reminder(planned):
    consent.withdraw(planned, "c01", **PERSONAL, now=NOW)
    with writing(planned.engine) as connection:
        of_plan = ("campaign_nights", "messages", "gift_moves", "exclusions", "touches")
        for table in (*of_plan, "message_tallies", "exclusion_tallies"):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # our own tables
        connection.exec_driver_sql("DELETE FROM nights")
    run_night(planned)
    found = messages_of(planned, "birthday").loc["c01"]
    with reading(planned.engine) as connection:
        sources = dict(
            connection.exec_driver_sql("SELECT message_id, items_source FROM messages").all()
        )
    assert sources[found.message_id] == "popular"
    assert sources[messages_of(planned, "birthday").loc["c05"].message_id] == "personal"


def test_an_address_is_suppressed_whoever_has_it_and_only_its_hash_is_kept(planned):
    suppress(planned, Scope(address="c05@example.com"), reason=Why.BOUNCE, source="x", now=NOW)
    with writing(planned.engine) as connection:
        moved = identities.c.customer_id == "c10"
        connection.execute(update(identities).where(moved).values(email="c05@example.com"))
        gone = identities.c.customer_id == "c05"
        connection.execute(delete(identities).where(gone))
    assert at_release(planned, "c10") == ("suppressed", SUPPRESSED)
    (one,) = listed(planned)
    assert "c05" not in repr(one)
    assert one["purpose"] == "everything"


def test_what_holds_for_a_few_is_what_holds_of_all_for_them(planned):
    told = {"reason": Why.MANUAL, "source": "x", "now": NOW}
    for scope in (
        *(Scope("c05"), Scope("c11", channel=Channel.SMS), Scope(occasion="birthday")),
        *(Scope(address="c10@example.com"), Scope(address="nobody@example.com"), Scope("c20")),
    ):
        suppress(planned, scope, **told)
    lift(planned, suppress(planned, Scope("c12"), **told), reason="x", source="x", now=NOW)
    with reading(planned.engine) as connection:
        everybody = read_traits(connection, ["customer_id", "email", "phone"])
        few = everybody[everybody["customer_id"].isin(["c05", "c10", "c11", "c12"])]
        of_all = suppressions_of(planned, connection, few, at=NOW)
        among = suppressions_among(planned, connection, few, at=NOW)
    theirs = of_all["customer_key"].isna() | of_all["customer_key"].isin(few["customer_key"])
    by = list(of_all.columns)
    pd.testing.assert_frame_equal(
        among.sort_values(by, ignore_index=True),
        of_all[theirs].sort_values(by, ignore_index=True),
    )
    assert len(among) == 4


@pytest.mark.parametrize(
    ("scope", "told", "words"),
    [
        (Scope(), {}, "names nothing"),
        (Scope("nobody"), {}, "there is no customer 'nobody'"),
        (Scope(address="call me"), {}, "no address"),
        (Scope("c05", address="a@example.com"), {}, "not both"),
        (Scope("c05", occasion="mothers-day"), {}, "there is no occasion 'mothers-day'"),
        (Scope("c05", occasion="festival:fathersday"), {}, "festival:mothers-day"),
        (Scope(address="a@example.com"), {"note": "her mother died"}, "could never be erased"),
        (Scope("c05"), {"until": at("06:00")}, "end before it begins"),
    ],
)
def test_a_suppression_that_makes_no_sense_is_refused_with_the_remedy(
    planned_on_sqlite, scope, told, words
):
    with pytest.raises(UnableToSuppress, match=words):
        suppress(planned_on_sqlite, scope, reason=Why.MANUAL, source="x", now=NOW, **told)


def test_a_note_is_read_by_staff_until_she_is_forgotten(planned_on_sqlite):
    scope = Scope("c05", occasion="festival:mothers-day")
    told = {"reason": Why.OPT_OUT, "source": "staff", "now": NOW, "note": "her mother died"}
    assert suppress(planned_on_sqlite, scope, **told) == suppress(planned_on_sqlite, scope, **told)
    (one,) = listed(planned_on_sqlite, "c05")
    assert (one["note"], one["purpose"]) == ("her mother died", "marketing")
