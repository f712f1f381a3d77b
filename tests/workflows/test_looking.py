"""What the desk shows: lists in pages, the night at a glance, samples, reasons, one customer."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from care import desk
from care.desk import audit, changes, customer, overview, sample, series, touch, why
from care.desk.acts import acts_of_staff
from care.desk.exclusion import exclude
from care.desk.look import show_message
from care.desk.touch import Chosen
from care.desk.wording import edit_wording
from care.domain.campaign import Tables
from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import Channel
from care.domain.consent import Purpose
from care.domain.decision import Verdict
from care.explanation import UnableToExplain, explain
from care.report import UnableToReport
from care.storage import people
from care.storage.database import reading, writing
from care.storage.tables import consent_entries, messages, staff_acts, suppressions
from tests.workflows.builders import (
    NIGHT,
    after,
    approve,
    at,
    decide,
    ledger_of,
    messages_of,
    release_at,
    reopened,
    run_night,
)
from tests.workflows.laws import assert_laws

MEI = {"actor": "mei", "now": at("06:00")}


def all_pages(ask):
    rows, after_ = [], None
    while True:
        page = ask(after_)
        rows += page.rows
        if page.next is None:
            return rows
        after_ = page.next


def test_a_page_ends_where_enough_was_looked_through_and_the_next_one_looks_on(
    planned, monkeypatch
):
    monkeypatch.setattr("care.storage.listing.LOOKED_THROUGH", 3)
    rare = Chosen(tier=touch.touches(planned, NIGHT, "birthday", limit=100).rows[-1].tier)
    pages = all_pages(
        lambda after_: touch.touches(planned, NIGHT, "birthday", chosen=rare, after=after_)
    )
    monkeypatch.undo()
    assert pages == touch.touches(planned, NIGHT, "birthday", chosen=rare, limit=100).rows
    nobody = touch.touches(planned, NIGHT, "birthday", chosen=Chosen(text="Nobody's number"))
    assert (nobody.rows, nobody.next) == ([], None)


# ── The list ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_hold_every_message_once_in_order(planned, limit):
    rows = all_pages(
        lambda after_: touch.touches(planned, NIGHT, "birthday", after=after_, limit=limit)
    )
    found = messages_of(planned, "birthday")
    assert [row.message_id for row in rows] == sorted(found["message_id"])


def test_names_are_masked_and_filters_find_what_they_say(planned):
    found = messages_of(planned, "birthday")

    def ids(**chosen):
        page = touch.touches(planned, NIGHT, "birthday", chosen=Chosen(**chosen), limit=100)
        return {row.message_id for row in page.rows}

    rows = touch.touches(planned, NIGHT, "birthday", limit=100).rows
    assert {row.name for row in rows} <= {"E… C…", "王…"}
    assert ids(channel="sms") == set(found.loc[found["channel"] == "sms", "message_id"])
    assert ids(gift="none") == set(found.loc[found["gift_id"].isna(), "message_id"])
    assert ids(gift="card") == set(found.loc[found["gift_id"] == "card", "message_id"])
    assert ids(text="c15") == {found.loc["c15", "message_id"]}
    assert ids(text="carter") == ids(text="Emma") == ids(text="王") == set()
    assert ids(text="%") == set()
    assert ids(tier="gold", locale="en") < ids(tier="gold")
    exclude(planned, NIGHT, "birthday", customers=["c15"], reason="she called", **MEI)
    assert ids(state="withdrawn") == {found.loc["c15", "message_id"]}
    with pytest.raises(desk.UnableToDecide, match="there is no campaign"):
        touch.touches(planned, NIGHT, "birthdays")


def test_who_asks_for_a_name_says_why_and_that_stays_on_record(planned):
    row = touch.touches(planned, NIGHT, "birthday", limit=1).rows[0]
    with pytest.raises(desk.UnableToDecide, match="needs a reason"):
        touch.reveal(planned, [row.customer_ref], reason=" ", **MEI)
    with pytest.raises(desk.UnableToDecide, match="no customer 'x'"):
        touch.reveal(planned, ["x"], reason="she called", **MEI)
    with reading(planned.engine) as connection:
        assert connection.execute(select(staff_acts)).all() == []
    shown, other = touch.reveal(planned, [row.customer_ref, "c15"], reason="she called", **MEI)
    assert (shown.customer_ref, other.customer_id) == (row.customer_ref, "c15")
    assert "@example.com" in shown.email
    log = acts_of_staff(planned, limit=1)
    assert [(one.actor, one.act, one.words) for one in log.rows] == [("mei", "name", "she called")]
    assert len(all_pages(lambda after_: acts_of_staff(planned, after=after_, limit=1))) == 2
    with pytest.raises(Exception, match="never changed"), writing(planned.engine) as connection:
        connection.exec_driver_sql("UPDATE staff_acts SET actor = 'jo'")


# ── The night at a glance ───────────────────────────────────────────────────────────────────────


def test_the_overview_adds_up_and_follows_every_change(planned):
    night = overview.overview(planned, NIGHT)
    assert [one.stands.campaign for one in night.campaigns] == [
        "birthday",
        "membership_anniversary",
        "replenishment",
    ]
    for one in night.campaigns:
        adds_up(one)
        assert (one.yesterday, one.last_week) == (None, None)
        assert one.leaves_from < one.leaves_until
        found = messages_of(planned, one.stands.campaign)
        assert one.by_channel == found["channel"].value_counts().to_dict()
    assert night.gift_spent == sum(one.gift_cost for one in night.campaigns)
    assert night.gift_budget == 5_000
    exclude(planned, NIGHT, "birthday", customers=["c15"], reason="she called", **MEI)
    (birthday, *_) = overview.overview(planned, NIGHT).campaigns
    adds_up(birthday)
    assert birthday.messages == night.campaigns[0].messages - 1
    assert birthday.excluded["excluded_by_reviewer"] == 1
    with pytest.raises(UnableToReport, match="is not planned"):
        overview.overview(planned, NIGHT - timedelta(days=1))


def adds_up(one):
    assert sum(one.by_tier.values()) == sum(one.by_locale.values()) == one.messages
    set_aside = sum(one.excluded.values()) + sum(one.deferred.values())
    assert one.due == one.messages + one.failed + one.held_out + set_aside


def test_another_night_is_compared_with_the_one_before(planned_on_sqlite):
    house = planned_on_sqlite
    edit_wording(
        house,
        NIGHT,
        "birthday",
        channel=Channel.EMAIL,
        locale="en",
        texts={"subject": "A good day to you{{ ', ' ~ name if name }}"},
        reason="warmer",
        **MEI,
    )
    approve(house)
    release_at(house, "06:30")
    house = reopened(
        house.settings.home,
        policy={"campaigns": {"birthday": {"lead_days": 4, "recommendations": 1}}},
    )
    run_night(house, after(1))
    by_name = {one.stands.campaign: one for one in overview.overview(house, after(1)).campaigns}
    assert by_name["replenishment"].yesterday == len(
        messages_of(house, "replenishment").query("night == @NIGHT")
    )
    first = changes.changed_since_yesterday(house, NIGHT, "birthday")
    assert (first.before, first.texts, first.volume) == (None, [], [])
    found = changes.changed_since_yesterday(house, after(1), "birthday")
    assert found.before == NIGHT
    assert [(one.what, one.before, one.now) for one in found.settings] == [
        ("campaigns.birthday.lead_days", "2", "4"),
        ("campaigns.birthday.recommendations", "2", "1"),
    ]
    (text,) = [one for one in found.texts if one.template == "birthday/email.en"]
    assert text.part == "subject"
    assert text.difference[1].startswith("-A good day")
    assert {one.what for one in found.volume} <= {"messages", "gift_cost", "fallbacks"}


# ── Samples and reasons ─────────────────────────────────────────────────────────────────────────


def test_samples_go_through_tiers_and_languages_and_are_the_same_for_a_seed(planned):
    picked = sample.samples(planned, NIGHT, "birthday", n=6, seed=1)
    assert picked == sample.samples(planned, NIGHT, "birthday", n=6, seed=1)
    ids = [one.sample.message_id for one in picked]
    assert len(set(ids)) == 6
    assert {one.sample.locale for one in picked} == {"en", "zh-CN"}
    assert {one.sample.channel for one in picked} == {"email", "sms"}
    assert any(one.because == "the longest" for one in picked)
    others = [
        [
            one.sample.message_id
            for one in sample.samples(planned, NIGHT, "birthday", n=6, seed=seed)
        ]
        for seed in range(2, 6)
    ]
    assert any(one != ids for one in others)
    everything = sample.samples(planned, NIGHT, "birthday", n=500, seed=1)
    assert len(everything) == len(messages_of(planned, "birthday"))
    one = show_message(planned, ids[0])
    assert one == picked[0].sample
    with pytest.raises(desk.UnableToDecide, match="no message x"):
        show_message(planned, "x")


def test_why_tells_the_occasion_the_gift_and_every_item(planned):
    row = next(
        row
        for row in touch.touches(planned, NIGHT, "birthday", limit=100).rows
        if row.gift_id == "tea"
    )
    told = why.why(planned, row.message_id)
    assert told.customer_ref == row.customer_ref
    assert told.customer[0].startswith("Birthday on ")
    assert told.customer[1].startswith("Is gold and gets it by ")
    leaves = row.not_before.astimezone(planned.policy.shop.zone)
    assert told.customer[2].startswith(f"Leaves between {leaves:%d %b %H:%M} and ")
    assert told.gift[0] == f"{planned.policy.gifts['tea'].label['en']}, the first choice for gold."
    assert len(told.items) == 2
    about = touch.touches(planned, NIGHT, "replenishment", limit=1).rows[0]
    assert why.why(planned, about.message_id).customer[0].startswith("Buys ")
    with pytest.raises(desk.UnableToDecide, match="no message x"):
        why.why(planned, "x")


# ── One customer ────────────────────────────────────────────────────────────────────────────────


def test_a_record_is_masked_until_somebody_says_why(planned):
    hidden = customer.customer_record(planned, "c15", **MEI)
    text = repr(hidden)
    assert "Emma" not in text
    assert "c15@" not in text
    assert "c15" not in text
    assert hidden.identity["email"] == "c…@example.com"
    with pytest.raises(desk.UnableToDecide, match="needs a reason"):
        customer.customer_record(planned, "c15", reveal=True, **MEI)
    with pytest.raises(UnableToExplain, match="no customer"):
        customer.customer_record(planned, "nobody", **MEI)
    shown = customer.customer_record(planned, "c15", reveal=True, reason="she called", **MEI)
    assert shown.identity["email"] == "c15@example.com"
    assert [one.act for one in acts_of_staff(planned).rows] == ["record"]


def test_a_record_holds_what_the_house_knows_of_her(planned):
    record = customer.customer_record(planned, "c15", **MEI)
    assert record.as_of == NIGHT
    assert record.standing["tier"] == messages_tier(planned, "c15")
    assert record.standing["orders"] > 5
    assert record.purchases[0]["day"] >= record.purchases[-1]["day"]
    assert all(one["product"] for one in record.purchases)
    assert record.rhythms
    assert [one.campaign for one in record.touches] == ["birthday"]
    assert {one.campaign for one in record.considered} == {
        "birthday",
        "membership_anniversary",
        "replenishment",
    }
    assert any(one.next_on for one in record.considered)
    assert {one["channel"] for one in record.consents} >= {"email", "sms"}
    assert customer.customer_record(planned, "c04", **MEI).excluded[0]["reason"] == "no_consent"


def test_the_next_day_is_the_first_night_on_which_the_rule_would_find_her(planned):
    settings = planned.policy.campaigns["birthday"]
    for name in ("c06", "c15"):
        with reading(planned.engine) as connection:
            key = people.find_customer(connection, name).customer_key
            person = people.read_people(connection, customer_key=key)
        tables = Tables(customers=person.assign(tier="member"))
        ahead = (NIGHT + timedelta(days=number) for number in range(1, 367))
        found = next(
            night
            for night in ahead
            if len(CAMPAIGNS["birthday"].candidates(tables, settings, night=night))
        )
        told = {one.campaign: one for one in explain(planned, name).considered}["birthday"]
        assert told.next_on in (None, found)
        assert told.next_on or told.outcome != "not_due"


def test_a_record_reads_no_more_of_the_night_than_hers(planned, monkeypatch):
    def everything(*_given, **_named):
        raise AssertionError("the files of the whole night are read for one customer")

    for place in ("care.rhythms.read_habits", "care.storage.snapshot._verify"):
        monkeypatch.setattr(place, everything)
    assert customer.customer_record(planned, "c15", **MEI).rhythms


def messages_tier(runtime, customer_id):
    found = messages_of(runtime, "birthday").loc[customer_id, "message_id"]
    rows = touch.touches(runtime, NIGHT, "birthday", limit=100).rows
    return next(row.tier for row in rows if row.message_id == found)


def test_staff_write_down_what_she_said(planned):
    customer.suppress(planned, "c15", channel=Channel.SMS, note="too many", **MEI)
    customer.opt_out(planned, "c15", occasion="birthday", note="she said so", **MEI)
    customer.change_consent(
        planned,
        "c15",
        purpose=Purpose.MARKETING,
        channel=Channel.EMAIL,
        granted=False,
        note="by phone",
        **MEI,
    )
    hidden = customer.customer_record(planned, "c15", **MEI)
    assert [one["reason"] for one in hidden.suppressions] == ["manual", "opt-out"]
    assert all(one["note"] is None for one in hidden.suppressions)
    shown = customer.customer_record(planned, "c15", reveal=True, reason="asked", **MEI)
    assert [one["note"] for one in shown.suppressions] == ["mei: too many", "mei: she said so"]
    assert shown.words[-1]["proof"] == {"heard_by": "mei", "note": "by phone"}
    with reading(planned.engine) as connection:
        assert set(connection.scalars(select(suppressions.c.source))) == {"desk"}
        assert "desk" in set(connection.scalars(select(consent_entries.c.source)))
    approve(planned, "birthday")
    release_at(planned, "06:30")
    assert messages_of(planned, "birthday").loc["c15", "state"] != "accepted"
    assert_laws(planned)


# ── The trail ───────────────────────────────────────────────────────────────────────────────────


def some_decisions(runtime):
    approve(runtime, "birthday")
    decide(runtime, Verdict.HOLD, "birthday", actor="jo", reason="wait")
    exclude(runtime, NIGHT, "birthday", customers=["c15"], reason="she called", **MEI)
    decide(runtime, Verdict.REJECT, "replenishment", actor="jo", reason="wrong season")


def test_the_trail_is_read_in_pages_and_by_what_is_asked(planned):
    some_decisions(planned)
    lines = all_pages(lambda after_: audit.audit(planned, after=after_, limit=1))
    assert [str(line.verdict) for line in lines] == ["reject", "exclude", "hold", "approve"]

    def asked(**told):
        page = audit.audit(planned, asked=audit.Asked(**told))
        return [line.decision_id for line in page.rows]

    assert asked(actor="jo") == [4, 2]
    assert asked(campaign="birthday", verdict="exclude") == [3]
    assert asked(night=NIGHT) == [4, 3, 2, 1]
    assert asked(since=at("06:01")) == asked(until=at("06:00")) == []


def without_triggers(runtime, table):
    """Take away what keeps a table as it is, as somebody would who wants to forge it."""
    with writing(runtime.engine) as connection:
        if runtime.engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            return
        for verb in ("update", "delete"):
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{verb}")


@pytest.mark.parametrize(
    ("forged", "line", "why_"),
    [
        ("UPDATE decisions SET actor = 'jo' WHERE decision_id = 1", 1, "not what was written"),
        ("UPDATE decisions SET details = '{}' WHERE decision_id = 3", 3, "not what was written"),
        ("UPDATE decisions SET verdict = 'praise' WHERE decision_id = 2", 2, "not what was"),
        (
            "UPDATE decisions SET previous_hash = 'x' WHERE decision_id = 4",
            4,
            "does not follow the line before",
        ),
        ("DELETE FROM decisions WHERE decision_id = 2", 3, "line 2 is missing"),
    ],
    ids=["actor", "details", "verdict", "link", "gone"],
)
def test_a_forged_trail_is_found_at_its_first_line_that_does_not_fit(planned, forged, line, why_):
    some_decisions(planned)
    assert audit.check_audit(planned) == audit.Checked(4, None, "")
    without_triggers(planned, "decisions")
    with writing(planned.engine) as connection:
        connection.exec_driver_sql(forged)
    found = audit.check_audit(planned)
    assert (found.whole, found.broken_at) == (False, line)
    assert why_ in found.why


# ── Pictures ────────────────────────────────────────────────────────────────────────────────────


def test_series_are_small_and_agree_with_the_ledger(planned):
    approve(planned)
    release_at(planned, "06:30")
    days = {"since": NIGHT - timedelta(days=30), "until": NIGHT}
    by_night = series.touches_by_night(planned, **days)
    assert by_night.set_index("campaign")["messages"].to_dict() == (
        messages_of(planned)["campaign"].value_counts().to_dict()
    )
    out = series.exclusions_by_night(planned, **days)
    assert {"excluded", "held_out"} <= set(out["outcome"])
    (spent,) = series.gift_spend(planned, **days).itertuples()
    assert (spent.night.date(), spent.budget) == (NIGHT, 5_000)
    assert spent.spent == overview.overview(planned, NIGHT).gift_spent
    sent = series.batches_by_night(planned, **days)
    assert sent["records"].sum() == messages_of(planned)["batch_id"].notna().sum()
    measured = series.model_figures(planned, "items", **days)
    assert list(measured.columns) == ["night", "model", "metric", "value", "trained", "refused"]
    rows = series.model_figures(planned, "timing", **days)
    timing = rows.set_index(["model", "metric"])["value"]
    groups = series.calibration(planned, **days).groupby("model")
    assert set(groups.groups) == set(timing.index.get_level_values("model"))
    for model, found in groups:
        assert found["pairs"].sum() == timing[model, "pairs"]
        came = (found["seen"] * found["pairs"]).sum() / found["pairs"].sum()
        assert came == pytest.approx(timing[model, "due_share"])
    nothing = {"since": date(2016, 1, 1), "until": date(2016, 1, 2)}
    for ask in (
        series.touches_by_night,
        series.exclusions_by_night,
        series.gift_spend,
        series.batches_by_night,
        series.calibration,
    ):
        assert ask(planned, **nothing).empty


def test_looking_changes_nothing(planned_on_sqlite):
    house = planned_on_sqlite
    before = ledger_of(house.engine)
    touch.touches(house, NIGHT, "birthday")
    overview.overview(house, NIGHT)
    sample.samples(house, NIGHT, "birthday", n=3, seed=1)
    changes.changed_since_yesterday(house, NIGHT, "birthday")
    customer.customer_record(house, "c15", **MEI)
    audit.check_audit(house)
    assert ledger_of(house.engine) == before
    with reading(house.engine) as connection:
        assert connection.scalar(select(messages.c.state).limit(1)) == "rendered"
