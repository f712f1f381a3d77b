"""The desk changes what waits: whom it leaves out, which gift, which words."""

import orjson
import pytest
from sqlalchemy import select, update

from care import correspondence, desk, report
from care.desk.exclusion import Chosen, exclude
from care.desk.gift import eligible_gifts, swap_gift
from care.desk.wording import UnableToEditWording, edit_wording, preview_wording, wordings_of
from care.domain.decision import Verdict
from care.explanation import explain
from care.storage.database import reading, writing
from care.storage.tables import exclusions, gift_budgets, gifts, touches, wordings
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
from tests.workflows.desk import (
    BY_MEI,
    CHANGES,
    EN_MAIL,
    SUBJECT,
    a_gold_birthday,
    at_once,
    names,
    refused,
    said,
    state_of,
    trail_of,
)
from tests.workflows.laws import assert_laws
from tests.workflows.peer import exported

# ── Who is left out ─────────────────────────────────────────────────────────────────────────────


def test_a_customer_who_is_taken_out_gets_nothing_and_is_on_record_with_the_words(planned):
    approve(planned, "birthday")
    before = state_of(planned)
    her = messages_of(planned, "birthday").loc["c15"]
    assert her.gift_id
    done = exclude(planned, NIGHT, "birthday", customers=["c15"], **BY_MEI)
    assert (done.messages, done.campaign.state, done.campaign.approval_id) == (1, "waiting", None)
    assert done.campaign == state_of(planned)
    assert done.campaign.messages == before.messages - 1
    assert done.campaign.content_hash != before.content_hash
    assert done.campaign.needs_person[-1] == "changed by mei: exclude"
    her = messages_of(planned, "birthday").loc["c15"]
    assert (her.state, her.gift_was) == ("withdrawn", "release")
    with reading(planned.engine) as connection:
        (row,) = connection.execute(
            select(exclusions).where(exclusions.c.reason == "excluded_by_reviewer")
        )
    assert (row.outcome, row.detail, row.customer_key) == (
        "excluded",
        "she called",
        her.customer_key,
    )
    assert_laws(planned)
    numbers = report.night_report(planned, NIGHT).numbers()
    assert numbers["excluded"]["birthday"]["excluded_by_reviewer"] == 1
    told = {one.campaign: one for one in explain(planned, "c15").considered}["birthday"]
    assert (told.outcome, told.why.endswith("took her out: she called")) == ("excluded", True)

    approve(planned, "birthday")
    release_at(planned, "06:30")
    assert her.message_id not in {
        line["message_id"] for line in exported(planned.settings.outbound)
    }
    assert_laws(planned)


def test_all_that_a_filter_finds_are_taken_out_together(planned):
    found = messages_of(planned, "birthday")
    sms = set(found.index[found["channel"] == "sms"])
    done = exclude(planned, NIGHT, "birthday", chosen=Chosen(channel="sms"), **BY_MEI)
    assert done.messages == len(sms) > 1
    found = messages_of(planned, "birthday")
    assert set(found.index[found["state"] == "withdrawn"]) == sms
    assert orjson.loads(done.decision.details)["messages"] == len(sms)
    assert_laws(planned)


def test_who_was_taken_out_is_not_found_again_nor_is_a_stranger(planned_on_sqlite):
    house = planned_on_sqlite
    her = messages_of(house, "birthday").loc["c15"]
    exclude(house, NIGHT, "birthday", message_ids=[her.message_id], **BY_MEI)
    for named, match in (
        ({"customers": ["c15"]}, "1 of those named have no message"),
        ({"message_ids": [her.message_id]}, "1 of those named have no message"),
        ({"customers": ["nobody"]}, "no customer 'nobody'"),
        ({"chosen": Chosen(tier="platinum")}, "the filter finds nobody"),
        ({}, "say whom to take out"),
    ):
        refused(
            house, match, lambda named=named: exclude(house, NIGHT, "birthday", **named, **BY_MEI)
        )


