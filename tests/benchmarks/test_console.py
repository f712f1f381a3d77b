"""The benchmark of the console, on a tiny shop."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.test_night import run_tiny

pytestmark = pytest.mark.slow


def test_every_address_is_asked_and_the_slowest_reads_are_told_with_their_plans(
    tmp_path: Path,
) -> None:
    said = run_tiny("python -m benchmarks.console ", tmp_path)
    written = json.loads((tmp_path / "console-1000-sqlite.json").read_text("utf-8"))
    asked = {one["path"] for one in written["answers"]}
    assert {"/", "/customers/{customer}", "/pictures/funnel.svg", "/api/audit/check"} <= asked
    assert all(one["status"] < 400 and one["warm_ms"] > 0 for one in written["answers"])
    assert any(plan for one in written["answers"] for _, plan in one["reads"])
    assert "USING INDEX" in said
