"""The benchmark that the page on performance tells people to run."""

import json
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT, blocks_of, read

STAGES = {
    *("take_snapshot", "train_items", "train_timing", "score", "plan", "  writing"),
    *("compose", "  rendering", "queue", "release", "  sealing"),
}


def test_the_benchmark_measures_every_stage_and_writes_it_down(tmp_path: Path) -> None:
    (block,) = (one for one in blocks_of("docs/performance.md") if one.is_command)
    command = block.text.splitlines()[0]
    assert command.startswith("python -m benchmarks.night ")
    tiny = command.replace("100000 --orders 2000000", "400 --orders 8000")
    tiny = tiny.replace("var/benchmarks", str(tmp_path))
    assert tiny.count("400") == 1

    done = subprocess.run(
        [sys.executable, *tiny.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "night-400-sqlite.json").read_text("utf-8"))
    assert {one["stage"] for one in written["stages"]} == STAGES
    assert all(one["rows"] > 0 and one["seconds"] > 0 for one in written["stages"])
    assert {one["stage"] for one in written["stages"] if one["bare_seconds"]} == STAGES - {
        *("plan", "compose", "queue", "release")
    }
    assert written["ran_on"]["processor"] in " ".join(done.stdout.split())
    assert (tmp_path / "night-400-sqlite.svg").read_text("utf-8").startswith("<svg")


def test_every_figure_is_on_a_page() -> None:
    pages = read("docs/performance.md") + read("docs/models.md")
    for path in (ROOT / "docs" / "figures").iterdir():
        named = {
            ".json": (f"table: measured.{path.stem} ", f"table: {path.stem} "),
            ".svg": (f"figures/{path.name}",),
        }[path.suffix]
        assert any(name in pages for name in named), path
