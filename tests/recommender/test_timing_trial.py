"""The trial of timing models, and the facade: figures equal slow textbooks, nothing looks ahead."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recommender import columns, timing
from recommender.comparison import Promotion
from recommender.evaluation import UnableToEvaluate
from recommender.interval import Interval
from recommender.timing.bg_nbd import BgNbd
from recommender.timing.forecaster import UnableToLoadForecaster
from recommender.timing.gamma_poisson import GammaPoisson
from recommender.timing.modified_poisson_gamma import ModifiedPoissonGamma
from recommender.timing.rhythm import rhythm
from recommender.timing_trial import (
    care_list,
    errors_apart,
    evaluate_timing,
    latest_origins,
    promote_timing,
    try_timing,
)

SIMPLE = ("interval", "frequency", "gamma_poisson", "law")


@pytest.fixture(scope="module")
def trial(rhythms, today):
    origins = latest_origins(today, horizon=14, count=3)
    return try_timing(rhythms, timing.fits(SIMPLE), origins=origins, horizons=(7, 14))


def test_every_horizon_is_measured_on_the_same_pairs(trial):
    assert set(trial) == {7, 14}
    assert trial[7].figures["law"]["pairs"] == trial[14].figures["law"]["pairs"]
    assert trial[7].figures["law"]["due_share"] < trial[14].figures["law"]["due_share"]


def test_one_horizon_alone_gives_the_same(trial, rhythms, today):
    origins = latest_origins(today, horizon=14, count=3)
    alone = evaluate_timing(rhythms, timing.fits(SIMPLE), origins=origins, horizon=7)
    assert alone.figures == trial[7].figures


def test_calibration_adds_up_to_all_pairs_and_to_the_share_that_bought(trial):
    groups = trial[7].calibration["law"]
    pairs = sum(one["pairs"] for one in groups)
    assert pairs == trial[7].figures["law"]["pairs"]
    seen = sum(one["seen"] * one["pairs"] for one in groups) / pairs
    assert seen == pytest.approx(trial[7].figures["law"]["due_share"])
    gap = sum(abs(one["seen"] - one["promised"]) * one["pairs"] for one in groups) / pairs
    assert gap == pytest.approx(trial[7].figures["law"]["ece"], abs=2e-3)


def test_the_care_list_holds_each_customer_once_by_her_likeliest_pair():
    rng = np.random.default_rng(1)
    customer, said = rng.integers(0, 9, 60), rng.random(60)
    best: dict[int, int] = {}
    for row in range(60):  # the slow textbook
        if customer[row] not in best or said[row] > said[best[customer[row]]]:
            best[customer[row]] = row
    assert care_list(customer, said).tolist() == sorted(best.values(), key=lambda r: -said[r])


def test_errors_by_customer_average_to_the_brier_score(rhythms, today):
    found = evaluate_timing(rhythms, timing.fits(("law",)), origins=[today - 7], horizon=7)
    pairs = rhythm(rhythms, today=today - 7)
    pairs = pairs[pairs["purchases"] >= 3]
    weight = pairs.groupby("customer").size().to_numpy()
    error = found.by_customer["law"]["brier"]
    assert np.average(error, weights=weight) == pytest.approx(found.figures["law"]["brier"])


def test_only_what_surely_beats_every_baseline_is_promoted(trial):
    apart = errors_apart(trial[7], against=["interval", "frequency"])
    told = promote_timing(trial[7], apart, baselines=["interval", "frequency"])
    assert told.promoted in ("law", "gamma_poisson")
    unsure = {"law": {"frequency": Interval(0.001, -0.001, 0.003)}}
    alone = evaluate_timing_of(trial[7], ("law", "frequency"))
    told = promote_timing(alone, unsure, baselines=["frequency"])
    assert told == Promotion("frequency", told.reason)
    assert "not surely better" in told.reason


def evaluate_timing_of(trial, names):
    return replace(trial, figures={name: trial.figures[name] for name in names})


def test_origins_beyond_the_purchases_are_refused(rhythms, today):
    with pytest.raises(UnableToEvaluate, match="14 days beyond"):
        try_timing(rhythms, timing.fits(SIMPLE), origins=[today - 10], horizons=(7, 14))


def test_a_model_that_cannot_learn_is_named_and_the_others_go_on(purchase_days, today):
    days = purchase_days((1, 1, [today - 40, today - 20, today]), (2, 1, [today - 9]))
    pairs = purchase_days(*((c, 1, [today - 60, today - 50, today - 40]) for c in range(3)))
    whole = pd.concat([days.assign(customer=days["customer"] + 10), pairs])
    found = evaluate_timing(whole, timing.fits(("interval", "law")), origins=[today - 7], horizon=7)
    assert set(found.figures) | set(found.left_out) == {"interval", "law"}


def test_there_is_no_model_of_another_name():
    with pytest.raises(timing.UnableToChooseModel, match="no timing model magic"):
        timing.fits(("magic",))


@pytest.mark.parametrize("kind", [GammaPoisson, ModifiedPoissonGamma, BgNbd])
def test_the_baselines_answer_grow_and_come_back(kind, rhythms, today):
    pairs = rhythm(rhythms, today=today)
    model = kind.fit(rhythms, today=today)
    near, far = (model.due(pairs, today=today, horizon=days) for days in (7, 14))
    assert {n: str(t) for n, t in near.dtypes.items()} == dict(columns.DUE)
    assert (near["probability"] < far["probability"]).all()
    assert near["probability"].between(0, 1).all()
    back = kind.from_arrays(*model.to_arrays())
    pd.testing.assert_frame_equal(back.due(pairs, today=today, horizon=7), near)


def test_gamma_poisson_finds_the_rates_it_was_drawn_from(today):
    rng = np.random.default_rng(8)
    rate = rng.gamma(2.0, 1 / 40.0, 3_000)
    rows = [(c, 1, today - 300) for c in range(rate.size)]
    for customer, one in enumerate(rate):
        rows += [(customer, 1, today - 299 + d) for d in np.flatnonzero(rng.random(300) < one)]
    days = pd.DataFrame(rows, columns=["customer", "type", "day"])
    model = GammaPoisson.fit(days, today=today)
    assert model.shape[0] == pytest.approx(2.0, rel=0.3)
    assert model.shape[0] / model.beta[0] == pytest.approx(0.05, rel=0.15)


def test_amazons_rate_is_greatest_after_one_interval(purchase_days, today):
    days = purchase_days((1, 1, range(today - 100, today + 1, 20)))
    model = ModifiedPoissonGamma.fit(days, today=today)
    pairs = rhythm(days, today=today)
    chance = [
        model.due(pairs, today=today + later, horizon=1)["probability"].iloc[0]
        for later in (1, 10, 20, 30)
    ]
    assert chance.index(max(chance)) == 2


def test_whoever_is_silent_has_probably_dropped_out(purchase_days, today):
    alive = BgNbd(1.0, 30.0, 1.0, 3.0)
    days = purchase_days((1, 1, range(today - 100, today + 1, 10)))
    pairs = rhythm(days, today=today)
    soon, late = (
        alive.due(pairs, today=today + silent, horizon=7)["probability"].iloc[0]
        for silent in (1, 80)
    )
    assert late < soon / 4


@pytest.fixture(scope="module")
def order_lines(today):
    """Forty customers, three types of two items each."""
    rng = np.random.default_rng(6)
    rows = []
    for who in range(40):
        for kind in range(3):
            day = today - 180 + np.cumsum(rng.poisson(8 + 4 * kind, 40) + 1)
            rows += [(who, d, kind, kind * 10 + who % 2) for d in day[day <= today]]
    frame = pd.DataFrame(rows, columns=["customer", "day", "type", "item"])
    return frame.assign(order=frame["customer"] * 10_000 + frame["day"] - today + 5_000, quantity=1)


@pytest.fixture(scope="module")
def forecaster(order_lines):
    return timing.fit(order_lines)


def test_who_is_due_is_told_with_product_window_and_reason(forecaster, today):
    told = timing.due(forecaster, night=today + 1, horizon=7)
    assert {n: str(t) for n, t in told.dtypes.items()} == dict(columns.TOLD)
    assert told["probability"].is_monotonic_decreasing
    assert (told["window_from"] > today).all()
    assert (told["product"] == told["type"] * 10 + told["customer"] % 2).all()
    assert told["reason"].str.fullmatch(r"bought \d+ times, about every .*, last .*").all()


def test_returned_lines_are_no_purchases(order_lines, forecaster, today):
    back = order_lines.head(50).assign(day=today, quantity=-1)
    told = timing.fit(pd.concat([order_lines, back])).due(night=today + 1, horizon=7)
    pd.testing.assert_frame_equal(told, forecaster.due(night=today + 1, horizon=7))


def test_an_earlier_night_knows_nothing_of_later_lines(forecaster, order_lines, today):
    then = today - 30
    told = forecaster.due(night=then + 1, horizon=7)
    assert (told["window_from"] > then).all()
    past = replace(forecaster, lines=forecaster.lines[forecaster.lines["day"] <= then])
    pd.testing.assert_frame_equal(told, past.due(night=then + 1, horizon=7))


def test_breaks_are_overdue_rhythms_of_those_who_still_shop(order_lines, today):
    gone = (order_lines["customer"] < 8) & (order_lines["type"] == 0)
    lines = order_lines[~(gone & (order_lines["day"] > today - 90))]
    told = timing.breaks(timing.fit(lines), night=today + 1)
    assert {n: str(t) for n, t in told.dtypes.items()} == dict(columns.BROKEN)
    assert (told["overdue"] > 0).all()
    first = told.head(8)
    assert set(first["customer"]) == set(range(8))
    assert (first["type"] == 0).all()
    assert first["reason"].str.contains("; shopped").all()


def test_a_kept_forecaster_speaks_only_of_the_lines_it_learnt_from(
    forecaster, order_lines, tmp_path, today
):
    path = tmp_path / "timing.zip"
    sha256 = timing.save(forecaster, path, figures={"ap": 0.3})
    back = timing.load(path, order_lines, sha256=sha256)
    for one, two in (
        (back.due(night=today + 1, horizon=9), forecaster.due(night=today + 1, horizon=9)),
        (back.breaks(night=today + 1), forecaster.breaks(night=today + 1)),
    ):
        pd.testing.assert_frame_equal(one, two)
    with pytest.raises(UnableToLoadForecaster, match="other order lines"):
        timing.load(path, order_lines.head(100))
