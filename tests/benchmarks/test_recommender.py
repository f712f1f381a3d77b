"""The benchmark of the two-stage model, on a tiny shop."""

import json
from pathlib import Path

from benchmarks.recommender import main


def test_the_benchmark_measures_fits_and_recommendations_beside_bare_ones(tmp_path: Path) -> None:
    out = tmp_path / "recommender.json"
    tiny = ["--customers", "1200", "--items", "200", "--lines", "30000", "--recommend", "300"]
    main([*tiny, "--json", str(out)])
    written = json.loads(out.read_text("utf-8"))
    assert [one["stage"] for one in written["stages"]] == ["cold fit", "warm refit", "recommend"]
    assert all(one["seconds"] > 0 and one["bare_seconds"] > 0 for one in written["stages"])
    assert 0 < written["figures"]["recall@10 warm"] <= 1
    assert written["figures"]["ranker"] in (0.0, 1.0)  # on so small a shop a rule may be as good
    assert written["ran_on"]["versions"]["lightgbm"]