def test_a_night_queued_again_keeps_who_was_taken_out_away(planned_on_sqlite):
    house = planned_on_sqlite
    exclude(house, NIGHT, "birthday", customers=["c15"], **BY_MEI)
    before = ledger_of(house.engine)
    desk.queue(house, night=NIGHT, now=at("07:00"))
    assert ledger_of(house.engine) == before
    run_night(house, after(1))
    told = {one.campaign: one for one in explain(house, "c15", night=after(1)).considered}
    assert told["birthday"].outcome != "touched"
    assert_laws(house)


# ── Another gift ────────────────────────────────────────────────────────────────────────────────


def test_choices_are_the_ladder_with_what_it_costs_and_what_is_left(planned):
    choices = eligible_gifts(planned, a_gold_birthday(planned).message_id)
    assert [(one.gift_id, one.cost, one.current, one.why_not) for one in choices] == [
        ("tea", 900, True, ""),
        ("card", 60, False, ""),
        (None, 0, False, ""),
    ]
    assert choices[0].left is not None
    assert choices[1].left is None


@pytest.mark.parametrize("gift", ["card", None])
def test_another_gift_is_given_and_the_message_says_so(planned, gift):
    message_id = a_gold_birthday(planned).message_id
    assert names(said(planned, message_id)) == {"tea"}
    with reading(planned.engine) as connection:
        taken = connection.scalar(select(gifts.c.taken).where(gifts.c.gift_id == "tea"))
    done = swap_gift(planned, NIGHT, "birthday", message_id=message_id, gift_id=gift, **BY_MEI)
    assert names(said(planned, message_id)) == ({gift} - {None})
    with reading(planned.engine) as connection:
        left = connection.scalar(select(gifts.c.taken).where(gifts.c.gift_id == "tea"))
    assert left == taken - 1
    assert orjson.loads(done.decision.details)["before"] == "tea"
    assert state_of(planned).state == "waiting"
    assert_laws(planned)
    back = swap_gift(planned, NIGHT, "birthday", message_id=message_id, gift_id="tea", **BY_MEI)
    assert back.campaign.gift_cost == state_of(planned).gift_cost
    assert_laws(planned)
    approve(planned, "birthday")
    release_at(planned, "06:30")
    assert_laws(planned)


def test_what_is_not_hers_not_there_or_too_dear_is_not_given(planned):
    message_id = a_gold_birthday(planned).message_id

    def give(gift):
        return swap_gift(planned, NIGHT, "birthday", message_id=message_id, gift_id=gift, **BY_MEI)

    refused(planned, "not on her ladder; there is tea, card, none", lambda: give("car"))
    refused(planned, "has tea already", lambda: give("tea"))
    give("card")
    with writing(planned.engine) as connection:
        spent = gift_budgets.c.spent
        connection.execute(update(gift_budgets).values(budget=spent + 100))
    refused(planned, "costs 900, and the budget has 160 left", lambda: give("tea"))
    with writing(planned.engine) as connection:
        connection.execute(update(gift_budgets).values(budget=None))
        stock = gifts.c.gift_id == "tea"
        connection.execute(update(gifts).where(stock).values(stock=gifts.c.taken))
    house = reopened(
        planned.settings.home,
        str(planned.engine.url.render_as_string(hide_password=False)),
        policy={"gifts": {"tea": {"stock": 1}}},
    )
    refused(
        house,
        "none is left",
        lambda: swap_gift(house, NIGHT, "birthday", message_id=message_id, gift_id="tea", **BY_MEI),
    )


# ── Other words ─────────────────────────────────────────────────────────────────────────────────


def test_a_message_that_is_written_anew_from_the_same_words_is_the_same(planned_on_sqlite):
    house = planned_on_sqlite
    found = messages_of(house)
    with reading(house.engine) as connection:
        rewriter = correspondence.Rewriter(house, NIGHT, renderer=house.renderer)
        rows, failed = rewriter.write(connection, found["message_id"].tolist())
    assert failed == {}
    assert {row["message_id"]: row["render_sha256"] for row in rows} == (
        found.set_index("message_id")["render_sha256"].to_dict()
    )


