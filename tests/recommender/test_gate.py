import math
from typing import NamedTuple

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


# ── With the intervals of differences ───────────────────────────────────────────────────────────


class Between(NamedTuple):
    mean: float
    low: float
    high: float


def around(mean, wide):
    return Between(mean, mean - wide, mean + wide)


CLOSE = {
    "popularity": {"recall": 0.05},
    "personal": {"recall": 0.15},
    "two_stage": {"recall": 0.155},
}
CLEARLY = {
    ("two_stage", "popularity"): around(0.105, 0.01),
    ("personal", "popularity"): around(0.1, 0.01),
}


def close(by, *, champion="personal", doubted=(), figures=CLOSE, **told):
    return decide(
        "items",
        figures,
        metric="recall",
        baselines=("popularity",),
        champion=champion,
        differences=CLEARLY | {("two_stage", "personal"): by},
        doubted=doubted,
        **told,
    )


def test_a_challenger_that_cannot_be_much_worse_takes_the_title():
    found = close(around(0.005, 0.007))
    assert found.promoted == "two_stage"
    assert found.refused is None
    assert found.reason == (
        "two_stage has recall 0.1550, better than popularity, "
        "not worse than champion personal (0.1500, -0.0020 to +0.0120)"
    )


def test_a_challenger_that_may_be_worse_is_refused_and_the_champion_trained_anew():
    found = close(around(0.005, 0.01))
    assert (found.promoted, found.refused) == ("personal", "two_stage")
    assert found.beats == {"popularity": True, "personal": False}
    assert found.refusal == found.reason
    assert found.reason == (
        "two_stage has recall 0.1550, not certainly no worse than champion personal "
        "(0.1500, -0.0050 to +0.0150); personal goes on, trained anew"
    )


def test_how_much_may_be_lost_is_a_share_of_the_champions_figure():
    assert close(around(0.005, 0.01), tolerated_loss=0.05).promoted == "two_stage"
    assert close(around(0.005, 0.007), tolerated_loss=0).promoted == "personal"


def test_a_recipe_that_was_rolled_back_must_be_better_than_who_was_restored():
    found = close(around(0.005, 0.006), doubted={"two_stage"})
    assert (found.promoted, found.refused) == ("personal", "two_stage")
    assert "as two_stage must be since it was rolled back" in found.reason
    assert close(around(0.005, 0.004), doubted={"two_stage"}).promoted == "two_stage"


def test_a_pair_may_be_told_the_other_way_round():
    turned = {(b, a): Between(-one.mean, -one.high, -one.low) for (a, b), one in CLEARLY.items()}
    found = decide(
        "items",
        CLOSE,
        metric="recall",
        baselines=("popularity",),
        champion=None,
        differences=turned,
    )
    assert found.promoted == "two_stage"


def test_nobody_is_promoted_who_may_be_no_better_than_a_baseline():
    chance = {("personal", "popularity"): around(0.1, 0.11)}
    found = decide(
        "items",
        FIGURES,
        metric="recall",
        baselines=("popularity",),
        champion=None,
        differences=chance,
    )
    assert (found.promoted, found.refused) == (None, "personal")
    assert "not better than popularity (0.0500, -0.0100 to +0.2100)" in found.refusal


def test_the_champions_own_recipe_goes_on_with_its_plain_figures():
    chance = {("personal", "popularity"): around(0.1, 0.11)}
    found = decide(
        "items",
        FIGURES,
        metric="recall",
        baselines=("popularity",),
        champion="personal",
        differences=chance,
    )
    assert found.promoted == "personal"


def test_a_refused_challenger_does_not_bring_back_a_champion_below_a_baseline():
    fallen = CLOSE | {"personal": {"recall": 0.04}}
    found = close(around(0.1, 0.2), figures=fallen)
    assert (found.promoted, found.refused) == (None, "two_stage")
    assert found.reason.endswith("personal stays")


def test_of_errors_a_difference_below_zero_is_the_better_one():
    errors = {"interval": {"brier": 0.10}, "law": {"brier": 0.08}}
    found = decide(
        "timing",
        errors,
        metric="brier",
        baselines=("interval",),
        champion=None,
        differences={("law", "interval"): around(-0.02, 0.01)},
    )
    assert found.promoted == "law"
