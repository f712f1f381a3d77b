"""The desk takes back a verdict or a change, and all is as it was before."""

import pytest
from sqlalchemy import select, update

from care import correspondence, desk
from care.desk.exclusion import exclude
from care.desk.gift import eligible_gifts, swap_gift
from care.desk.undoing import undo
from care.desk.wording import edit_wording, wordings_of
from care.domain.decision import Verdict
from care.explanation import explain
from care.storage.database import reading, writing
from care.storage.tables import gift_budgets, taken_out, touches
from tests.workflows.builders import (
    NIGHT,
    after,
    approve,
    at,
    decide,
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


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.HOLD, Verdict.REJECT])
def test_a_verdict_that_is_taken_back_leaves_all_as_it_was(planned, verdict):
    before, waiting = state_of(planned), messages_of(planned)
    decide(planned, verdict, "birthday")
    undone = undo(planned, NIGHT, "birthday", **BY_MEI)
    assert undone == before == state_of(planned)
    found = messages_of(planned)
    assert found["state"].tolist() == waiting["state"].tolist()
    assert found["gift_was"].isna().all()
    assert [str(line.verdict) for line in trail_of(planned)] == [str(verdict), "undo"]
    assert_laws(planned)
    approve(planned, "birthday")
    release_at(planned, "06:30")
    assert_laws(planned)


def test_undone_twice_goes_back_twice_and_an_approval_holds_again(planned):
    approve(planned, "birthday")
    approval = state_of(planned).approval_id
    decide(planned, Verdict.HOLD, "birthday")
    decide(planned, Verdict.REJECT, "birthday")
    assert undo(planned, NIGHT, "birthday", **BY_MEI).state == "held"
    back = undo(planned, NIGHT, "birthday", **BY_MEI)
    assert (back.state, back.approval_id) == ("approved", approval)
    release_at(planned, "06:30")
    assert exported(planned.settings.outbound)
    assert_laws(planned)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_is_taken_back_leaves_all_as_it_was(planned, change):
    approve(planned, "birthday")
    before, waiting = state_of(planned), messages_of(planned, "birthday")
    told = {one: said(planned, one) for one in waiting["message_id"]}
    CHANGES[change](planned)
    assert state_of(planned).state == "waiting"
    undone = undo(planned, NIGHT, "birthday", **BY_MEI)
    assert undone == before == state_of(planned)  # the approval, given on just that, holds again
    found = messages_of(planned, "birthday")
    assert found.equals(waiting)
    assert {one: said(planned, one) for one in found["message_id"]} == told
    assert_laws(planned)
    release_at(planned, "06:30")
    left = {line["message_id"] for line in exported(planned.settings.outbound)}
    assert left
    assert left <= set(told)
    assert_laws(planned)


def test_who_is_put_back_was_never_left_out_and_can_be_taken_out_again(planned):
    exclude(planned, NIGHT, "birthday", customers=["c15"], **BY_MEI)
    undo(planned, NIGHT, "birthday", **BY_MEI | {"now": at("06:05")})
    told = {one.campaign: one for one in explain(planned, "c15").considered}["birthday"]
    assert told.outcome == "touched"
    exclude(planned, NIGHT, "birthday", customers=["c15"], **BY_MEI | {"now": at("06:10")})
    assert messages_of(planned, "birthday").loc["c15"].state == "withdrawn"
    assert_laws(planned)
    undo(planned, NIGHT, "birthday", **BY_MEI | {"now": at("06:15")})
    with reading(planned.engine) as connection:
        lines = connection.execute(select(taken_out.c["turn", "kind"]).order_by(taken_out.c.at))
        assert [tuple(line) for line in lines] == [(1, "out"), (1, "back"), (2, "out"), (2, "back")]
    assert messages_of(planned, "birthday").loc["c15"].state == "rendered"
    assert_laws(planned)


def test_changes_are_taken_back_one_by_one_the_last_one_first(planned_on_sqlite):
    house = planned_on_sqlite
    message_id = a_gold_birthday(house).message_id
    before = state_of(house)
    moments = iter([at("06:00").replace(minute=n) for n in range(30)])

    def now():
        return BY_MEI | {"now": next(moments)}

    def subject():
        return next(
            one for one in wordings_of(house, NIGHT, "birthday")
            if (one.channel, one.locale) == ("email", "en")
        )  # fmt: skip

    decide(house, Verdict.HOLD, "birthday")
    held = state_of(house)
    exclude(house, NIGHT, "birthday", customers=["c15"], **now())
    edit_wording(house, NIGHT, "birthday", texts={"subject": "Hello"}, **EN_MAIL, **now())
    edit_wording(house, NIGHT, "birthday", texts={"subject": SUBJECT}, **EN_MAIL, **now())
    swap_gift(house, NIGHT, "birthday", message_id=message_id, gift_id="card", **now())
    assert names(said(house, message_id)) == {"card"}
    undo(house, NIGHT, "birthday", **now())
    assert names(said(house, message_id)) == {"tea"}
    tea, *_ = eligible_gifts(house, message_id)
    assert (tea.gift_id, tea.current) == ("tea", True)
    undo(house, NIGHT, "birthday", **now())
    assert (subject().texts["subject"], subject().editor) == ("Hello", "mei")
    undo(house, NIGHT, "birthday", **now())
    assert subject().texts["subject"].startswith('{{ "Happy birthday')
    assert subject().editor is None
    assert state_of(house).needs_person[-1] == "changed by mei: exclude"
    undo(house, NIGHT, "birthday", **now())
    assert state_of(house) == held
    undo(house, NIGHT, "birthday", **now())
    assert state_of(house) == before
    refused(house, "nothing was decided yet", lambda: undo(house, NIGHT, "birthday", **now()))
    assert_laws(house)


