"""The catalogue: merchandise is kept whole, the rest is set aside by the mapping's rules."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from care.domain.product import PRODUCTS
from tests.intake.builders import issues_of, products_of

EXCLUDE = {
    "exclude": {
        "department": {"any_of": ["FUEL", "RX"]},
        "category": {"containing": ["COUPON"]},
    }
}


def test_what_the_mapping_excludes_is_set_aside_and_all_rows_add_up(tmp_path: Path):
    taken = products_of(
        tmp_path,
        products={
            "product_id": [1, 2, 3, 4, 5, None, 1],
            "product_type": ["milk"] * 7,
            "department": ["GROCERY", "FUEL", "MISC", "RX", "FUELS", "GROCERY", "GROCERY"],
            "category": ["DAIRY", "GAS", "STORE COUPONS", "PILLS", None, "DAIRY", "CHEESE"],
        },
        say={"products": EXCLUDE},
    )
    assert taken.kept["product_id"].tolist() == ["5", "1"]
    assert taken.kept["category"].tolist() == ["", "CHEESE"]
    assert taken.rows_set_aside == {"not_merchandise": 3, "missing_key": 1, "duplicate_key": 1}
    assert taken.read == len(taken.kept) + sum(taken.rows_set_aside.values())
    merchandise = taken.set_aside[taken.set_aside["reason"] == "not_merchandise"]
    assert merchandise[["key", "field", "value"]].to_numpy().tolist() == [
        ["2", "department", "FUEL"],
        ["3", "category", "STORE COUPONS"],
        ["4", "department", "RX"],
    ]
    assert "products.exclude" in merchandise["remedy"].iloc[0]


@pytest.mark.parametrize(
    ("said", "expected", "noted"),
    [
        ({"product_type": "milk", "category": "DAIRY", "name": "Milk 1 l"}, "milk", False),
        ({"product_type": None, "category": "DAIRY", "name": "Milk 1 l"}, "DAIRY", True),
        ({"product_type": " ", "category": None, "name": "Milk 1 l"}, "Milk 1 l", True),
        ({"product_type": None, "category": None, "name": None}, "p1", True),
    ],
)
def test_a_missing_type_is_stood_in_for(tmp_path: Path, said, expected, noted):
    rows = {"product_id": ["p1"]} | {k: pa.array([v], pa.string()) for k, v in said.items()}
    taken = products_of(tmp_path, products=rows)
    assert taken.kept["product_type"].tolist() == [expected]
    assert issues_of(taken) == [("product_type", "missing_value", "field")] * noted


@pytest.mark.parametrize(
    ("price", "money", "expected", "reasons"),
    [
        (1.99, "major", 199, []),
        ("1.99", "major", 199, []),
        (199, "minor", 199, []),
        (None, "major", None, []),
        (float("nan"), "major", None, []),
        (float("inf"), "major", None, ["bad_amount"]),
        (-1.0, "major", None, ["bad_amount"]),
        ("gratis", "major", None, ["bad_amount"]),
    ],
)
def test_a_price_is_in_minor_units_or_emptied(tmp_path: Path, price, money, expected, reasons):
    taken = products_of(
        tmp_path,
        products={"product_id": ["p1"], "product_type": ["t"], "price": pa.array([price])}
        if price is not None
        else {"product_id": ["p1"], "product_type": ["t"]},
        say={"products": {"money": money}},
    )
    found = taken.kept["price_minor"].iloc[0]
    assert (None if pd.isna(found) else found) == expected
    assert [issue[:2] for issue in issues_of(taken)] == [("price", reason) for reason in reasons]


def test_names_are_tidied_and_fall_back_on_the_key(tmp_path: Path):
    taken = products_of(
        tmp_path,
        products={
            "product_id": ["p1", "p2"],
            "product_type": ["t", "t"],
            "name": ["\u202eSoup\x00  XL", None],
            "name_zh": ["汤", None],
        },
    )
    assert taken.kept["name"].tolist() == ["Soup XL", "p2"]
    assert taken.kept["name_zh"].fillna("-").tolist() == ["汤", "-"]
    assert issues_of(taken) == [("name", "unprintable", "field")]
    PRODUCTS.check(taken.kept)


def test_an_empty_catalogue_is_an_empty_frame(tmp_path: Path):
    taken = products_of(tmp_path, products={"product_id": pa.array([], pa.int64())})
    PRODUCTS.check(taken.kept)
    assert (taken.read, len(taken.set_aside)) == (0, 0)
