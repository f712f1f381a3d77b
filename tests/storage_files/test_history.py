"""The order history: corrections win, what did not change keeps its file, nothing is lost."""

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.storage.history import (
    SCHEMA,
    MonthFile,
    item_history,
    lines_by_day,
    open_history,
    purchase_days,
    sold_since,
    spend,
    update_history,
)
from care.storage.store import Store, open_store
from tests.storage_files.builders import Line, relation, totals, updated

LAST = date(2999, 1, 1)
NOVEMBER = [
    Line("o1", "2017-11-03"),
    Line("o1", "2017-11-03", product=11),
    Line("o2", "2017-11-30"),
]
DECEMBER = [Line("o3", "2017-12-01"), Line("o4", "2017-12-02", customer=2)]


def lines_of(store: Store, files: list[MonthFile], *, night: date = LAST) -> set[Line]:
    frame = open_history(store, files, night=night).to_pyarrow().to_pandas()
    return {
        Line(order, str(day), product, amount, customer)
        for order, day, product, amount, customer in zip(
            frame["order_id"],
            frame["day"],
            frame["product_key"],
            frame["amount_minor"],
            frame["customer_key"],
            strict=True,
        )
    }


def paths(files: list[MonthFile]) -> list[str]:
    return [file.path for file in files]


def test_every_local_month_is_one_file_named_by_its_content(store: Store):
    files = updated(store, NOVEMBER + DECEMBER)
    assert [(file.month, file.rows) for file in files] == [("2017-11", 3), ("2017-12", 2)]
    for file in files:
        assert file.path == f"history/orders/month={file.month}/{file.sha256[:16]}.parquet"
        assert (file.sha256, file.bytes) == (
            store.facts(file.path).sha256,
            store.facts(file.path).bytes,
        )
    assert lines_of(store, files) == {*NOVEMBER, *DECEMBER}


def test_equal_lines_are_equal_bytes_whatever_order_they_come_in(tmp_path: Path):
    one, other = open_store(str(tmp_path / "one")), open_store(str(tmp_path / "other"))
    assert updated(one, NOVEMBER + DECEMBER) == updated(other, (NOVEMBER + DECEMBER)[::-1])


def test_a_file_is_sorted_and_has_no_column_that_names_a_person(folder_store: Store):
    lines = [Line("b", "2017-11-02", customer=2), Line("a", "2017-11-09"), Line("c", "2017-11-01")]
    (file,) = updated(folder_store, lines)
    table = pq.read_table(folder_store.url(file.path), partitioning=None)
    assert table["order_id"].to_pylist() == ["c", "a", "b"]
    assert table.column_names == list(SCHEMA)


def test_the_next_night_rewrites_only_the_month_that_grew(store: Store):
    before = updated(store, [*NOVEMBER, DECEMBER[0]])
    after = updated(store, NOVEMBER + DECEMBER, before)
    assert after[0] == before[0]
    assert after[1].path != before[1].path
    assert lines_of(store, before) == {*NOVEMBER, DECEMBER[0]}


def test_a_month_without_change_is_not_even_read(folder_store: Store):
    before = updated(folder_store, NOVEMBER)
    folder_store.write(before[0].path, b"unreadable")
    assert updated(folder_store, NOVEMBER, before) == before


def test_the_same_lines_again_change_nothing(folder_store: Store):
    before = updated(folder_store, NOVEMBER + DECEMBER)
    assert updated(folder_store, NOVEMBER + DECEMBER, before) == before


def test_a_correction_wins(store: Store):
    before = updated(store, NOVEMBER)
    corrected = [NOVEMBER[0]._replace(amount=999), *NOVEMBER[1:]]
    assert lines_of(store, updated(store, corrected, before)) == set(corrected)


def test_what_the_shop_no_longer_delivers_stays(folder_store: Store):
    before = updated(folder_store, NOVEMBER)
    after = updated(folder_store, DECEMBER, before)
    assert after[0] == before[0]
    assert lines_of(folder_store, after) == {*NOVEMBER, *DECEMBER}
    within = updated(folder_store, [NOVEMBER[2], *DECEMBER], after)
    assert lines_of(folder_store, within) == {*NOVEMBER, *DECEMBER}
    assert paths(within) == paths(after)


@pytest.mark.parametrize("delivered", [NOVEMBER[1:], []], ids=["with its month", "alone"])
def test_a_line_that_moved_to_another_month_leaves_the_old_one(folder_store: Store, delivered):
    before = updated(folder_store, NOVEMBER)
    moved = NOVEMBER[0]._replace(day="2017-12-01")
    after = updated(folder_store, [*delivered, moved], before)
    assert lines_of(folder_store, after) == {moved, *NOVEMBER[1:]}


def test_a_month_that_lost_all_its_lines_is_gone(folder_store: Store):
    before = updated(folder_store, NOVEMBER[:1])
    after = updated(folder_store, [NOVEMBER[0]._replace(day="2017-12-01")], before)
    assert [file.month for file in after] == ["2017-12"]


def test_no_orders_at_all_are_an_empty_history(store: Store):
    assert update_history(store, relation([]), by_day=totals(DECEMBER).iloc[:0]) == []
    history = open_history(store, [], night=LAST)
    assert item_history(history).dtypes.astype(str).to_dict() == ITEMS
    assert purchase_days(history).dtypes.astype(str).to_dict() == DAYS
    assert spend(history).dtypes.astype(str).to_dict() == SPEND
    assert sold_since(history, LAST).empty


