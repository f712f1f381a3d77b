"""Where a product is in its life: stage, successor, intervals, stock and the quality notice."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from care.domain.product import CATALOGUE, PRODUCTS, catalogue, offered
from care.intake.products import read_products
from tests.intake.builders import NIGHT, a_shop, issues_of


def taken(folder: Path, columns, **say):
    count = len(next(iter(columns.values())))
    rows = {"product_id": [f"p{n + 1}" for n in range(count)], "product_type": ["t"] * count}
    sources = a_shop(folder, products=pa.table(rows | columns), say={"products": say})
    return read_products(sources, night=NIGHT)


def test_a_shop_that_tells_none_of_it_has_the_columns_all_the_same(tmp_path: Path):
    found = taken(tmp_path, {"price": [1.0]})
    PRODUCTS.check(found.kept)
    life = ["stage", "successor", "service_interval_days", "stock", "flagged_on", "introduced_on"]
    assert found.kept[life].isna().all(axis=None)
    assert issues_of(found) == []


def test_a_stage_is_one_of_five_words_or_translated(tmp_path: Path):
    words = ["Growth", "retired", "auslaufend", "old", None]
    found = taken(tmp_path, {"stage": words}, values={"stage": {"auslaufend": "decline"}})
    assert found.kept["stage"].fillna("-").tolist() == ["growth", "retired", "decline", "-", "-"]
    assert issues_of(found) == [("stage", "unknown_value", "field")]


def test_a_successor_is_another_product_of_the_catalogue(tmp_path: Path):
    found = taken(tmp_path, {"successor": ["p2", "p2", "p9", None]})
    assert found.kept["successor"].fillna("-").tolist() == ["p2", "-", "-", "-"]
    assert issues_of(found) == [("successor", "unknown_product", "field")] * 2


def test_a_successor_is_read_as_a_key_is(tmp_path: Path):
    rows = {"product_id": [1, 2], "product_type": ["t", "t"], "successor": [2.0, None]}
    found = read_products(a_shop(tmp_path, products=rows), night=NIGHT)
    assert found.kept["successor"].fillna("-").tolist() == ["2", "-"]


@pytest.mark.parametrize("column", ["service_interval_days", "warranty_days"])
@pytest.mark.parametrize(
    ("said", "days", "flawed"),
    [
        ("90", 90, False),
        ("90.0", 90, False),
        ("0", None, False),  # no interval at all, as shops write it
        (None, None, False),
        ("-1", None, True),
        ("2.5", None, True),
        ("half a year", None, True),
        ("1000000", None, True),
    ],
)
def test_days_are_whole_numbers_above_nothing(tmp_path: Path, column, said, days, flawed):
    found = taken(tmp_path, {column: pa.array([said], pa.string())})
    value = found.kept[column].iloc[0]
    assert (None if pd.isna(value) else value) == days
    assert issues_of(found) == [(column, "bad_number", "field")] * flawed


def test_no_stock_is_a_stock(tmp_path: Path):
    found = taken(tmp_path, {"stock": [0, 12, None]})
    assert found.kept["stock"].fillna(-1).tolist() == [0, 12, -1]


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2017-12-01", None),
        ("2017-12-02", "future_date"),
        ("1900-01-01", "sentinel_date"),
        ("2017-02-30", "bad_date"),
        ("recalled", "bad_date"),
    ],
)
def test_the_day_of_a_quality_notice_is_a_day_up_to_the_night(tmp_path: Path, day, reason):
    found = taken(tmp_path, {"flagged_on": [day]})
    assert found.kept["flagged_on"].notna().tolist() == [reason is None]
    assert issues_of(found) == ([("flagged_on", reason, "field")] if reason else [])


def test_a_product_may_be_introduced_after_the_night(tmp_path: Path):
    found = taken(tmp_path, {"introduced_on": ["2018-03-01"]})
    assert found.kept["introduced_on"].tolist() == [pd.Timestamp("2018-03-01")]


def test_a_catalogue_pinned_before_these_columns_were_known_holds_nothing_in_them():
    pinned = pd.DataFrame(
        {"product_key": [1, 2], "type_key": [1, 1], "name": ["a", "b"], "name_zh": ["a", None]}
        | {"category": ["TEA", "TOBACCO"], "price_minor": [100, None]}
    )
    found = CATALOGUE.check(catalogue(pinned, never_name=["TOBACCO"]))
    assert found["sayable"].tolist() == [True, False]
    assert found[["stage", "successor_key", "flagged_on"]].isna().all(axis=None)


def test_what_is_retired_or_out_of_stock_is_not_offered():
    goods = pd.DataFrame(
        {
            "stage": ["growth", "retired", None, "decline"],
            "stock": pd.array([0, 5, None, 1], dtype="Int64"),
        }
    )
    assert offered(goods).tolist() == [False, False, True, True]
    assert offered(goods[[]]).all()
