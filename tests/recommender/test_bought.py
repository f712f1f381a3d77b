import numpy as np
import pandas as pd
import pytest

from recommender.items.bought import Bought, UnableToReadHistory


def rows(bought):
    customer = np.repeat(bought.customers, np.diff(bought.start))
    return pd.DataFrame(
        {
            "customer": customer,
            "item": bought.items[bought.item],
            "times": bought.times,
            "last_day": bought.last_day,
            "weight": bought.weight,
        }
    )


def assert_same(left, right):
    one, two = left.to_arrays(), right.to_arrays()
    assert one[1] == two[1]
    for name, array in one[0].items():
        np.testing.assert_array_equal(array, two[0][name], err_msg=name)


def test_every_row_equals_a_naive_groupby(a_shop, today):
    orders = a_shop.drop_duplicates(["customer", "order", "item"]).copy()
    latest = orders.groupby("customer")["day"].transform("max")
    orders["weight"] = 0.5 ** ((latest - orders["day"]) / 80.0)
    naive = (
        orders.groupby(["customer", "item"])
        .agg(times=("order", "size"), last_day=("day", "max"), weight=("weight", "sum"))
        .reset_index()
    )
    bought = Bought.of(a_shop, today=today)
    pd.testing.assert_frame_equal(rows(bought), naive, check_dtype=False)
    popular = orders["item"].value_counts()
    assert popular.loc[bought.items].tolist() == bought.orders.tolist()


def test_two_lines_of_one_order_count_once(a_history, today):
    bought = Bought.of(a_history((1, 10, 5, 3), (1, 10, 5, 3), (1, 11, 5, 0)), today=today)
    assert bought.times.tolist() == [2]
    assert bought.orders.tolist() == [2]


def test_the_future_changes_nothing(a_shop, today):
    then = today - 60
    past = a_shop[a_shop["day"] <= then]
    assert_same(Bought.of(a_shop, today=then), Bought.of(past, today=then))


def test_row_order_changes_nothing(a_shop, today):
    shuffled = a_shop.sample(frac=1.0, random_state=3)
    assert_same(Bought.of(a_shop, today=today), Bought.of(shuffled, today=today))


def test_chunks_of_customers_give_what_the_whole_gives(a_shop, today):
    chunks = [a_shop[a_shop["customer"] % 3 == rest] for rest in (2, 0, 1)]
    assert_same(Bought.of(iter(chunks), today=today), Bought.of(a_shop, today=today))


def test_chunks_that_split_a_customer_are_refused(a_shop, today):
    with pytest.raises(UnableToReadHistory, match="two chunks"):
        Bought.of([a_shop.iloc[:500], a_shop.iloc[500:]], today=today)


def test_a_history_without_orders_is_refused(a_shop):
    with pytest.raises(UnableToReadHistory, match="no order up to day 0"):
        Bought.of(a_shop, today=0)


def test_rows_of_unknown_customers_are_none(a_shop, today):
    bought = Bought.of(a_shop, today=today)
    owner, row = bought.rows_of(np.array([-1, 4, -1, 0]))
    assert set(owner) == {1, 3}
    assert row[owner == 1].tolist() == list(range(bought.start[4], bought.start[5]))
