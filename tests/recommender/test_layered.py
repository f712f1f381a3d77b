"""The second layer of timing: sees no future, repeats itself, and is quiet in doubt."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import artifact, columns
from recommender.timing.features import Ground, Seen, chance, logit
from recommender.timing.law import Law
from recommender.timing.layer import Layer, Lesson
from recommender.timing.layered import Layered, School, regular
from recommender.timing.logistic import Logistic, straightened
from recommender.timing.rhythm import rhythm
from recommender.timing.state import state


@pytest.fixture(scope="module")
def moody(today) -> pd.DataFrame:
    """Households whose activity comes and goes, which the law of a pair cannot see."""
    rng = np.random.default_rng(5)
    rows = []
    for house in range(160):
        mood = np.repeat(rng.choice([0.15, 1.0], 11), 28)
        visits = np.flatnonzero(rng.random(mood.size) < 0.45 * mood)
        for kind in range(6):
            takes = visits[rng.random(visits.size) < 0.15 + 0.08 * ((house + kind) % 5)]
            rows += [(house, kind, today - mood.size + 1 + day) for day in takes]
    frame = pd.DataFrame(rows, columns=["customer", "type", "day"])
    return frame.astype({"customer": "int64", "type": "int64", "day": "int32"})


@pytest.fixture(scope="module")
def model(moody, today) -> Layered:
    return Layered.fit(moody, today=today, horizons=(7, 14), lessons=6)


def test_it_speaks_where_it_saw_what_the_law_cannot(model):
    assert model.layers[0].speaks
    assert model.layers[0].figures["ap"] > model.layers[0].figures["law_ap"]
    assert "better than the law" in model.layers[0].reason


def test_two_weeks_are_never_less_likely_than_one(model, moody, today):
    states = state(moody, today=today)
    before = np.zeros(len(states))
    for horizon in (1, 3, 7, 10, 14, 28, 200):
        now = model.due(states, today=today, horizon=horizon)["probability"].to_numpy()
        assert ((now >= before - 1e-12) & (now <= 1)).all()
        before = now


def test_due_has_the_declared_columns_and_windows_after_today(model, moody, today):
    states = state(moody, today=today)
    due = model.due(states, today=today, horizon=7)
    assert {n: str(t) for n, t in due.dtypes.items()} == dict(columns.DUE)
    assert (due["window_from"] > today).all()
    assert (due["window_to"] >= due["window_from"]).all()


def test_pairs_without_their_household_are_left_to_the_law(model, moody, today):
    pairs = rhythm(moody, today=today)
    law = model.ground.law.due(pairs, today=today, horizon=7)
    pd.testing.assert_frame_equal(model.due(pairs, today=today, horizon=7), law)


def test_the_future_changes_nothing(moody, today):
    then = today - 40
    past = moody[moody["day"] <= then]
    states = state(moody, today=then)
    pd.testing.assert_frame_equal(states, state(past, today=then))
    one, two = (Layered.fit(days, today=then, horizons=(7,), lessons=3) for days in (moody, past))
    pd.testing.assert_frame_equal(
        one.due(states, today=then, horizon=7), two.due(states, today=then, horizon=7)
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 60)), max_size=60))
def test_no_feature_sees_past_today(rows):
    frame = pd.DataFrame(rows, columns=["customer", "type", "day"])
    frame = frame.astype({"customer": "int64", "type": "int64", "day": "int32"})
    seen = state(frame, today=30)
    pd.testing.assert_frame_equal(seen, state(frame[frame["day"] <= 30], today=30))
    assert {n: str(t) for n, t in seen.dtypes.items()} == dict(columns.STATES)


def test_the_same_purchases_give_the_same_bytes(moody, today, tmp_path):
    sums = []
    for rows in (moody, moody.sample(frac=1.0, random_state=3)):
        one = Layered.fit(rows, today=today, horizons=(7,), lessons=3)
        sums.append(artifact.save(one, tmp_path / "model.zip", data="x"))
    assert sums[0] == sums[1]


def test_a_kept_model_says_what_it_said(model, moody, today, tmp_path):
    path = tmp_path / "model.zip"
    artifact.save(model, path, data="x")
    back = artifact.load(path).model
    states = state(moody, today=today)
    pd.testing.assert_frame_equal(
        back.due(states, today=today, horizon=14), model.due(states, today=today, horizon=14)
    )
    assert [one.reason for one in back.layers] == [one.reason for one in model.layers]


def test_a_child_is_tried_again_with_its_parents_layer(model, moody, today):
    child = Layered.fit(moody, today=today, parent=model)
    assert child.layers[0].trees is model.layers[0].trees
    assert child.layers[0].straight == model.layers[0].straight


def test_how_long_ago_it_was_taught_is_handed_on_and_kept(model, moody, today, tmp_path):
    assert model.taught == today
    later = Layered.fit(moody, today=today + 3, parent=model)
    assert later.taught == today
    artifact.save(later, tmp_path / "model.zip", data="x")
    assert artifact.load(tmp_path / "model.zip").model.taught == today
    thin = Layered.fit(moody.head(50), today=today)
    assert Layered.fit(moody, today=today + 1, parent=thin).taught == today + 1


def test_a_shop_that_is_too_small_is_left_to_the_law(purchase_days, today):
    days = purchase_days((1, 1, [today - 30, today - 20, today - 11]), (2, 2, [today - 90]))
    small = Layered.fit(days, today=today)
    assert not any(layer.speaks for layer in small.layers)
    states = state(days, today=today)
    said = small.due(states, today=today, horizon=7)["probability"]
    law = Law.fit(days, today=today).due(states, today=today, horizon=7)["probability"]
    assert said.to_numpy() == pytest.approx(law.to_numpy(), abs=1e-4)


def a_trial(moody, today, horizon=7):
    then = today - horizon
    school = School(moody, today, regular)
    return school.lessons([then], horizon)[0]


def test_when_the_answers_turn_round_the_law_speaks(model, moody, today):
    trial, layer = a_trial(moody, today), model.layers[0]
    own = layer.raw(trial.seen)
    turned = Lesson(trial.seen, own < np.quantile(own, 0.3))
    told = layer.tried(turned, trial.seen)
    assert not told.speaks
    assert "the law speaks" in told.reason


def test_when_the_level_is_far_off_the_law_speaks_and_is_straightened(model, moody, today):
    trial, layer = a_trial(moody, today), model.layers[0]
    keeps = np.random.default_rng(1).random(trial.truth.size) < 0.6
    told = layer.tried(Lesson(trial.seen, trial.truth & keeps), trial.seen)
    assert not told.speaks
    assert "off by" in told.reason
    said = told.probability(trial.seen).mean()
    assert said == pytest.approx((trial.truth & keeps).mean(), abs=0.04)


def test_from_a_shop_that_was_closed_not_even_the_level_is_learnt(model, moody, today):
    trial, layer = a_trial(moody, today), model.layers[0]
    few = np.random.default_rng(1).random(trial.truth.size) < 0.2
    assert (trial.truth & few).sum() >= 50
    told = layer.tried(Lesson(trial.seen, trial.truth & few), trial.seen)
    assert (told.speaks, told.straight) == (False, (0.0, 1.0))
    assert "hardly anybody bought" in told.reason


def test_when_what_it_reads_has_moved_the_law_speaks(model, moody, today):
    trial, layer = a_trial(moody, today), model.layers[0]
    quiet = trial.seen.states.assign(
        recent_7=0, recent_28=0, house_recent_7=0, house_recent_28=0,
        house_recent_purchases_7=0, house_recent_purchases_28=0,
    )  # fmt: skip
    still = Seen.of(model.ground, quiet, today=today - 7)
    told = layer.tried(trial, still)
    assert not told.speaks
    assert told.probability(trial.seen).mean() == pytest.approx(trial.truth.mean(), abs=0.04)
    assert "unlike today" in told.reason
    both = layer.tried(Lesson(still, trial.truth), still)
    assert not both.speaks


def test_promised_probabilities_come_true(moody, today):
    then = today - 14
    model = Layered.fit(moody, today=then, horizons=(7,), lessons=3)
    states = regular(state(moody, today=then), today=then)
    said = model.due(states, today=then, horizon=7)["probability"].to_numpy()
    later = moody[(moody["day"] > then) & (moody["day"] <= then + 7)]
    keys = ["customer", "type"]
    came = pd.MultiIndex.from_frame(states[keys]).isin(pd.MultiIndex.from_frame(later[keys]))
    for part in np.array_split(np.argsort(said), 4):
        assert said[part].mean() == pytest.approx(came[part].mean(), abs=0.1)


def test_a_pause_of_the_household_makes_everything_of_hers_less_likely(model, moody, today):
    states = state(moody, today=today)
    paused = states.assign(
        house_last_day=np.minimum(states["house_last_day"], today - 40).astype("int32"),
        house_recent_7=0, house_recent_28=0, house_recent_purchases_7=0,
        house_recent_purchases_28=0,
    )  # fmt: skip
    here, away = (
        model.due(rows, today=today, horizon=7)["probability"].mean() for rows in (states, paused)
    )
    assert away < here


def test_the_state_adds_up_by_hand(purchase_days, today):
    days = purchase_days(
        (1, 1, [today - 40, today - 20, today - 10, today - 10, today - 3]), (1, 2, [today - 3])
    )
    one = state(days, today=today).iloc[0]
    assert one["purchases"] == 4  # the repeat on one day counts once
    assert [one[name] for name in columns.INTERVALS[:3]] == [7, 10, 20]
    assert np.isnan(one["interval_4"])
    assert one["longest_interval"] == 20
    assert [one[name] for name in columns.RECENT] == [1, 3, 4]
    decayed = sum(np.exp(-age / 10) for age in (40, 20, 10, 3))
    assert one["decayed_10"] == pytest.approx(decayed, rel=1e-5)
    assert (one["house_types"], one["house_visits"], one["house_purchases"]) == (2, 4, 5)
    assert (one["house_last_basket"], one["house_last_interval"]) == (2, 7)
    logs = np.log([20, 10, 7]).mean()
    assert one["house_mean_log_interval"] == pytest.approx(logs)
    assert [one[name] for name in columns.HOUSE_RECENT_PURCHASES] == [2, 4, 5]


def test_a_sparse_calendar_is_sorted_and_a_dense_one_counted_alike(purchase_days, today):
    dense = purchase_days(*((c, 1, range(today - 50, today)) for c in range(4)))
    far = purchase_days((9, 1, [today - 3_000_000]))
    found = state(pd.concat([dense, far]), today=today)
    pd.testing.assert_frame_equal(
        found[found["customer"] < 9].reset_index(drop=True), state(dense, today=today)
    )


def test_chunks_of_customers_give_what_the_whole_gives(moody, today):
    chunks = [moody[moody["customer"] // 60 == part] for part in range(3)]
    pd.testing.assert_frame_equal(state(chunks, today=today), state(moody, today=today))
    one, two = (Ground.fit(rows, today=today) for rows in (chunks, [moody]))
    assert one.trend.ratio == pytest.approx(two.trend.ratio)
    assert one.house.prior.shop_mean == pytest.approx(two.house.prior.shop_mean)


def test_logistic_regression_finds_the_weights_the_truth_was_drawn_from():
    rng = np.random.default_rng(2)
    terms = rng.normal(size=(40_000, 3)).astype(np.float32)
    truth = rng.random(40_000) < chance(terms @ np.array([1.0, -0.5, 0.0]) - 1.0)
    found = Logistic.fit(terms, truth, ridge=1.0)
    assert found.weights / found.spread == pytest.approx([1.0, -0.5, 0.0], abs=0.06)
    assert chance(found.score(terms)).mean() == pytest.approx(truth.mean(), abs=1e-3)


def test_a_score_is_straightened_to_what_came():
    rng = np.random.default_rng(4)
    said = rng.normal(-1.0, 1.0, 50_000)
    truth = rng.random(said.size) < chance(0.5 + 0.7 * said)
    intercept, slope = straightened(said, truth, caution=0.0)
    assert (intercept, slope) == pytest.approx((0.5, 0.7), abs=0.05)
    assert straightened(said, truth, caution=1e9) == pytest.approx((0.0, 1.0), abs=1e-3)
    assert logit(chance(said)) == pytest.approx(said, abs=1e-6)


def test_nothing_is_learnt_of_lessons_that_are_all_alike():
    assert Layer.fit(7, [], seed=0).logistic is None


def test_a_shop_three_times_as_large_looks_the_same_to_it(moody, today):
    large = pd.concat(
        [moody.assign(customer=moody["customer"] + 1_000 * copy) for copy in range(3)],
        ignore_index=True,
    )
    one, three = (
        Seen.of(Ground.fit([days], today=today), state(moody, today=today), today=today)
        for days in (moody, large)
    )
    for small, big in ((one.terms(7), three.terms(7)), (one.facts(7), three.facts(7))):
        spread = np.nanstd(small, axis=0) + 1e-6
        assert (np.abs(np.nanmean(big - small, axis=0)) / spread).max() < 0.15
