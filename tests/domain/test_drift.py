from datetime import date, timedelta

import numpy as np
import pytest

from care.domain.drift import (
    drifts,
    edges_of,
    inputs,
    scores_of,
    stability_index,
    untold,
)
from care.domain.warning import in_words
from tests.domain.test_feed import NIGHT, a_feed

CHANCE = np.random.default_rng(7)
SCORES = CHANCE.gamma(2.0, size=5_000)


def last_week(**numbers):
    feed = a_feed()
    feed.loc[feed.index[-7:], list(numbers)] = list(numbers.values())
    return {"inputs": inputs(feed, night=NIGHT, weeks=4)}


def test_a_steady_shop_drifts_nowhere():
    found = last_week()
    assert found["inputs"]["lines"] == {"now": 100, "usual": 100}
    assert found["inputs"]["basket"] == {"now": 2, "usual": 2}
    assert found["inputs"]["top_item_share"] == {"now": 0.1, "usual": 0.1}
    assert drifts(found) == []


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"lines": 145, "orders": 72}, "order lines a day: 145 in the last week, 100 in the weeks"),
        ({"lines": 70, "orders": 35}, "order lines a day: 70 in the last week, 100 in the weeks"),
        ({"customers": 30}, "customers a day: 30 in the last week, 50"),
        ({"items": 40}, "different products a day: 40 in the last week, 25"),
        ({"orders": 38}, "order lines an order: 2.632 in the last week, 2 in"),
        ({"product_lines": 30}, "share of the best-selling product: 30.0% in the last week, 10.0%"),
        ({"new_lines": 20}, "share of products first sold within four weeks: 20.0%"),
    ],
)
def test_what_is_far_from_usual_is_told_in_words(numbers, told):
    (found,) = drifts(last_week(**numbers))
    assert told in in_words(found)


def test_a_share_that_falls_and_a_shop_that_is_small_or_young_warn_nobody():
    assert drifts(last_week(product_lines=1)) == []
    small = a_feed(lines=4)
    small.loc[small.index[-7:], "lines"] = 40
    assert drifts({"inputs": inputs(small, night=NIGHT, weeks=4)}) == []
    assert inputs(a_feed(days=20), night=NIGHT, weeks=4) == {}
    assert inputs(a_feed(days=0), night=NIGHT, weeks=4) == {}


def test_a_week_without_orders_is_a_week_of_none():
    closed = a_feed(ending="2017-11-06")
    assert inputs(closed, night=NIGHT, weeks=4)["lines"]["now"] == 0


def test_the_index_is_about_zero_for_the_same_law_and_large_for_another():
    before = edges_of(SCORES)
    assert stability_index(before, CHANCE.gamma(2.0, size=5_000)) < 0.02
    assert stability_index(before, SCORES + 1) > 0.25
    assert stability_index(before, SCORES * 0 + 99) > 2


def test_the_index_is_the_sum_of_its_definition():
    before = [float(edge) for edge in range(1, 10)]
    scores = np.repeat([0.5, 9.5], [30, 70])
    now = np.array([0.3, *[0.005] * 8, 0.7])
    assert stability_index(before, scores) == pytest.approx(
        float(((now - 0.1) * np.log(now / 0.1)).sum())
    )


def test_scores_that_are_often_equal_make_fewer_parts():
    before = [1.0] * 5 + [2.0, 3.0, 4.0, 5.0]
    like = np.repeat([1.0, 2, 3, 4, 5, 6], [500, 100, 100, 100, 100, 100])
    assert stability_index(before, like) == pytest.approx(0.0)


def test_scores_are_held_against_those_of_the_same_recipe_alone():
    first = scores_of("personal", SCORES, 0.05, None)
    assert "shift" not in first
    assert drifts({"scores": first}) == []
    assert "shift" not in scores_of("als", SCORES, 0.05, first)
    shifted = scores_of("personal", SCORES + 1, 0.05, first)
    (told,) = drifts({"scores": shifted})
    assert "what personal makes of the customers has shifted" in in_words(told)
    same = scores_of("personal", SCORES, 0.2, first)
    (told,) = drifts({"scores": same})
    assert "personal knows nothing of 20% of the customers, 5% a week ago" in in_words(told)


def test_too_few_scores_say_nothing():
    assert edges_of(SCORES[:499]) == []
    few = scores_of("personal", SCORES[:10], 0.0, scores_of("personal", SCORES, 0.0, None))
    assert "shift" not in few


def test_staff_are_told_once_a_week_of_the_same_thing():
    (found,) = drifts(last_week(items=40))
    told = [(NIGHT - timedelta(days=3), found)]
    assert untold([found], told, night=NIGHT) == []
    assert untold([found], told, night=date(2017, 11, 30)) == [found]
    (other,) = drifts(last_week(customers=30))
    assert untold([other], told, night=NIGHT) == [other]