def test_words_are_taken_back_from_messages_that_came_later_too(planned_on_sqlite):
    house = planned_on_sqlite
    edit_wording(house, NIGHT, "birthday", texts={"subject": SUBJECT}, **EN_MAIL, **BY_MEI)
    found = messages_of(house, "birthday")
    late = found[found["channel"] == "email"].loc["c05"]
    with writing(house.engine) as connection:
        connection.exec_driver_sql(f"DELETE FROM messages WHERE message_id = '{late.message_id}'")
        hers = touches.c.touch_id == int(late.touch_id)
        connection.execute(update(touches).where(hers).values(state="planned"))
        (shard,) = connection.scalars(select(touches.c.shard).where(hers))
    desk.queue(house, night=NIGHT, now=at("06:10"))
    correspondence.compose(house, night=NIGHT, shard=shard)
    desk.queue(house, night=NIGHT, now=at("06:20"))
    assert said(house, late.message_id)["subject"].startswith("A good day")
    undo(house, NIGHT, "birthday", **BY_MEI | {"now": at("06:30")})
    assert said(house, late.message_id)["subject"].startswith("Happy birthday")
    assert_laws(house)


def test_who_took_her_change_back_may_approve_where_a_second_person_is_asked_for(planned):
    house = reopened(
        planned.settings.home,
        planned.engine.url.render_as_string(hide_password=False),
        policy={"campaigns": {"birthday": {"second_person": True}}},
    )
    exclude(house, NIGHT, "birthday", customers=["c15"], **BY_MEI)
    undo(house, NIGHT, "birthday", **BY_MEI)
    decide(house, Verdict.APPROVE, "birthday", actor="mei")
    assert state_of(house).state == "approved"


def test_what_cannot_be_taken_back_is_told(planned_on_sqlite):
    house = planned_on_sqlite

    def take_back():
        return undo(house, NIGHT, "birthday", **BY_MEI)

    refused(house, "nothing was decided yet", take_back)
    exclude(house, NIGHT, "birthday", customers=["c15"], **BY_MEI)
    with writing(house.engine) as connection:
        connection.execute(update(gift_budgets).values(budget=gift_budgets.c.spent + 10))
    refused(house, "is taken back: its gifts cost", take_back)
    decide(house, Verdict.REJECT, "birthday")
    with writing(house.engine) as connection:
        connection.execute(update(gift_budgets).values(budget=gift_budgets.c.spent + 10))
    refused(house, "is taken back: its gifts cost", take_back)
    with writing(house.engine) as connection:
        connection.execute(update(gift_budgets).values(budget=None))
    assert take_back().state == "waiting"
    withdrawn = messages_of(house, "birthday")
    assert withdrawn.index[withdrawn["state"] == "withdrawn"].tolist() == ["c15"]
    approve(house, "birthday")
    release_at(house, "06:30")
    refused(house, "already on its way", take_back)


def test_who_was_left_out_and_planned_for_later_is_not_put_back(planned_on_sqlite):
    house = planned_on_sqlite
    exclude(house, NIGHT, "birthday", customers=["c15"], **BY_MEI)
    exclude(house, NIGHT, "birthday", customers=["c11"], **BY_MEI | {"now": at("06:10")})
    run_night(house, after(1))
    told = {one.campaign: one for one in explain(house, "c11", night=after(1)).considered}
    assert told["membership_anniversary"].outcome == "touched"
    refused(
        house,
        "1 customers of birthday of 2017-11-14 were planned other messages",
        lambda: undo(house, NIGHT, "birthday", **BY_MEI),
    )


def test_of_two_exclusions_at_one_moment_none_is_guessed(planned_on_sqlite):
    house = planned_on_sqlite
    for one in ("c15", "c05"):
        exclude(house, NIGHT, "birthday", customers=[one], **BY_MEI)
    refused(
        house,
        "cannot be told from what else was taken out at that moment",
        lambda: undo(house, NIGHT, "birthday", **BY_MEI),
    )


def test_of_two_who_take_back_at_once_one_does(planned):
    decide(planned, Verdict.REJECT, "birthday")
    told = at_once(planned, *[lambda: undo(planned, NIGHT, "birthday", **BY_MEI)] * 2)
    (words,) = [text for text in told if text is not None]
    assert "somebody else was quicker" in words
    assert_laws(planned)