def test_a_wording_is_tried_out_and_nothing_is_saved(planned):
    before = ledger_of(planned.engine)
    shown = preview_wording(planned, NIGHT, "birthday", texts={"subject": SUBJECT}, **EN_MAIL)
    assert len(shown) == 3
    for one in shown:
        assert one.before["subject"].startswith("Happy birthday")
        assert one.after["subject"].startswith("A good day to you")
        assert one.after["text"] == one.before["text"]
    assert ledger_of(planned.engine) == before


def test_edited_words_are_in_every_unsent_message_of_their_channel_and_language(planned):
    approve(planned, "birthday")
    (house,) = [
        one
        for one in wordings_of(planned, NIGHT, "birthday")
        if one.locale == "en" and one.channel == "email"
    ]
    assert house.editor is None
    done = edit_wording(
        planned, NIGHT, "birthday", texts={**house.texts, "subject": SUBJECT}, **EN_MAIL, **BY_MEI
    )
    _, samples, _ = desk.show(planned, NIGHT, "birthday", samples=100)
    for one in samples:
        edited = (one.channel, one.locale) == ("email", "en")
        assert one.content.get("subject", "").startswith("A good day") == edited
    assert done.messages == sum((one.channel, one.locale) == ("email", "en") for one in samples)
    told = orjson.loads(done.decision.details)
    assert told["difference"] == {
        "subject": [
            "@@ -1 +1 @@",
            '-{{ "Happy birthday, " ~ name if name else "Happy birthday to you" }}',
            f"+{SUBJECT}",
        ]
    }
    (house,) = [
        one
        for one in wordings_of(planned, NIGHT, "birthday")
        if one.locale == "en" and one.channel == "email"
    ]
    assert (house.editor, house.texts["subject"]) == ("mei", SUBJECT)
    assert state_of(planned).approval_id is None
    assert_laws(planned)
    approve(planned, "birthday")
    release_at(planned, "06:30")
    assert any(
        line.get("subject", "").startswith("A good day")
        for line in exported(planned.settings.outbound)
    )
    assert_laws(planned)


def test_messages_that_come_later_in_the_night_have_the_edited_words_and_other_nights_do_not(
    planned_on_sqlite,
):
    house = planned_on_sqlite
    edit_wording(house, NIGHT, "birthday", texts={"subject": SUBJECT}, **EN_MAIL, **BY_MEI)
    found = messages_of(house, "birthday")
    victim = found[found["channel"] == "email"].loc["c05"]
    with writing(house.engine) as connection:
        connection.exec_driver_sql(f"DELETE FROM messages WHERE message_id = '{victim.message_id}'")
        hers = touches.c.touch_id == int(victim.touch_id)
        connection.execute(update(touches).where(hers).values(state="planned"))
        (shard,) = connection.scalars(select(touches.c.shard).where(hers))
    assert correspondence.compose(house, night=NIGHT, shard=shard) == 1
    desk.queue(house, night=NIGHT, now=at("07:00"))
    assert said(house, victim.message_id)["subject"].startswith("A good day")
    assert "changed by mei: edit wording" in state_of(house).needs_person
    run_night(house, after(1))
    _, samples, _ = desk.show(house, after(1), "birthday", samples=100)
    subjects = [one.content["subject"] for one in samples if one.channel == "email"]
    assert subjects
    assert not any(one.startswith("A good day") for one in subjects)


def test_a_bad_text_is_refused_with_line_fault_and_remedy(planned_on_sqlite):
    house = planned_on_sqlite
    before = ledger_of(house.engine)
    for text, line, what in (
        ("Hello\n{{ nmae }}", 2, "no letter knows 'nmae'"),
        ("Hello {% if %}", 1, "Expected an expression"),
        ("{{ name.upper() }}", 1, "a call"),
    ):
        with pytest.raises(UnableToEditWording, match=what) as told:
            edit_wording(house, NIGHT, "birthday", texts={"subject": text}, **EN_MAIL, **BY_MEI)
        problem = told.value.problems[0]
        assert (problem.file, problem.line) == ("birthday/email.en.subject", line)
        assert problem.remedy
        with pytest.raises(UnableToEditWording, match=what):
            preview_wording(house, NIGHT, "birthday", texts={"subject": text}, **EN_MAIL)
    assert ledger_of(house.engine) == before
    for texts, match in (({"body": "x"}, "no part 'body'"), ({}, "says that already")):
        refused(
            house,
            match,
            lambda texts=texts: edit_wording(
                house, NIGHT, "birthday", texts=texts, **EN_MAIL, **BY_MEI
            ),
        )


