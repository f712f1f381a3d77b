"""A product the shop sells, the type that says what it is bought for, and where it is in life."""

from collections.abc import Collection

import pandas as pd

from care.domain.setaside import Columns

STAGES = ("introduction", "growth", "maturity", "decline", "retired")
LEAVING = ("decline", "retired")
"""Stages of a product that another one follows."""

PRODUCTS = Columns(
    "products",
    {
        "product_id": "str",  # the shop's own key
        "name": "str",  # English or the shop's default; never missing
        "name_zh": "str",
        "product_type": "str",  # never missing: its category or name stands in
        "category": "str",  # "" where unknown
        "department": "str",
        "price_minor": "Int64",
        "stage": "str",  # one of STAGES
        "successor": "str",  # product_id of the one that follows it; never its own
        "service_interval_days": "Int64",  # above 0
        "warranty_days": "Int64",  # above 0
        "stock": "Int64",  # pieces, 0 or more
        "flagged_on": "datetime64[s]",  # day of the quality notice
        "introduced_on": "datetime64[s]",
    },
)
"""One row a product. Text may be missing unless said otherwise; money in minor units."""

CATALOGUE = Columns(
    "catalogue",
    {
        "product_key": "int64",
        "type_key": "int64",
        "name": "str",
        "name_zh": "str",
        "price_minor": "Int64",
        "stage": "str",
        "successor": "str",
        "successor_key": "Int64",
        "service_interval_days": "Int64",
        "warranty_days": "Int64",
        "stock": "Int64",
        "flagged_on": "datetime64[s]",
        "introduced_on": "datetime64[s]",
        "stage_inferred": "bool",  # whether it is the sales curve that says so, not the shop
        "sayable": "bool",  # whether letters may name it, other than to warn of it
    },
)
"""One row a product under the house's own keys, as rules look at it."""


def catalogue(pinned: pd.DataFrame, *, never_name: Collection[str]) -> pd.DataFrame:
    """Products as rules look at them, from those a night pinned.

    ``never_name``: categories that no message may mention. A column that the night did not pin,
    because an older version took it, holds nothing.
    """
    found = pinned.assign(stage_inferred=False, sayable=~pinned["category"].isin(list(never_name)))
    for name, dtype in CATALOGUE.dtypes.items():
        if name not in found:
            found[name] = pd.Series(pd.NA, index=found.index, dtype=dtype)
    told = found[list(CATALOGUE.dtypes)]
    return told.astype(dict(CATALOGUE.dtypes)).reset_index(drop=True)


def offered(products: pd.DataFrame) -> pd.Series:
    """Which products may be offered: neither retired nor out of stock, as far as the shop tells."""
    there = pd.Series(True, index=products.index)
    if "stage" in products:
        there &= products["stage"].ne("retired").fillna(True).astype(bool)
    if "stock" in products:
        there &= products["stock"].ne(0).fillna(True).astype(bool)
    return there


def only_sayable(keys: pd.Series, products: pd.DataFrame) -> pd.Series:
    """Product keys, missing where letters may not name the product or do not know it."""
    return keys.where(keys.isin(products.loc[products["sayable"], "product_key"]))
