"""The feed by day, counted where the history lies."""

from datetime import date

import ibis
import pandas as pd

from care.storage.feed import read_feed

LINES = [
    # customer, product, order, day
    (1, 7, "o1", "2017-09-01"),
    (1, 7, "o2", "2017-11-01"),
    (1, 8, "o2", "2017-11-01"),
    (2, 7, "o2", "2017-11-01"),
    (2, 8, "o3", "2017-11-28"),
    (2, 9, "o3", "2017-11-30"),
    (2, 7, "o3", "2017-11-30"),
]


def history(rows=LINES):
    frame = pd.DataFrame(rows, columns=["customer_key", "product_key", "order_id", "day"])
    frame["day"] = pd.to_datetime(frame["day"]).dt.date
    schema = {"customer_key": "int64", "product_key": "int64", "order_id": "string", "day": "date"}
    return ibis.memtable(frame, schema=ibis.schema(schema))


def test_each_day_is_counted_and_old_ones_have_their_lines_alone():
    found = read_feed(history(), since=date(2017, 10, 15))
    assert found.drop(columns="day").to_numpy().tolist() == [
        [1, 0, 0, 0, 0, 0, 0],
        [3, 2, 2, 2, 2, 2, 1],  # one order number of two customers is two orders
        [1, 1, 1, 1, 1, 1, 1],  # product 8, on its 28th day
        [2, 1, 1, 2, 1, 2, 1],
    ]


def test_a_history_without_lines_has_no_days():
    assert read_feed(history([]), since=date(2017, 10, 15)).empty