def test_a_text_that_some_message_cannot_be_written_with_changes_nothing(planned_on_sqlite):
    house = planned_on_sqlite
    before = ledger_of(house.engine)
    long = "{% if shop.name == 'Corner Shop' %}" + "much too long " * 200 + "{% endif %}Hello"
    with pytest.raises(UnableToEditWording, match=r"cannot be written|too long|characters"):
        edit_wording(house, NIGHT, "birthday", texts={"subject": long}, **EN_MAIL, **BY_MEI)
    assert ledger_of(house.engine) == before


# ── A second person, and several at once ────────────────────────────────────────────────────────


def test_who_changed_it_last_does_not_approve_where_the_policy_asks_for_a_second_person(planned):
    house = reopened(
        planned.settings.home,
        planned.engine.url.render_as_string(hide_password=False),
        policy={"campaigns": {"birthday": {"second_person": True}}},
    )
    exclude(house, NIGHT, "birthday", customers=["c15"], **BY_MEI)
    refused(
        house,
        r"mei changed birthday of 2017-11-14 last \(exclude, 2017-11-14 11:00 UTC\)",
        lambda: decide(house, Verdict.APPROVE, "birthday", actor="Mei"),
    )
    decide(house, Verdict.APPROVE, "birthday", actor="jo")
    assert state_of(house).state == "approved"


def test_what_only_its_editor_saw_is_not_released_by_the_deadline(planned_on_sqlite):
    house = reopened(
        planned_on_sqlite.settings.home,
        policy={"campaigns": {"birthday": {"second_person": True}}},
    )
    exclude(house, NIGHT, "birthday", customers=["c15"], **BY_MEI)
    release_at(house, "12:00", after(3))
    assert state_of(house).state == "expired"


@pytest.mark.parametrize("change", CHANGES)
def test_of_a_change_and_a_verdict_at_once_one_is_done_and_the_other_told(planned, change):
    told = at_once(
        planned,
        lambda: CHANGES[change](planned),
        lambda: decide(planned, Verdict.APPROVE, "birthday", actor="jo"),
    )
    (words,) = [text for text in told if text is not None]
    assert "somebody else was quicker" in words
    assert ("exclude" if told[0] is None and change == "exclude" else "") in words
    assert len(trail_of(planned)) == 1
    assert_laws(planned)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_on_its_way_is_not_changed_nor_what_was_not_seen(planned_on_sqlite, change):
    house = planned_on_sqlite
    original = {"exclude": exclude, "swap": swap_gift, "edit": edit_wording}[change]
    assert original
    approve(house, "birthday")
    release_at(house, "06:30")
    refused(house, r"already on its way|no message|that waits", lambda: CHANGES[change](house))


def test_a_change_to_other_content_than_was_seen_is_refused(planned_on_sqlite):
    house = planned_on_sqlite
    refused(
        house,
        "changed since you looked",
        lambda: exclude(house, NIGHT, "birthday", customers=["c15"], seen="0123456789ab", **BY_MEI),
    )
    refused(
        house,
        "needs a reason",
        lambda: exclude(
            house, NIGHT, "birthday", customers=["c15"], actor="mei", reason=" ", now=at("06:00")
        ),
    )


def test_wordings_and_whom_a_reviewer_took_out_are_only_ever_added(planned):
    edit_wording(planned, NIGHT, "birthday", texts={"subject": SUBJECT}, **EN_MAIL, **BY_MEI)
    exclude(planned, NIGHT, "birthday", customers=["c15"], **BY_MEI)
    for table in ("wordings", "taken_out", "kept_texts", "kept_policies"):
        with pytest.raises(Exception, match="never changed"), writing(planned.engine) as connection:
            connection.exec_driver_sql(f"DELETE FROM {table}")
    with reading(planned.engine) as connection:
        assert connection.scalar(select(wordings.c.editor)) == "mei"
