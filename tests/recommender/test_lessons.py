import numpy as np

from recommender.items.lessons import Lessons, orders_of


def some_lessons(a_history, today, *later):
    history = a_history(
        (1, 11, 5, 40), (1, 12, 5, 20), (1, 12, 6, 20),
        (2, 21, 5, 7),
        (3, 32, 7, 9), (3, 31, 8, 9), (3, 31, 8, 9),
        *later,
    )  # fmt: skip
    baskets = orders_of(history, today=today)
    everybody = np.array([1, 2, 3])
    return baskets, Lessons.of(baskets, history, customers=everybody, today=today)


def test_orders_are_counted_back_from_her_last_and_of_one_day_by_key(a_history, today):
    baskets, _ = some_lessons(a_history, today, (1, 13, 5, -1))
    told = baskets.set_index("order")[["back", "count"]].to_dict("index")
    assert told == {
        11: {"back": 1, "count": 2},
        12: {"back": 0, "count": 2},
        21: {"back": 0, "count": 1},
        31: {"back": 1, "count": 2},
        32: {"back": 0, "count": 2},
    }


def test_the_last_basket_is_asked_of_who_has_one_before_it(a_history, today):
    _, lessons = some_lessons(a_history, today)
    assert lessons.customers.tolist() == [1, 3]
    assert lessons.without.tolist() == [12, 32]
    assert lessons.sizes(np.array([1, 2, 3])).tolist() == [2, 0, 1]


def test_a_line_that_joins_the_basket_after_today_is_not_asked_for(a_history, today):
    _, lessons = some_lessons(a_history, today, (1, 12, 9, -3))
    assert lessons.bought.to_dict("split")["data"] == [[1, 5], [1, 6], [3, 7]]


def test_a_candidate_was_right_if_the_basket_held_it(a_history, today):
    _, lessons = some_lessons(a_history, today)
    items = np.array([5, 6, 8])
    q, item = np.repeat([0, 1, 2], 3), np.tile([0, 1, 2], 3)
    right = lessons.learnt(np.array([1, 2, 3]), items, q, item)
    assert right.reshape(3, 3).tolist() == [[True, True, False], [False] * 3, [False] * 3]
