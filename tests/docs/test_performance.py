"""The page on performance tells what was measured."""

import json
import re

from tests.docs.pages import ROOT, read


def test_the_page_on_plans_says_what_the_choice_by_value_is_worth() -> None:
    told = json.loads((ROOT / "docs/figures/choice-1000000-sqlite.json").read_text("utf-8"))
    more = told["figures"]["value by value"] / told["figures"]["value by priority"] - 1
    assert f"is worth {100 * more:.1f} % more" in read("docs/plan.md")


def test_every_figure_is_on_a_page() -> None:
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))
    for path in (ROOT / "docs" / "figures").iterdir():
        table = rf"table: (\w+\.)?{re.escape(path.stem)}[ .]"
        named = {".json": table, ".svg": rf"figures/{re.escape(path.name)}"}[path.suffix]
        assert re.search(named, pages), path
