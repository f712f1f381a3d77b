"""An interest: how much a customer bought lately of what a new product is one of."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from care.domain.curve import NEW_DAYS
from care.domain.product import offered
from care.domain.setaside import Columns

LOOKS_BACK_DAYS = 180
"""What she bought longer ago does not count."""
TYPE_WEIGHT = 10
"""A day on which she bought the product's type counts as so many on which she bought of its
category alone; by hindsight, see ``docs/models.md``."""
MOST_PRODUCTS = 40
"""New products at a time; of more, the latest."""
KEPT = 2_000
"""Customers kept a product, the keenest first."""

INTERESTS = Columns(
    "interests",
    {
        "customer_key": "int64",
        "product_key": "int64",  # the new product
        "type_days": "int64",  # days on which she bought of its type
        "category_days": "int64",  # of its category, those included
    },
)
"""One row per customer and new product that she has not bought, the keenest ``KEPT`` of each."""


def new_products(products: pd.DataFrame, *, night: date) -> pd.DataFrame:
    """Products introduced lately that may be named and can be had; columns of ``CATALOGUE``."""
    on = products["introduced_on"].to_numpy("datetime64[D]")
    today = np.datetime64(night, "D")
    new = (on <= today) & (on > today - NEW_DAYS)
    found = products[new & products["sayable"].to_numpy(bool) & offered(products).to_numpy(bool)]
    latest: pd.DataFrame = found.sort_values(
        ["introduced_on", "product_key"], ascending=[False, True]
    )
    return latest.head(MOST_PRODUCTS)


def alike(new: pd.DataFrame, pinned: pd.DataFrame) -> pd.DataFrame:
    """What is of the type or the category of each new product, itself included.

    ``pinned``: ``product_key, type_key, category`` of all products. Columns ``product_key``,
    ``new_key`` (int64), ``same_type`` (bool).
    """
    sold = pinned[["product_key", "type_key", "category"]]
    ours = sold[sold["product_key"].isin(new["product_key"])].rename(
        columns={"product_key": "new_key"}
    )
    of_type = ours[["new_key", "type_key"]].merge(sold[["product_key", "type_key"]], on="type_key")
    of_category = ours.loc[ours["category"] != "", ["new_key", "category"]].merge(
        sold[["product_key", "category"]], on="category"
    )
    both = pd.concat([of_type.assign(same_type=True), of_category.assign(same_type=False)])
    once = both.drop_duplicates(["product_key", "new_key"])  # the type's word first
    return once[["product_key", "new_key", "same_type"]].reset_index(drop=True)


def keenness(type_days: Any, category_days: Any) -> Any:
    """How likely she is to want it, in points: days of its type count more than of its category.

    Columns of ``INTERESTS`` in, one column out; of pandas, or of a table in a database.
    """
    return (TYPE_WEIGHT - 1) * type_days + category_days
