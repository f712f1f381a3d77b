"""The benchmark of timing, on few pairs."""

import json

import pytest

from benchmarks.timing import main


@pytest.mark.slow
def test_the_benchmark_measures_state_and_score_beside_the_naive_way(tmp_path):
    out = tmp_path / "timing.json"
    main(["--part", "speed", "--pairs", "20000", "--json", str(out)])
    found = json.loads(out.read_text("utf-8"))["speed"]
    assert found["pairs"] > 15_000
    assert found["times_naive"] > 10
    assert found["layered_seconds"] > 0
