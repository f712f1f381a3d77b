import numpy as np
import pandas as pd
import pytest

from recommender import columns
from recommender.timing.frequency import Frequency
from recommender.timing.interval import Interval
from recommender.timing.law import LOW, STEP, Law
from recommender.timing.model import UnableToForetell, UnableToReadPurchaseDays
from recommender.timing.prior import Prior, UnableToFitLaw
from recommender.timing.rhythm import rhythm


@pytest.fixture(scope="module", params=[Law, Interval, Frequency])
def kind(request):
    return request.param


def test_due_answers_every_pair_with_the_declared_columns(kind, rhythms, today):
    pairs = rhythm(rhythms, today=today).sample(frac=1.0, random_state=1)
    due = kind.fit(rhythms, today=today).due(pairs, today=today, horizon=7)
    assert {n: str(t) for n, t in due.dtypes.items()} == dict(columns.DUE)
    shared = ["customer", "type", "purchases", "last_day", "mean_interval"]
    pd.testing.assert_frame_equal(due[shared], pairs[shared])


def test_probabilities_grow_with_the_horizon(kind, rhythms, today):
    pairs = rhythm(rhythms, today=today)
    model = kind.fit(rhythms, today=today)
    before = np.zeros(len(pairs))
    for horizon in (1, 7, 28, 365):
        now = model.due(pairs, today=today, horizon=horizon)["probability"].to_numpy()
        assert ((now >= before) & (now <= 1.0)).all()
        before = now
    assert before.min() > 0.0


def test_windows_lie_wholly_in_the_future(kind, rhythms, today):
    pairs = rhythm(rhythms, today=today)
    due = kind.fit(rhythms, today=today).due(pairs, today=today, horizon=7)
    assert (due["window_from"] > today).all()
    assert (due["window_to"] >= due["window_from"]).all()


def test_the_future_changes_nothing(kind, rhythms, today):
    then = today - 100
    past = rhythms[rhythms["day"] <= then]
    pairs = rhythm(past, today=then)
    one = kind.fit(rhythms, today=then).due(pairs, today=then, horizon=7)
    two = kind.fit(past, today=then).due(pairs, today=then, horizon=7)
    pd.testing.assert_frame_equal(one, two)


