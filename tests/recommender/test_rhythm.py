import numpy as np
import pandas as pd

from recommender import columns
from recommender.timing.rhythm import rhythm


def naive(days):
    def one(group):
        gaps = np.diff(np.sort(group.unique()))
        logs = np.log(gaps)
        return pd.Series(
            {
                "purchases": gaps.size + 1,
                "first_day": group.min(),
                "last_day": group.max(),
                "mean_interval": gaps.mean() if gaps.size else np.nan,
                "mean_log_interval": logs.mean() if gaps.size else np.nan,
                "log_interval_ss": ((logs - logs.mean()) ** 2).sum() if gaps.size else 0.0,
            }
        )

    return days.groupby(["customer", "type"])["day"].apply(one).unstack().reset_index()


def test_every_pair_equals_a_naive_groupby(rhythms, today):
    some = rhythms[rhythms["customer"] < 60]
    found = rhythm(some.sample(frac=1.0, random_state=5), today=today)
    assert {n: str(t) for n, t in found.dtypes.items()} == dict(columns.PAIRS)
    pd.testing.assert_frame_equal(found, naive(some), check_dtype=False, check_names=False)


def test_a_day_counts_once_however_often_it_appears(rhythms, today):
    twice = pd.concat([rhythms, rhythms.iloc[::3]])
    pd.testing.assert_frame_equal(rhythm(twice, today=today), rhythm(rhythms, today=today))


def test_the_future_changes_nothing(rhythms, today):
    then = today - 100
    past = rhythms[rhythms["day"] <= then]
    pd.testing.assert_frame_equal(rhythm(rhythms, today=then), rhythm(past, today=then))


def test_chunks_of_customers_give_what_the_whole_gives(rhythms, today):
    chunks = (rhythms[rhythms["customer"] // 250 == part] for part in range(3))
    pd.testing.assert_frame_equal(rhythm(chunks, today=today), rhythm(rhythms, today=today))


def test_a_single_purchase_has_no_interval(purchase_days, today):
    found = rhythm(purchase_days((1, 2, [today])), today=today)
    assert found["purchases"].tolist() == [1]
    assert found[["mean_interval", "mean_log_interval"]].isna().all(axis=None)
    assert found["log_interval_ss"].tolist() == [0.0]


def test_no_purchase_days_give_no_pairs(purchase_days, today):
    nothing = purchase_days((1, 2, [today + 1]))
    assert rhythm(nothing, today=today).empty
    assert list(rhythm([], today=today).columns) == list(columns.PAIRS)
