"""When a pause is longer than nearly all: calibrated, personal, and blind to the future."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.timing.rhythm import rhythm
from recommender.timing.silence import overdue_from


def days_of(*gaps_by_customer):
    rows = [
        (customer, 0, int(day))
        for customer, gaps in enumerate(gaps_by_customer)
        for day in np.cumsum([0, *gaps])
    ]
    return pd.DataFrame(rows, columns=["customer", "type", "day"]).astype({"day": "int32"})


def test_the_share_of_pauses_that_outlast_it_is_the_share_asked_for():
    rng = np.random.default_rng(7)
    typical = np.exp(rng.normal(2.5, 0.6, 4_000))
    gaps = np.maximum(1, np.rint(typical[:, None] * np.exp(rng.normal(0, 0.5, (4_000, 9)))))
    known = days_of(*gaps[:, :8].astype(int))
    pairs = rhythm(known, today=int(known["day"].max()))
    for share in (0.05, 0.2):
        overdue = overdue_from(pairs, today=int(known["day"].max()), share=share)
        outlasted = (pairs["last_day"] + gaps[:, 8] >= overdue).mean()
        assert outlasted == pytest.approx(share, abs=0.015)


def test_who_comes_often_is_overdue_sooner_than_who_comes_rarely():
    pairs = rhythm(days_of([3, 4, 3, 4, 3], [30, 28, 33, 30, 29]), today=400)
    often, rarely = overdue_from(pairs, today=400, share=0.05) - pairs["last_day"]
    assert often < 10 < 30 < rarely < 60


def test_an_erratic_rhythm_is_given_more_time_than_a_steady_one_of_the_same_length():
    pairs = rhythm(days_of([20, 20, 21, 20, 19, 20], [4, 90, 6, 70, 9, 40]), today=400)
    steady, erratic = overdue_from(pairs, today=400, share=0.05) - pairs["last_day"]
    assert erratic > 2 * steady


@given(st.lists(st.integers(1, 60), min_size=3, max_size=8), st.integers(0, 30))
def test_the_night_does_not_move_the_day(gaps, later):
    known = days_of(gaps)
    last = int(known["day"].max())
    first = overdue_from(rhythm(known, today=last), today=last, share=0.05)
    again = overdue_from(rhythm(known, today=last + later), today=last + later, share=0.05)
    assert first.tolist() == again.tolist()
    assert first[0] > last