def test_chunks_of_customers_give_what_the_whole_gives(kind, rhythms, today):
    chunks = [rhythms[rhythms["customer"] // 250 == part] for part in range(3)]
    pairs = rhythm(rhythms, today=today)
    one = kind.fit(chunks, today=today).due(pairs, today=today, horizon=7)
    two = kind.fit(rhythms, today=today).due(pairs, today=today, horizon=7)
    pd.testing.assert_frame_equal(one, two, rtol=1e-3)


def test_pairs_from_the_future_are_refused(kind, rhythms, today):
    pairs = rhythm(rhythms, today=today)
    with pytest.raises(UnableToForetell, match="summarise them"):
        kind.fit(rhythms, today=today).due(pairs, today=today - 50, horizon=7)


def test_interval_expects_the_last_purchase_plus_the_mean(purchase_days, today):
    days = purchase_days((1, 1, [today - 40, today - 20, today - 10]), (2, 1, [today]))
    due = Interval.fit(days, today=today).due(rhythm(days, today=today), today=today, horizon=7)
    assert due["expected_day"].tolist() == [today + 5, today + 15]
    assert due["probability"].tolist() == pytest.approx([1 - np.exp(-7 / 15)] * 2)


def test_frequency_counts_the_silence_too(purchase_days, today):
    days = purchase_days((1, 1, [today - 19, today - 17, today - 15]), (2, 1, [today - 3]))
    due = Frequency.fit(days, today=today).due(rhythm(days, today=today), today=today, horizon=7)
    assert due["probability"].tolist() == pytest.approx(
        [1 - np.exp(-7 * 3 / 20), 1 - np.exp(-7 * 1 / 4)]
    )


def test_prior_finds_the_law_the_purchases_were_drawn_from(rhythms, today):
    # Only short intervals close within the time seen, so the longest type is left out here.
    seen = rhythms[rhythms["type"] < 2].groupby(["customer", "type"]).head(4)
    prior = Prior.of(rhythm(seen, today=today))
    assert prior.mean == pytest.approx(np.log([10.0, 25.0]), abs=0.1)
    assert prior.within == pytest.approx([0.36, 0.36], abs=0.08)
    assert prior.between == pytest.approx(0.16, abs=0.05)


def test_a_type_known_from_one_pair_is_drawn_towards_the_shop(rhythms, purchase_days, today):
    rare = purchase_days((1, 9, [today - 300, today - 1]))
    prior = Prior.of(rhythm(pd.concat([rhythms, rare]), today=today))
    assert prior.shop_mean + 0.1 < prior.mean[-1] < np.log(299) - 0.1


def test_an_unknown_type_takes_the_shops_rhythm(rhythms, today):
    prior = Prior.of(rhythm(rhythms, today=today))
    mean, within = prior.for_types(np.array([1, 77]))
    assert mean.tolist() == [prior.mean[1], prior.shop_mean]
    assert within.tolist() == [prior.within[1], prior.shop_within]


def a_law(**changes):
    prior = {
        "types": np.array([1]),
        "mean": np.array([np.log(30.0)]),
        "within": np.array([0.5]),
        "between": 0.25,
        "shop_mean": np.log(30.0),
        "shop_within": 0.5,
    }
    points = LOW + STEP * np.arange(1201)
    survival = np.tile(1.0 / (1.0 + np.exp(2.0 * points)), (4, 1))
    return Law(Prior(**(prior | changes)), survival, 56)


def test_the_rhythm_adds_up_by_hand(purchase_days, today):
    days = purchase_days((1, 1, [today - 60, today - 40, today - 10]))
    due = a_law().due(rhythm(days, today=today), today=today, horizon=7)
    # Two intervals, 20 and 30 days, weigh 2 / 0.5; the type's 30 days weigh 1 / 0.25.
    precision = 2 / 0.5 + 1 / 0.25
    mu = ((np.log(20) + np.log(30)) / 0.5 + np.log(30) / 0.25) / precision
    sd = np.sqrt(0.5 + 1 / precision)

    def outlives(days):
        return 1 / (1 + np.exp(2 * (np.log(days) - mu) / sd))

    assert due["expected_day"].tolist() == [today - 10 + round(np.exp(mu))]
    expected = 1 - outlives(17) / outlives(10)
    assert due["probability"].tolist() == pytest.approx([expected], abs=1e-4)
    low, high = due["window_from"].iloc[0], due["window_to"].iloc[0]
    # The first day of the window leaves at most a tenth before it, and its end a tenth behind it.
    assert outlives(low - 1 - (today - 10)) / outlives(10) >= 0.9
    assert outlives(high - (today - 10)) / outlives(10) == pytest.approx(0.1, abs=0.01)


def test_bought_today_is_not_yet_overdue(purchase_days, today):
    days = purchase_days((1, 1, [today - 30, today]), (2, 1, [today - 60, today - 30]))
    due = a_law().due(rhythm(days, today=today), today=today, horizon=7)
    assert due["probability"].iloc[0] < due["probability"].iloc[1]
    assert due["expected_day"].iloc[0] == due["expected_day"].iloc[1] + 30


def test_nothing_has_outlived_the_day_of_purchase(purchase_days, today):
    law = a_law(mean=np.array([np.log(3.0)]))
    due = law.due(rhythm(purchase_days((1, 1, [today])), today=today), today=today, horizon=2)
    sd = np.sqrt(0.5 + 0.25)
    outlives = 1 / (1 + np.exp(2 * (np.log(2) - np.log(3)) / sd))
    assert due["probability"].tolist() == pytest.approx([1 - outlives], abs=1e-4)


def test_intervals_are_judged_among_those_with_as_many_purchases_before(purchase_days, today):
    # The third purchase day of each opens an interval that nobody has closed.
    days = purchase_days(*((c, 1, [today - 50, today - 45, today - 40]) for c in range(50)))
    curves = Law.fit(days, today=today).survival
    at_one = round((1.0 - LOW) / STEP)
    unseen = curves[3, at_one]
    assert unseen == pytest.approx(0.1587, abs=1e-3)
    assert curves[0, at_one] < 0.02
    assert curves[1, at_one] > 0.8


def test_a_customer_seen_once_follows_her_types_rhythm(rhythms, today):
    law = Law.fit(rhythms, today=today)
    once = pd.DataFrame({"customer": [1, 1, 1], "type": [0, 1, 2], "day": [today] * 3})
    due = law.due(rhythm(once, today=today), today=today, horizon=7)
    waits = (due["expected_day"] - today).tolist()
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(10, abs=3)
    assert waits[1] == pytest.approx(25, abs=6)


def test_promised_probabilities_come_true(rhythms, today):
    promised, seen = [], []
    for then in (today - 150, today - 90, today - 30):
        pairs = rhythm(rhythms, today=then)
        due = Law.fit(rhythms, today=then).due(pairs, today=then, horizon=14)
        later = rhythms[(rhythms["day"] > then) & (rhythms["day"] <= then + 14)]
        keys = ["customer", "type"]
        came = pd.MultiIndex.from_frame(due[keys]).isin(pd.MultiIndex.from_frame(later[keys]))
        promised.append(due["probability"].to_numpy())
        seen.append(came)
    promised, seen = np.concatenate(promised), np.concatenate(seen)
    for part in np.array_split(np.argsort(promised), 5):
        assert promised[part].mean() == pytest.approx(seen[part].mean(), abs=0.05)


def test_next_purchases_fall_into_the_promised_windows(rhythms, today):
    then = today - 200
    monthly = rhythms[rhythms["type"] == 1]
    due = Law.fit(monthly, today=then).due(rhythm(monthly, today=then), today=then, horizon=7)
    following = monthly[monthly["day"] > then].groupby("customer")["day"].min().rename("next")
    due = due.join(following, on="customer")
    # Whole days round the window outwards, and tomorrow is the earliest it can begin.
    assert 0.03 < (due["next"] < due["window_from"]).mean() < 0.11
    late = (due["next"] > due["window_to"]) | due["next"].isna()
    assert late.mean() == pytest.approx(0.1, abs=0.04)


def test_a_history_without_rhythm_is_refused(purchase_days, today):
    days = purchase_days((1, 1, [today - 5, today]), (2, 1, [today]))
    with pytest.raises(UnableToFitLaw, match="on three days"):
        Law.fit(days, today=today)


def test_a_very_small_shop_still_gets_sane_numbers(purchase_days, today):
    days = purchase_days((1, 1, [today - 30, today - 20, today - 11]), (2, 2, [today - 90]))
    due = Law.fit(days, today=today).due(rhythm(days, today=today), today=today, horizon=7)
    assert due["probability"].between(0.01, 0.99).all()
    assert (due["window_to"] - today).between(1, 3650).all()


def test_chunks_that_can_be_read_only_once_are_refused(rhythms, today):
    with pytest.raises(UnableToReadPurchaseDays, match="walked twice"):
        Law.fit(iter([rhythms]), today=today)
