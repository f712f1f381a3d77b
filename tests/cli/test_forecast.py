"""`care forecast`: the coming nights."""

import json

from tests.cli.shop import NIGHT


def test_the_coming_nights_are_told_and_drawn(care, home, tmp_path):
    picture = tmp_path / "ahead.svg"
    said = care("forecast", "--nights", 3, "--svg", picture, "--home", home)
    assert said.code == 0, said.err
    assert "3 nights ahead" in said.out
    assert picture.read_text("utf-8").startswith("<svg")


def test_a_program_reads_numbers(care, home):
    said = care("forecast", "--nights", 3, "--json", "--home", home)
    found = json.loads(said.out)
    assert found["last_planned"] == str(NIGHT)
    assert len(found["nights"]) == 3
    assert set(found["nights"][0]) == {
        "night", "due", "touched", "messages", "held_out", "deferred", "held_back", "short",
        "sms_parts", "gift_cost", "sending_cost", "gifts_left",
    }  # fmt: skip


def test_there_must_be_a_night_to_go_on_from(care, tmp_path):
    said = care("forecast", "--home", tmp_path / "new")
    assert said.code == 4
    assert "care night --night DATE" in said.words


def test_a_picture_that_cannot_be_written_is_told_without_a_traceback(care, home, tmp_path):
    said = care("forecast", "--nights", 1, "--svg", tmp_path / "no" / "x.svg", "--home", home)
    assert said.code == 1
    assert "No such file or directory" in said.words
