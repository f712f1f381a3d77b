"""Order lines: each one read is kept or set aside for one reason, and nothing vanishes."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.domain.order import ORDERS
from care.domain.setaside import SET_ASIDE
from care.intake.line import as_instants
from care.intake.localday import night_begins
from care.intake.orders import OrdersTaken, UnableToTakeOrders, open_orders
from care.intake.sources import UnableToReadSources
from care.intake.table import connect
from tests.intake.builders import (
    UNTIL,
    ZONE,
    a_shop,
    kept_lines,
    orders_of,
    some_orders,
    take_orders,
    wall,
)

NAN, INF = float("nan"), float("inf")

SHOP: dict[str, Any] = {
    "products": {
        "product_id": ["p1", "p2", "fuel"],
        "product_type": ["milk", "eggs", "gas"],
        "department": ["FOOD", "FOOD", "FUEL"],
    },
    "say": {"products": {"exclude": {"department": {"any_of": ["FUEL"]}}}},
}


AS_TEXT = [
    ({"order_id": None}, "missing_key", "keys", "? / c1 / p1"),
    ({"customer_id": " "}, "missing_key", "keys", "{n} / ? / p1"),
    ({"product_id": "NULL"}, "missing_key", "keys", "{n} / c1 / ?"),
    ({"customer_id": "c9"}, "unknown_customer", "customer_id", "c9"),
    ({"customer_id": "c1\x00"}, "unknown_customer", "customer_id", "c1"),
    ({"product_id": "p9"}, "unknown_product", "product_id", "p9"),
    ({"product_id": "fuel"}, "not_merchandise", "product_id", "fuel"),
    ({"quantity": "0"}, "bad_quantity", "quantity", "0"),
    ({"quantity": "two"}, "bad_quantity", "quantity", "two"),
    ({"quantity": "NaN"}, "bad_quantity", "quantity", "NaN"),
    ({"amount": "-0.01"}, "bad_amount", "amount", "-0.01"),
    ({"amount": "9,99"}, "bad_amount", "amount", "9,99"),
    ({"amount": "=cmd()"}, "bad_amount", "amount", "=cmd()"),
    ({"amount": "9" * 1000}, "bad_amount", "amount", "9" * 59 + "…"),
    ({"ordered_at": "yesterday"}, "bad_time", "ordered_at", "yesterday"),
    ({"ordered_at": "2017-02-31 10:00:00"}, "bad_time", "ordered_at", "2017-02-31 10:00:00"),
    ({"ordered_at": "0001-01-01"}, "bad_time", "ordered_at", "0001-01-01"),
    ({"customer_id": "c9", "quantity": "0"}, "unknown_customer", "customer_id", "c9"),
]
TYPED = [
    ({"quantity": 0.0}, "bad_quantity", "quantity", "0.0"),
    ({"quantity": -1.0}, "bad_quantity", "quantity", "-1.0"),
    ({"quantity": NAN}, "bad_quantity", "quantity", "nan"),
    ({"quantity": INF}, "bad_quantity", "quantity", "inf"),
    ({"quantity": None}, "bad_quantity", "quantity", ""),
    ({"amount": -0.01}, "bad_amount", "amount", "-0.01"),
    ({"amount": NAN}, "bad_amount", "amount", "nan"),
    ({"amount": None}, "bad_amount", "amount", ""),
    ({"ordered_at": None}, "bad_time", "ordered_at", ""),
    ({"ordered_at": wall("1970-01-01")}, "bad_time", "ordered_at", "1970-01-01 00:00:00"),
    ({"ordered_at": wall("2999-01-01")}, "bad_time", "ordered_at", "2999-01-01 00:00:00"),
]


def the_lines(cases: list[tuple[Any, ...]], sound: dict[str, Any]) -> dict[str, list[Any]]:
    """Make one line of each case, and a sound one at the end."""
    said = [sound | {"order_id": str(n)} | case[0] for n, case in enumerate(cases)]
    said.append(sound | {"order_id": "sound"})
    return {name: [line[name] for line in said] for name in said[0]}


@pytest.fixture(scope="module")
def as_text(tmp_path_factory: pytest.TempPathFactory) -> OrdersTaken:
    sound = {"customer_id": "c1", "product_id": "p1", "quantity": "1", "amount": "9.99"}
    lines = the_lines(AS_TEXT, sound | {"ordered_at": "2017-11-05 12:00:00"})
    return orders_of(tmp_path_factory.mktemp("as-text"), lines, **SHOP)


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> OrdersTaken:
    sound = {"customer_id": "c1", "product_id": "p1", "quantity": 1.0, "amount": 9.99}
    lines = the_lines(TYPED, sound | {"ordered_at": wall("2017-11-05 12:00")})
    return orders_of(tmp_path_factory.mktemp("typed"), lines, **SHOP)


@pytest.mark.parametrize(
    ("fixture", "number", "reason", "field", "value"),
    [
        pytest.param(fixture, number, *case[1:], id=f"{fixture} {case[0]}"[:60])
        for fixture, cases in (("as_text", AS_TEXT), ("typed", TYPED))
        for number, case in enumerate(cases)
    ],
)
def test_a_line_that_cannot_be_used_is_set_aside(
    request: pytest.FixtureRequest, fixture: str, number: int, reason, field, value
):
    issues = request.getfixturevalue(fixture).set_aside
    row = issues[issues["row"] == number + 1].iloc[0]
    assert (row["source"], row["file"], row["scope"]) == ("orders", "orders.parquet", "row")
    assert (row["reason"], row["field"]) == (reason, field)
    assert row["value"] == value.format(n=number)
    assert len(row["remedy"]) > 10


def test_the_sound_line_beside_them_is_taken(as_text: OrdersTaken, typed: OrdersTaken):
    for taken in (as_text, typed):
        assert kept_lines(taken)["order_id"].tolist() == ["sound"]
        assert taken.read == taken.kept + sum(taken.rows_set_aside.values())


def test_sound_lines_come_in_the_houses_own_terms(tmp_path: Path):
    taken = orders_of(
        tmp_path,
        some_orders(
            order_id=[7, 8],
            product_id=["p2", "p1"],
            quantity=[2, 1],
            amount=[1.115, 0.0],
            ordered_at=[wall("2017-11-05 04:59"), wall("2017-11-06 05:00")],
        ),
        **SHOP,
    )
    lines = kept_lines(taken)
    assert list(lines) == list(ORDERS.dtypes)
    assert lines["order_id"].tolist() == ["7", "8"]
    assert lines[["customer_key", "product_key", "type_key"]].to_numpy().tolist() == [
        [7, 11, 21],
        [7, 10, 20],
    ]
    assert lines["quantity"].tolist() == [2.0, 1.0]
    assert lines["amount_minor"].tolist() == [112, 0]
    assert lines["day"].tolist() == [date(2017, 11, 5), date(2017, 11, 6)]
    assert lines["ordered_at"].tolist()[0] == pd.Timestamp("2017-11-05 04:59", tz="UTC")
    assert lines.drop(columns="day").dtypes.astype(str).to_dict() == {
        name: dtype for name, dtype in ORDERS.dtypes.items() if name != "day"
    }


@pytest.mark.parametrize(
    ("said", "timezone", "expected"),
    [
        (pa.array([wall("2017-07-01 12:00")], pa.timestamp("ns")), "UTC", "2017-07-01 12:00"),
        (pa.array([wall("2017-07-01 12:00")], pa.timestamp("s")), "Asia/Tokyo", "2017-07-01 03:00"),
        (
            pa.array([wall("2017-07-01 12:00")], pa.timestamp("ms", "UTC")),
            "Asia/Tokyo",
            "2017-07-01 12:00",
        ),
        (pa.array([date(2017, 7, 1)]), "America/New_York", "2017-07-01 04:00"),
        (pa.array(["2017-07-01 12:00:00"]), "Asia/Tokyo", "2017-07-01 03:00"),
        (pa.array(["2017-07-01"]), "Asia/Tokyo", "2017-06-30 15:00"),
        (pa.array(["2017-07-01T12:00:00+08:00"]), "UTC", "2017-07-01 04:00"),
        (pa.array(["2017-07-01T12:00:00.5Z"]), "Asia/Tokyo", "2017-07-01 12:00:00.5"),
    ],
    ids=["naive", "naive there", "zoned", "date", "text", "text of a day", "offset", "Zulu"],
)
def test_an_instant_may_be_written_in_many_ways(said: pa.Array, timezone: str, expected: str):
    rows = connect().create_table("t", ibis.memtable(pa.table({"said": said})), temp=True)
    found = as_instants(rows.said, timezone).as_table().to_pyarrow().column(0).to_pylist()
    assert found == [pd.Timestamp(expected, tz="UTC")]


def test_a_time_of_another_type_is_refused_with_a_remedy(tmp_path: Path):
    with pytest.raises(UnableToReadSources, match=r"ordered_at is of type int64; give a timestamp"):
        orders_of(tmp_path, some_orders(ordered_at=[1509883200]))


def test_what_is_ordered_from_midnight_on_is_not_yet_read(tmp_path: Path):
    last = UNTIL.replace(tzinfo=None) - timedelta(microseconds=1)
    orders = some_orders(ordered_at=[last, last + timedelta(microseconds=1), wall("2018-05-01")])
    taken = orders_of(tmp_path, orders)
    assert (taken.read, taken.kept, taken.rows_set_aside) == (1, 1, {})
    assert taken.by_day["day"].tolist() == [pd.Timestamp("2017-11-30")]
    later = orders_of(tmp_path, orders, until=night_begins(date(2017, 12, 2), ZONE))
    assert later.read == 2


def test_of_a_repeated_line_the_last_sound_one_counts(tmp_path: Path):
    taken = orders_of(
        tmp_path,
        some_orders(
            order_id=["o1", "o1", "o1", "o2", "o1"],
            product_id=["p1", "p1", "p1", "p1", "p2"],
            amount=[1.0, 2.0, -3.0, 4.0, 5.0],
        ),
        **SHOP,
    )
    lines = kept_lines(taken)
    assert lines[["order_id", "amount_minor"]].to_numpy().tolist() == [
        ["o1", 200],
        ["o1", 500],
        ["o2", 400],
    ]
    assert taken.rows_set_aside == {"bad_amount": 1, "duplicate_line": 1}
    assert taken.read == 5
    repeated = taken.set_aside[taken.set_aside["reason"] == "duplicate_line"].iloc[0]
    assert (repeated["row"], repeated["key"], repeated["value"]) == (1, "o1", "p1")


def test_of_a_line_in_two_files_the_one_of_the_later_file_counts(tmp_path: Path):
    for name, amount in {"orders-2017-11-06": 2.0, "orders-2017-11-05": 1.0}.items():
        a_shop(tmp_path, orders=some_orders(amount=[amount]))
        (tmp_path / "orders.parquet").rename(tmp_path / f"{name}.parquet")
    taken = orders_of(tmp_path, some_orders(), say={"orders": {"path": "orders-*.parquet"}})
    assert kept_lines(taken)["amount_minor"].tolist() == [200]
    assert taken.set_aside["file"].tolist() == ["orders-2017-11-05.parquet"]


def test_a_product_listed_both_as_merchandise_and_not_is_what_its_last_row_says(tmp_path: Path):
    products = {
        "product_id": ["p1", "p1"],
        "product_type": ["t", "t"],
        "department": ["FUEL", "FOOD"],
    }
    taken = orders_of(tmp_path, some_orders(), **(SHOP | {"products": products}))
    assert (taken.kept, taken.rows_set_aside) == (1, {})


def test_only_a_sample_of_each_reason_is_listed_but_all_are_counted(tmp_path: Path):
    orders = some_orders(quantity=[0.0] * 50 + [1.0] * 60, customer_id=["c1"] * 100 + ["c9"] * 10)
    taken = take_orders(a_shop(tmp_path, orders=orders), samples=5)
    assert taken.rows_set_aside == {"bad_quantity": 50, "unknown_customer": 10}
    assert taken.set_aside["row"].tolist() == [1, 2, 3, 4, 5, 101, 102, 103, 104, 105]
    SET_ASIDE.check(taken.set_aside)
    assert taken.read == taken.kept + 60 == 110


def test_days_add_up_and_their_digest_does_not_depend_on_the_order(tmp_path: Path):
    times = [wall("2017-11-05 12:00") + timedelta(hours=9 * n) for n in range(40)]
    orders = some_orders(ordered_at=times, amount=np.arange(40) / 7)
    backwards = {name: list(reversed(values)) for name, values in orders.items()}
    first, second = orders_of(tmp_path, orders), orders_of(tmp_path, backwards)
    pd.testing.assert_frame_equal(first.by_day, second.by_day)
    assert first.by_day["lines"].sum() == first.kept == 40
    assert first.by_day.dtypes.astype(str).to_dict() == {
        "day": "datetime64[s]",
        "lines": "int64",
        "digest": "uint64",
    }


def test_the_digest_of_a_day_changes_with_anything_in_a_line(tmp_path: Path):
    variants: list[dict[str, list[Any]]] = [
        {},
        {"amount": [9.98]},
        {"ordered_at": [wall("2017-11-05 12:00:01")]},
        {"product_id": ["p2"]},
    ]
    found = [orders_of(tmp_path, some_orders(**said), **SHOP).by_day for said in variants]
    assert {days["day"].tolist()[0] for days in found} == {pd.Timestamp("2017-11-05")}
    assert len({days["digest"].tolist()[0] for days in found}) == len(variants)


def test_lines_outlive_the_shops_file(tmp_path: Path):
    taken = orders_of(tmp_path, some_orders(3))
    (tmp_path / "orders.parquet").unlink()
    assert len(kept_lines(taken)) == 3


def test_no_orders_at_all_is_a_night_without_orders(tmp_path: Path):
    empty = pa.table(some_orders()).slice(0, 0)
    taken = orders_of(tmp_path, empty)
    assert (taken.read, taken.kept, taken.rows_set_aside) == (0, 0, {})
    assert taken.by_day.empty
    assert kept_lines(taken).empty
    SET_ASIDE.check(taken.set_aside)


def test_two_keys_for_one_customer_are_refused(tmp_path: Path):
    sources = a_shop(tmp_path)
    with pytest.raises(UnableToTakeOrders, match="customer_id 'c1' has two keys"):
        open_orders(
            sources,
            customers=pd.DataFrame({"customer_id": ["c1", "c1"], "customer_key": [1, 2]}),
            products=pd.DataFrame({"product_id": ["p1"], "product_key": [1], "type_key": [1]}),
            until=UNTIL,
            timezone=ZONE,
        )


said = st.fixed_dictionaries(
    {
        "order_id": st.sampled_from(["o1", "o2", None, "", "o" * 300]),
        "customer_id": st.sampled_from(["c1", "c1", "c9", None]),
        "product_id": st.sampled_from(["p1", "p2", "p9", "fuel", None]),
        "quantity": st.sampled_from([1.0, 0.5, 0.0, -1.0, NAN, INF, None]),
        "amount": st.sampled_from([1.0, 0.0, -1.0, NAN, INF, 1e300, None]),
        "ordered_at": st.sampled_from(
            [wall("2017-11-05"), wall("2017-10-31 03:00"), wall("2018-01-01"), None]
        ),
    }
)


@settings(max_examples=6)
@given(st.lists(said, min_size=1, max_size=40))
def test_whatever_comes_every_line_is_kept_or_set_aside_once(tmp_path_factory, lines):
    columns = {name: [line[name] for line in lines] for name in lines[0]}
    types = {"quantity": pa.float64(), "amount": pa.float64(), "ordered_at": pa.timestamp("us")}
    rows = pa.table({n: pa.array(v, types.get(n, pa.string())) for n, v in columns.items()})
    taken = orders_of(tmp_path_factory.mktemp("shop"), rows, **SHOP)
    not_yet = sum(line["ordered_at"] == wall("2018-01-01") for line in lines)
    assert taken.read == len(lines) - not_yet
    assert taken.read == taken.kept + sum(taken.rows_set_aside.values())
    assert len(taken.set_aside) == sum(taken.rows_set_aside.values())
    kept = kept_lines(taken)
    assert len(kept) == taken.kept
    assert not kept.duplicated(["order_id", "product_key"]).any()
    assert not taken.set_aside.duplicated(["file", "row"]).any()
    assert set(taken.rows_set_aside) == set(taken.set_aside["reason"])
