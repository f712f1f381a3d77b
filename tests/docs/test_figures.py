"""The figures on the page about models are those that are measured now."""

import json
from pathlib import Path

import pandas as pd
import pytest

from care.trial import MODELS
from recommender.evaluate import evaluate_items, evaluate_timing
from recommender.items.als import Als
from recommender.items.personal import Personal
from recommender.items.popularity import Popularity
from recommender.items.two_stage import TwoStage
from recommender.timing.frequency import Frequency
from recommender.timing.interval import Interval
from recommender.timing.law import Law
from tests.docs.pages import read
from tests.recommender.test_complete_journey import YEAR_STARTS, lines

__all__ = ["lines"]  # a fixture

ITEMS = {
    "popularity": Popularity.fit,
    "personal": Personal.fit,
    "als": Als.fit,
    "two_stage": TwoStage.fit,
}
ITEM_FIGURES = ("recall@10", "ndcg@10", "repeat_recall@10", "explore_recall@10", "phr@10")
TIMING = {"interval": Interval.fit, "frequency": Frequency.fit, "law": Law.fit}
TIMING_FIGURES = ("ap", "auc", "p@1000", "ece", "care_ap", "care_p@1000")
ORIGINS = [YEAR_STARTS + day for day in (280, 294, 308, 322, 336)]


def figures(name: str) -> dict[str, list[str]]:
    """A table of figures: model → cells."""
    table = read("docs/models.md").split(f"<!-- figures: {name} -->\n")[1].split("<!-- end -->")[0]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[2:]]
    return {model.strip("`"): rest for model, *rest in cells}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "measured", "said"),
    [("items", ITEMS, ITEM_FIGURES), ("timing", TIMING, TIMING_FIGURES)],
)
def test_the_figures_of_the_year_are_measured(
    lines: pd.DataFrame, name: str, measured: dict[str, object], said: tuple[str, ...]
) -> None:
    if name == "items":
        found = evaluate_items(lines, ITEMS).figures
    else:
        days = lines[["customer", "type", "day"]].drop_duplicates()
        found = evaluate_timing(days, TIMING, origins=ORIGINS, horizon=7).figures
    assert list(figures(name)) == list(measured)
    for model, cells in figures(name).items():
        for figure, cell in zip(said, cells, strict=True):
            assert float(cell) == pytest.approx(found[model][figure], abs=0.003), (model, figure)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_figures_of_the_demos_last_night_are_measured(demo_home: Path) -> None:
    models = json.loads((demo_home / "night.json").read_bytes())["models"]
    assert set(figures("night")) == set(MODELS["items"]) | set(MODELS["timing"])
    for model, (cell,) in figures("night").items():
        kind, metric = ("items", "recall@10") if model in MODELS["items"] else ("timing", "ap")
        metric_said, value = cell.split()
        assert metric_said == {"recall@10": "recall@10", "ap": "AP"}[metric]
        found = models[kind]["figures"][model][metric]
        assert float(value) == pytest.approx(found, abs=0.003), model


def test_the_settings_that_were_tuned_are_those_of_the_code() -> None:
    page = read("docs/models.md")
    als = Als.fit.__kwdefaults__
    assert f"{als['factors']} factors" in page
    assert f"{als['iterations']} sweeps" in page
    assert f"regularisation {als['regularization']:.0f}" in page
    law = Law.fit.__kwdefaults__
    assert f"window of {law['window_days']} days" in page
    personal = Personal.fit.__kwdefaults__
    assert f"half after {personal['half_life_days']:.0f} days" in page