def test_history_as_of_a_night_ends_before_its_local_day(folder_store: Store):
    files = updated(folder_store, NOVEMBER + DECEMBER)
    assert lines_of(folder_store, files, night=date(2017, 12, 2)) == {*NOVEMBER, DECEMBER[0]}


ITEMS = {"customer": "int64", "order": "int64", "item": "int64", "day": "int32"}
DAYS = {"customer_key": "int64", "type_key": "int64", "day": "int32"}
SPEND = {
    "customer_key": "int64",
    "amount_minor": "int64",
    "orders": "int64",
    "first_day": "datetime64[s]",
    "last_day": "datetime64[s]",
}


def test_purchase_days_are_distinct_and_in_order(store: Store):
    lines = [
        Line("o1", "2017-12-01", customer=2),
        Line("o2", "2017-11-03", product=11),
        Line("o3", "2017-11-03", product=11),
        Line("o4", "2017-11-02", product=11),
        Line("o5", "2017-12-01"),
    ]
    history = open_history(store, updated(store, lines), night=LAST)
    days = purchase_days(history)
    assert days.dtypes.astype(str).to_dict() == DAYS
    assert days.to_numpy().tolist() == [
        [1, 1010, 17501],
        [1, 1011, 17472],
        [1, 1011, 17473],
        [2, 1010, 17501],
    ]
    assert pd.Timestamp(17501, unit="D") == pd.Timestamp("2017-12-01")


def test_purchase_days_in_chunks_of_customers_are_all_of_them(folder_store: Store):
    lines = [Line(f"o{n}", f"2017-1{n % 3}-0{n}", customer=n) for n in range(1, 10)]
    history = open_history(folder_store, updated(folder_store, lines), night=LAST)
    chunks = [purchase_days(history, customers=(low, low + 4)) for low in (0, 4, 8)]
    assert [len(chunk) for chunk in chunks] == [3, 4, 2]
    pd.testing.assert_frame_equal(pd.concat(chunks, ignore_index=True), purchase_days(history))


def test_orders_are_numbered_densely_and_rise_in_time_for_each_customer(folder_store: Store):
    lines = [
        Line("z", "2017-10-01", customer=2),
        Line("m", "2017-11-03", product=11),
        Line("m", "2017-11-03", product=10),
        Line("a", "2017-12-24"),
        Line("m", "2017-12-24", customer=2),  # the same number from another customer
    ]
    frame = item_history(open_history(folder_store, updated(folder_store, lines), night=LAST))
    assert frame.dtypes.astype(str).to_dict() == ITEMS
    assert frame.to_numpy().tolist() == [
        [2, 0, 10, 17440],
        [1, 1, 10, 17473],
        [1, 1, 11, 17473],
        [1, 2, 10, 17524],
        [2, 3, 10, 17524],
    ]


def test_spend_adds_up_by_customer_from_a_day_on(folder_store: Store):
    lines = [
        Line("o1", "2017-10-01", amount=5),
        Line("o2", "2017-11-03", amount=30, product=11),
        Line("o2", "2017-11-03", amount=4),
        Line("o3", "2017-12-24", amount=200),
        Line("o4", "2017-12-24", amount=7, customer=2),
    ]
    history = open_history(folder_store, updated(folder_store, lines), night=LAST)
    found = spend(history, since=date(2017, 11, 3))
    assert found.dtypes.astype(str).to_dict() == SPEND
    expected = [
        [1, 234, 2, pd.Timestamp("2017-11-03"), pd.Timestamp("2017-12-24")],
        [2, 7, 1, pd.Timestamp("2017-12-24"), pd.Timestamp("2017-12-24")],
    ]
    assert found.to_numpy(dtype=object).tolist() == expected
    assert spend(history)["orders"].tolist() == [3, 1]


def test_what_was_sold_since_a_day_is_listed_once(folder_store: Store):
    lines = [*NOVEMBER, Line("o5", "2017-12-01", product=11), Line("o6", "2017-12-02", product=9)]
    history = open_history(folder_store, updated(folder_store, lines), night=LAST)
    assert sold_since(history, date(2017, 12, 1)).tolist() == [9, 11]


def test_lines_are_counted_by_day(folder_store: Store):
    history = open_history(folder_store, updated(folder_store, NOVEMBER), night=LAST)
    found = lines_by_day(history)
    assert found["day"].tolist() == [pd.Timestamp("2017-11-03"), pd.Timestamp("2017-11-30")]
    assert found["lines"].tolist() == [2, 1]


deliveries = st.lists(
    st.dictionaries(
        keys=st.tuples(st.sampled_from(["o1", "o2", "o3"]), st.sampled_from([10, 11])),
        values=st.tuples(
            st.sampled_from(["2017-10-31", "2017-11-01", "2017-11-30", "2017-12-01"]),
            st.sampled_from([100, 200]),
        ),
        max_size=5,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=12)
@given(deliveries)
def test_a_history_is_what_was_delivered_last_of_every_line(tmp_path_factory, nights):
    store, files, known = open_store(str(tmp_path_factory.mktemp("store"))), [], {}
    for delivered in nights:
        known |= delivered
        lines = [Line(o, day, p, amount) for (o, p), (day, amount) in delivered.items()]
        files = updated(store, lines, files) if lines else files
    expected = {Line(o, day, p, amount) for (o, p), (day, amount) in known.items()}
    assert lines_of(store, files) == expected
    assert sum(file.rows for file in files) == len(expected)
