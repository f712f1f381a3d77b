"""What a night's models are tried with: a champion's layer is gone on with while it is young."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from care import trial
from recommender.timing.layered import Layered

NIGHT = date(2017, 11, 14)


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    """Households that come and go, until the night before."""
    rng = np.random.default_rng(5)
    first = trial.last_known_day(NIGHT) - 307
    rows = []
    for house in range(80):
        mood = np.repeat(rng.choice([0.15, 1.0], 11), 28)
        visits = np.flatnonzero(rng.random(mood.size) < 0.45 * mood)
        for kind in range(6):
            takes = visits[rng.random(visits.size) < 0.15 + 0.08 * ((house + kind) % 5)]
            rows += [(house, kind, first + day) for day in takes]
    frame = pd.DataFrame(rows, columns=["customer", "type", "day"])
    return frame.astype({"customer": "int64", "type": "int64", "day": "int32"})


def test_a_layer_is_gone_on_with_for_seven_nights_and_then_taught_anew(days):
    known = trial.last_known_day(NIGHT)
    first = trial.judge_timing(days, NIGHT, None).fits["layered"](days, today=known)
    assert first.taught == known - trial.HORIZON_DAYS
    for later in (1, trial.TAUGHT_FOR_DAYS - 1, trial.TAUGHT_FOR_DAYS):
        night, today = NIGHT + timedelta(days=later), known + later
        moved = days.assign(day=days["day"] + later)  # the shop is as lively as before
        judged = trial.judge_timing(moved, night, first)
        fitted = judged.fits["layered"](moved, today=today)
        old = later < trial.TAUGHT_FOR_DAYS
        assert fitted.taught == (first.taught if old else today - trial.HORIZON_DAYS)
        assert (fitted.layers[0].trees is first.layers[0].trees) == old


def test_no_lesson_of_a_champion_reaches_into_the_week_it_is_tried_on(days, monkeypatch):
    asked = []
    fit = Layered.fit.__func__

    def watched(cls, *args, **told):
        asked.append((told.get("parent"), told["today"]))
        return fit(cls, *args, **told)

    known = trial.last_known_day(NIGHT)
    first = trial.judge_timing(days, NIGHT, None).fits["layered"](days, today=known)
    monkeypatch.setattr(Layered, "fit", classmethod(watched))
    trial.judge_timing(days.assign(day=days["day"] + 1), NIGHT + timedelta(days=1), first)
    (parent, origin) = next(one for one in asked if one[0] is not None)
    assert parent is first
    assert parent.taught < origin


def test_another_champion_is_no_parent(days):
    known = trial.last_known_day(NIGHT)
    law = trial.MODELS["timing"]["law"].fit(days, today=known)
    judged = trial.judge_timing(days, NIGHT, law)
    assert judged.fits["layered"](days, today=known).taught == known - trial.HORIZON_DAYS
