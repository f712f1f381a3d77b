"""`care night` plans, `care status` tells, and both speak JSON."""

import json
import subprocess
import sys

import pytest

from tests.cli.shop import NOW, a_shop

NUMBERS = {
    "night", "customers", "order_lines", "set_aside", "paused", "warnings", "due", "excluded",
    "deferred", "held_out", "touched", "messages", "gift_cost", "account", "batches",
    "waiting_review", "models",
}  # fmt: skip


def test_a_drill_plans_a_night_long_past_and_says_what_came_of_it(care, tmp_path):
    a_shop(tmp_path / "shop")
    said = care("night", "--night", "2017-11-14", "--now", NOW, "--home", tmp_path)
    assert said.code == 0
    assert "The night of Tuesday, 14 November 2017" in said.out
    assert "30 customers, 480 order lines" in said.out
    assert (tmp_path / "night.json").exists()


def test_a_shop_too_young_to_learn_from_is_told_so_and_still_congratulates(tmp_path):
    a_shop(tmp_path / "shop", customers=6, weeks=2)
    words = ["night", "--night", "2017-11-14", "--now", NOW, "--home", str(tmp_path)]
    program = [sys.executable, "-c", "from care.cli import main; main()", *words]
    said = subprocess.run(program, capture_output=True, text=True)
    assert said.returncode == 0
    assert "wait for more orders" in said.stderr
    assert "Traceback" not in said.stderr
    assert "3        0        0        0       3 $1.80 waiting" in said.stdout


def test_json_of_a_night_is_the_night_json_of_the_home(care, home):
    said = care("night", "--night", "2017-11-14", "--now", NOW, "--home", home, "--json")
    assert said.code == 0
    numbers = json.loads(said.out)
    assert set(numbers) == NUMBERS
    assert numbers == json.loads((home / "night.json").read_text())
    assert numbers["night"] == "2017-11-14"
    assert numbers["due"] == {"birthday": 3, "membership_anniversary": 3}
    assert numbers["touched"] == {"birthday": 3, "membership_anniversary": 2}
    assert numbers["excluded"] == {"membership_anniversary": {"no_consent": 1}}
    assert numbers["waiting_review"] == ["birthday", "membership_anniversary"]


def test_due_is_what_became_of_everybody_in_json_too(care, home):
    numbers = json.loads(care("status", "--home", home, "--json").out)
    assert numbers["due"]["birthday"] > 0
    for campaign, due in numbers["due"].items():
        set_aside = sum(numbers["excluded"].get(campaign, {}).values())
        became = [numbers[kind].get(campaign, 0) for kind in ("touched", "held_out", "deferred")]
        assert due == set_aside + sum(became)


def test_status_of_an_empty_home_says_where_to_begin(care, tmp_path):
    said = care("status", "--home", tmp_path)
    assert said.code == 0
    assert "No night was planned here yet. Try `care demo`" in said.out
    said = care("status", "--home", tmp_path, "--json")
    assert said.code == 0
    assert json.loads(said.out) == {"night": None, "waiting": []}


def test_status_tells_what_waits_whatever_its_night(care, home):
    late = ("--night", "2017-11-15", "--now", "2017-11-15T01:00-05:00")
    assert care("night", *late, "--home", home).code == 0
    waiting = json.loads(care("status", "--home", home, "--json").out)["waiting"]
    assert {(one["night"], one["campaign"]) for one in waiting} >= {
        ("2017-11-14", "birthday"),
        ("2017-11-14", "membership_anniversary"),
    }
    assert set(waiting[0]) == {"night", "campaign", "state", "messages", "decide_by"}
    assert waiting[-1]["decide_by"] == "2017-11-15T18:00:00+00:00"
    out = care("status", "--home", home).out
    assert "The night of Wednesday, 15 November 2017" in out
    assert "2017-11-14" in out.split("Waiting from earlier nights:")[1]


def test_the_terminal_and_the_json_give_the_same_figures(care, home):
    numbers = json.loads(care("status", "--home", home, "--json").out)
    out = care("status", "--home", home).out
    rows = {
        cells[0]: cells[1:7]
        for line in out.replace("membership anniversary", "membership_anniversary").splitlines()
        if len(cells := line.split()) == 8
    }
    for campaign, due in numbers["due"].items():
        shown = rows[campaign]
        assert int(shown[0]) == due
        assert int(shown[1]) == sum(numbers["excluded"].get(campaign, {}).values())
        assert int(shown[2]) == numbers["deferred"].get(campaign, 0)
        assert int(shown[3]) == numbers["held_out"].get(campaign, 0)
        assert int(shown[4]) == numbers["touched"].get(campaign, 0)
    assert f"Gifts      ${numbers['gift_cost'] / 100:.2f}" in out


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_releasing_where_nothing_was_approved_sends_nothing(care, home, flags):
    said = care("release", "--now", "2017-11-14T10:00-05:00", "--home", home, *flags)
    assert said.code == 0
    if flags:
        assert json.loads(said.out) == {"answered": 0, "submitted": 0}
    else:
        assert said.out == "0 batches answered, 0 batches submitted\n"
    assert not list(home.glob("outbound/*/*"))
