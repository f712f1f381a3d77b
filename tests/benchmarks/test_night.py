"""The benchmarks that the page on performance tells people to run, on a tiny shop."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from care.policy import read_policy
from care.settings import shipped
from tests.docs.pages import ROOT, blocks_of

pytestmark = pytest.mark.slow

STAGES = {
    *("take_snapshot", "train_items", "train_timing", "score", "plan", "  writing"),
    *("compose", "  rendering", "queue", "release", "  sealing"),
}


def test_the_benchmark_measures_every_stage_and_writes_it_down(tmp_path: Path) -> None:
    said = run_tiny("python -m benchmarks.night ", tmp_path)
    written = json.loads((tmp_path / "night-1000-sqlite.json").read_text("utf-8"))
    assert {one["stage"] for one in written["stages"]} == STAGES
    assert all(one["rows"] > 0 and one["seconds"] > 0 for one in written["stages"])
    assert {one["stage"] for one in written["stages"] if one["bare_seconds"]} == STAGES - {
        *("plan", "compose", "queue", "release")
    }
    assert written["ran_on"]["processor"] in said
    assert (tmp_path / "night-1000-sqlite.svg").read_text("utf-8").startswith("<svg")


def test_every_rule_is_measured_beside_its_bare_limit(tmp_path: Path) -> None:
    said = run_tiny("python -m benchmarks.rules ", tmp_path)
    written = json.loads((tmp_path / "rules-1000.json").read_text("utf-8"))
    enabled = read_policy(shipped("policy.toml")).enabled
    before = ["standings", "settling points", "tables"]
    assert [one["stage"] for one in written["stages"]] == [*before, *sorted(enabled)]
    assert all(one["seconds"] > 0 for one in written["stages"])
    assert {one["stage"] for one in written["stages"] if one["bare_seconds"] is None} == {
        "settling points"
    }
    assert "the dates among them" in said


def test_the_choice_and_the_way_into_the_ledger_are_measured_beside_their_limits(
    tmp_path: Path,
) -> None:
    said = run_tiny("python -m benchmarks.choice ", tmp_path)
    written = json.loads((tmp_path / "choice-1000-sqlite.json").read_text("utf-8"))
    bare = {one["stage"]: one["bare_seconds"] for one in written["stages"]}
    assert list(bare) == [
        "planned by value", "planned by priority", "the choice alone", "writing the plan"
    ]  # fmt: skip
    assert [seconds is None for seconds in bare.values()] == [True, True, False, False]
    assert written["figures"]["value by value"] >= written["figures"]["value by priority"]
    assert "HiGHS alone on all offers" in said


def run_tiny(command: str, out: Path) -> str:
    """Run the page's command that begins so on a tiny shop; what it said, in one line."""
    lines = [
        line
        for block in blocks_of("docs/performance.md")
        if block.is_command
        for line in block.text.splitlines()
        if line.startswith(command)
    ]
    tiny = re.sub(r"--customers \d+", "--customers 1000", lines[0])
    tiny = re.sub(r"--orders \d+", "--orders 20000", tiny)
    tiny = re.sub(r"--candidates \d+", "--candidates 400", tiny)
    tiny = re.sub(r"--touches \d+", "--touches 50", tiny)
    tiny = tiny.replace("var/benchmarks", str(out))
    done = subprocess.run(
        [sys.executable, *tiny.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())
