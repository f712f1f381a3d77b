"""Messages that cannot be written: set aside with the reason, their gifts given back."""

import pytest
from sqlalchemy import select

from care import correspondence, desk, nightly, report
from care.storage.database import reading
from care.storage.tables import gift_moves, touches
from tests.workflows.builders import NIGHT, at, forget_plan, messages_of, reopened
from tests.workflows.laws import assert_laws

NOTHING_TO_SEE = {"en": "\u200b", "zh-CN": "\u200b"}
BIRTHDAYS_ALONE = {
    "membership_anniversary": {"enabled": False},
    "replenishment": {"enabled": False},
}


def composed(runtime):
    nightly.plan(runtime, night=NIGHT, now=at("01:00"))
    written = [correspondence.compose(runtime, night=NIGHT, shard=shard) for shard in (0, 1)]
    desk.queue(runtime, night=NIGHT, now=at("01:00"))
    return sum(written)


def states_of(runtime):
    with reading(runtime.engine) as connection:
        found = select(touches.c["touch_id", "state", "state_reason", "gift_id"])
        return list(connection.execute(found.where(touches.c.arm == "treated")))


def test_a_message_that_cannot_be_written_is_set_aside_and_the_others_are_written(
    planned_on_sqlite,
):
    nameless = {"gifts": {"tea": {"label": NOTHING_TO_SEE}}}
    runtime = reopened(planned_on_sqlite.settings.home, policy=nameless)
    forget_plan(runtime)
    assert composed(runtime) == 23 - 3
    failed = [touch for touch in states_of(runtime) if touch.state == "failed"]
    assert {touch.gift_id for touch in failed} == {"tea"}
    assert all("the gift has no visible name" in touch.state_reason for touch in failed)
    assert len(messages_of(runtime)) == 20
    assert_laws(runtime)


@pytest.mark.parametrize("again", [1, 2])
def test_a_night_of_which_nothing_can_be_written_ends_in_order(planned_on_sqlite, again):
    nameless = {name: {"label": NOTHING_TO_SEE} for name in ("tea", "card")}
    runtime = reopened(
        planned_on_sqlite.settings.home,
        policy={"gifts": nameless, "campaigns": BIRTHDAYS_ALONE},
    )
    forget_plan(runtime)
    for _ in range(again):
        assert composed(runtime) == 0
    assert {touch.state for touch in states_of(runtime)} == {"failed"}
    with reading(runtime.engine) as connection:
        kinds = list(connection.scalars(select(gift_moves.c.kind)))
    assert kinds.count("reserve") == kinds.count("release") == 9
    said = report.night_report(runtime, NIGHT).numbers()
    assert (said["touched"], said["messages"]) == ({"birthday": 9}, {})
    assert_laws(runtime)
