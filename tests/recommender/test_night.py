"""A whole night of the recommender, as a caller would run it."""

import warnings

import numpy as np

from recommender import artifact
from recommender.evaluate import evaluate_items, evaluate_timing, latest_origins
from recommender.gate import decide
from recommender.items.als import Als
from recommender.items.personal import Personal
from recommender.items.popularity import Popularity
from recommender.timing.frequency import Frequency
from recommender.timing.interval import Interval
from recommender.timing.law import Law
from recommender.timing.rhythm import rhythm


def test_a_night_runs_from_training_to_answers_without_a_word(
    a_shop, rhythms, today, tmp_path, capfd
):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        items = {"popularity": Popularity.fit, "personal": Personal.fit, "als": Als.fit}
        measured = evaluate_items(a_shop, items, max_customers=50)
        verdict = decide(
            "items", measured.figures, metric="recall@10", baselines=["popularity"], champion=None
        )
        assert verdict.promoted == "personal"
        model = items[verdict.promoted](a_shop, today=today)
        path = tmp_path / "items.zip"
        artifact.save(model, path, data=artifact.fingerprint(a_shop))
        answer = artifact.load(path).model.recommend(np.arange(1, 100), 3, purpose="discover")
        assert len(answer) == 99 * 3

        timing = {"law": Law.fit, "interval": Interval.fit, "frequency": Frequency.fit}
        measured = evaluate_timing(
            rhythms, timing, origins=latest_origins(today, horizon=7), horizon=7
        )
        verdict = decide(
            "timing",
            measured.figures,
            metric="ap",
            baselines=["interval", "frequency"],
            champion="law",
        )
        assert verdict.promoted == "law"
        law = timing[verdict.promoted](rhythms, today=today)
        pairs = rhythm(rhythms, today=today)
        due = law.due(pairs, today=today, horizon=7)
        assert len(due) == len(pairs)
    assert capfd.readouterr() == ("", "")
