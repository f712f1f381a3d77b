import math

import pytest

from recommender.gate import decide

FIGURES = {
    "popularity": {"recall": 0.05},
    "personal": {"recall": 0.15},
    "als": {"recall": 0.09},
}


def verdict(figures=FIGURES, *, champion=None, baselines=("popularity",), metric="recall"):
    return decide("items", figures, metric=metric, baselines=baselines, champion=champion)


def test_the_best_model_is_promoted_when_it_beats_the_baselines():
    found = verdict()
    assert found.promoted == "personal"
    assert found.beats == {"popularity": True}
    assert found.figures is FIGURES
    assert found.reason == "personal has recall 0.1500, better than popularity"


def test_nobody_is_promoted_who_does_not_beat_every_baseline():
    found = verdict(baselines=("popularity", "personal"), champion="als")
    assert found.promoted is None
    assert found.beats == {"popularity": True, "personal": False}
    assert "not better than personal (0.1500); als stays" in found.reason


def test_a_tie_with_a_baseline_is_no_win():
    tied = {"popularity": {"recall": 0.1}, "als": {"recall": 0.1}}
    found = verdict(tied)
    assert found.promoted is None
    assert "the labelled fallback does" in found.reason


def test_the_champion_is_promoted_anew_while_it_is_best():
    assert verdict(champion="personal").promoted == "personal"


def test_a_better_model_dethrones_the_champion():
    found = verdict(champion="als")
    assert found.promoted == "personal"
    assert found.beats == {"popularity": True, "als": True}


def test_of_equals_the_champion_goes_on():
    tied = FIGURES | {"zeal": {"recall": 0.15}}
    assert verdict(tied, champion="zeal").promoted == "zeal"
    assert verdict(tied, champion=None).promoted == "personal"


def test_a_champion_that_is_a_baseline_stays_until_it_is_beaten():
    worse = {"interval": {"ap": 0.3}, "frequency": {"ap": 0.1}, "law": {"ap": 0.2}}
    found = verdict(worse, metric="ap", baselines=("frequency",), champion="interval")
    assert found.promoted == "interval"
    found = verdict(worse, metric="ap", baselines=("frequency", "interval"), champion="interval")
    assert found.promoted is None


def test_a_champion_that_was_not_measured_stays():
    found = verdict(champion="ranker")
    assert found.promoted is None
    assert found.reason.endswith("champion ranker was not measured tonight; ranker stays")


@pytest.mark.parametrize(
    "figures",
    [{"personal": {"recall": 0.2}}, FIGURES | {"popularity": {"recall": math.nan}}],
)
def test_without_a_measured_baseline_nobody_is_promoted(figures):
    found = verdict(figures)
    assert found.promoted is None
    assert "popularity was not measured" in found.reason


def test_without_any_baseline_nobody_is_promoted():
    assert verdict(baselines=()).promoted is None


def test_a_model_without_a_figure_is_no_candidate():
    found = verdict({"popularity": {"recall": 0.1}, "als": {"recall": math.nan}}, champion="als")
    assert found.promoted is None
    assert found.reason == "no candidate has a figure for recall; als stays"


def test_of_errors_the_lower_is_better():
    errors = {"interval": {"brier": 0.10}, "law": {"brier": 0.08}}
    found = verdict(errors, metric="brier", baselines=("interval",))
    assert found.promoted == "law"
    assert "brier 0.0800" in found.reason
    assert verdict(errors, metric="brier", baselines=("law",)).promoted is None
