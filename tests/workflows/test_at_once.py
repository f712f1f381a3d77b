"""Two at once, in processes of their own: it ends as if one had come after the other."""

import pytest

from care import nightly, report
from tests.workflows.builders import (
    NIGHT,
    a_house,
    after,
    approve,
    forget_plan,
    ledger_of,
    messages_of,
    release_at,
)
from tests.workflows.laws import assert_laws
from tests.workflows.peer import Peer, exported, lines_of, published
from tests.workflows.victim import at_once

WHOLE = {"birthday": 9, "membership_anniversary": 6, "replenishment": 8}


def test_the_same_night_twice_at_once_from_the_plan_on(planned):
    forget_plan(planned)
    assert at_once(planned, "night", "night") == [0, 0]
    assert report.night_report(planned, NIGHT).numbers()["touched"] == WHOLE
    assert set(messages_of(planned)["state"]) == {"rendered"}
    assert_laws(planned)


def test_the_same_night_twice_at_once_from_the_shops_files_on(request, tmp_path, database_url):
    if database_url.startswith("postgresql"):
        two_imports = "two imports of new customers collide, and the later one fails"
        request.applymarker(pytest.mark.xfail(reason=two_imports, strict=False))
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
