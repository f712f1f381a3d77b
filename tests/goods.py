"""Nouns for tests of care that reads what customers own: a product, a purchase, the tables."""

from typing import Any

import pandas as pd

from care.domain.campaign import Tables
from care.domain.owned import OWNED
from care.domain.product import CATALOGUE
from tests.builders import rhythms

_PRODUCT: dict[str, Any] = {
    "product_key": 70,
    "type_key": 7,
    "name": "water filter",
    "name_zh": "净水滤芯",
    "price_minor": 1500,
    "stage": None,
    "successor": None,
    "successor_key": None,
    "service_interval_days": None,
    "warranty_days": None,
    "stock": None,
    "flagged_on": None,
    "introduced_on": None,
    "stage_inferred": False,
    "sayable": True,
}


def a_product(product_key: int = 70, **told: Any) -> dict[str, Any]:
    """A product of which the shop tells nothing but names and a price, unless told."""
    unknown = set(told) - set(_PRODUCT)
    assert not unknown, unknown
    return _PRODUCT | {"product_key": product_key} | told


def products(*rows: dict[str, Any]) -> pd.DataFrame:
    """The catalogue as rules see it."""
    return pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], dtype=dtype)
            for name, dtype in CATALOGUE.dtypes.items()
        }
    )


def bought(
    bought_on: str, customer_key: int = 1, product_key: int = 70, affected_on: str | None = None
) -> dict[str, Any]:
    """Who bought what, and when last; ``affected_on``: and when last before its notice."""
    return {
        "customer_key": customer_key,
        "product_key": product_key,
        "type_key": 7,
        "bought_on": bought_on,
        "affected_on": affected_on,
    }


def owned(*rows: dict[str, Any]) -> pd.DataFrame:
    """What customers own."""
    return pd.DataFrame(list(rows), columns=list(OWNED.dtypes)).astype(dict(OWNED.dtypes))


def tables_of(
    people: pd.DataFrame, sold: pd.DataFrame, theirs: pd.DataFrame, **more: Any
) -> Tables:
    """What rules look at, of people, products and what they own."""
    return Tables(customers=people, rhythms=rhythms(), products=sold, owned=theirs, **more)
