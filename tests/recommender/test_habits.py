"""Nothing that is to be foretold may be seen in what foretells it."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.items import lessons, shortlist, teaching, two_stage
from recommender.items.bought import UnableToReadHistory
from recommender.items.features import put_forward
from recommender.items.habits import Habits
from recommender.items.model import Purpose
from recommender.items.two_stage import TwoStage
from recommender.items.views import Views

TODAY = 19_000
QUICK = settings(deadline=None, max_examples=12, derandomize=True)


def framed(lines):
    frame = pd.DataFrame(lines, columns=["customer", "order", "item", "day"])
    frame["order"] += 10 * frame["customer"]
    frame["day"] += TODAY - 20
    return frame.astype({"customer": "int64", "order": "int64", "item": "int64", "day": "int32"})


# Lines of one order may lie on several days, also on both sides of today.
LINES = st.tuples(
    st.integers(1, 6), st.integers(0, 4), st.integers(1, 9), st.integers(0, 25)
)  # customer, order, item, day
SHOPS = st.lists(LINES, min_size=12, max_size=60).map(framed)


def assert_same(one, other):
    assert one.bought.to_arrays()[1] == other.bought.to_arrays()[1]
    arrays, expected = one.to_arrays()[0], other.to_arrays()[0]
    assert arrays.keys() == expected.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def features_of(habits, lines, purpose):
    views = Views.of(habits, lines, pool=99, factors=4, iterations=2, regularization=1.0, seed=0)
    asked = np.arange(0, 9)
    requests = shortlist.requests(habits.bought, asked, allowed=None, exclude=None)
    return [put for one in requests for put in put_forward(habits, views, one, purpose=purpose)]


def assert_same_put(one, other):
    assert len(one) == len(other)
    for mine, expected in zip(one, other, strict=True):
        for name in ("q", "item", "row", "places", "features"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(expected, name))


@QUICK
@given(SHOPS, st.sets(st.integers(10, 64)), st.sampled_from(list(Purpose)))
def test_orders_left_out_are_as_if_they_had_never_been(shop, hidden, purpose):
    without = np.array(sorted(hidden), dtype=np.int64)
    rest = shop[~shop["order"].isin(hidden)]
    if not (rest["day"] <= TODAY).any():
        with pytest.raises(UnableToReadHistory):
            Habits.of(shop, today=TODAY, without=without)
        return
    seen, never = Habits.of(shop, today=TODAY, without=without), Habits.of(rest, today=TODAY)
    assert_same(seen, never)
    lines = two_stage.lines_of(shop, seen.bought.customers, without)
    assert_same_put(features_of(seen, lines, purpose), features_of(never, rest, purpose))


@QUICK
@given(SHOPS, st.lists(LINES, max_size=30).map(framed), st.randoms(use_true_random=False))
def test_later_lines_and_the_order_of_rows_change_nothing(shop, later, random):
    past = shop[shop["day"] <= TODAY]
    if past.empty:
        return
    later["day"] += np.int32(21)
    mixed = pd.concat([past, later], ignore_index=True)
    mixed = mixed.loc[random.sample(range(len(mixed)), len(mixed))]
    found, expected = Habits.of(mixed, today=TODAY), Habits.of(past, today=TODAY)
    assert_same(found, expected)
    lines = two_stage.lines_of(mixed, found.bought.customers, np.empty(0, dtype=np.int64))
    assert_same_put(
        features_of(found, lines, Purpose.ANY), features_of(expected, past, Purpose.ANY)
    )


def lessons_of(history):
    """What a fit is taught with, fold by fold."""
    taught = []

    def judged(lessons, seed):
        taught.extend(lessons)
        return teaching.Taught("counted", None, {})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teaching, "judged", judged)
        patch.setattr(teaching, "LEAST_LEARNERS", 2)
        TwoStage.fit(history, today=TODAY, factors=4, iterations=2)
    return taught


@QUICK
@given(SHOPS, st.integers(0, 1), st.randoms(use_true_random=False))
def test_a_lesson_tells_nothing_of_the_basket_that_it_asks_for(shop, fold, random):
    if not (shop["day"] <= TODAY).any():
        return
    taught = lessons_of(shop)
    if fold >= len(taught):
        return
    orders = lessons.orders_of(shop, today=TODAY)
    asked = orders[(orders["back"] == 0) & orders["customer"].isin(taught[fold].customers)]
    hidden = shop["order"].isin(asked["order"])
    other = shop.copy()
    other.loc[hidden, "item"] = [random.randint(1, 30) for _ in range(int(hidden.sum()))]
    found = lessons_of(other)[fold]
    for name in ("customers", "q", "features", "basket"):
        np.testing.assert_array_equal(getattr(found, name), getattr(taught[fold], name))


@QUICK
@given(SHOPS)
def test_lessons_do_not_look_past_today(shop):
    past = shop[shop["day"] <= TODAY]
    if past.empty:
        return
    one, other = lessons_of(shop), lessons_of(past)
    assert len(one) == len(other)
    for mine, expected in zip(one, other, strict=True):
        for name in ("customers", "size", "q", "features", "bought", "basket"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(expected, name))


@QUICK
@given(SHOPS)
def test_chunks_add_up_to_the_whole(shop):
    past = shop[shop["day"] <= TODAY]
    if past.empty:
        return
    whole = Habits.of(past, today=TODAY)
    chunks = Habits.of([past[past["customer"] % 2 == part] for part in (0, 1)], today=TODAY)
    for name, array in whole.to_arrays()[0].items():
        np.testing.assert_allclose(chunks.to_arrays()[0][name], array, rtol=1e-12, err_msg=name)


def test_habits_count_what_happened(a_history, today):
    habits = Habits.of(
        a_history(
            (1, 11, 5, 40), (1, 12, 5, 20), (1, 12, 6, 20), (1, 13, 6, 10),
            (2, 21, 5, 7),
        ),
        today=today,
    )  # fmt: skip
    rows = {name: getattr(habits, name).tolist() for name in ("since", "first", "latest")}
    # Rows are (customer 1, item 5), (customer 1, item 6), (customer 2, item 5).
    assert rows == {"since": [1, 0, 0], "first": [2, 1, 0], "latest": [0.75, 1.5, 1.0]}
    assert habits.baskets.tolist() == [3, 1]
    np.testing.assert_allclose(habits.size, [4 / 3, 1])
    assert habits.last_size.tolist() == [1, 1]
    assert (today - habits.first_visit).tolist() == [40, 7]
    assert (today - habits.last_visit).tolist() == [10, 7]
    # Of her three lines after the first order two were of what she had had before.
    np.testing.assert_allclose(habits.repeats, [2 / 3, 0])
    items = ("buyers", "repeaters", "chances", "nexts", "returns", "discoveries")
    assert {name: getattr(habits, name).tolist() for name in items} == {
        "buyers": [2, 1],
        "repeaters": [1, 1],
        "chances": [2, 1],
        "nexts": [1, 1],
        "returns": [1, 1],
        "discoveries": [0, 1],
    }


def test_habits_come_back_from_their_arrays(a_shop, today):
    habits = Habits.of(a_shop, today=today)
    arrays, parameters = habits.to_arrays()
    assert len(arrays) == 8 + len(fields(Habits)) - 1
    assert_same(Habits.from_arrays(arrays, parameters), habits)
