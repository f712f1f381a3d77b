"""The tables that a shop need not have, beside its customers, products and orders."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pandas as pd

from care.intake.cases import read_cases
from care.intake.deliveries import read_deliveries
from care.intake.events import read_events
from care.intake.reviews import read_reviews
from care.intake.sources import Sources
from care.intake.taken import Taken


def read_beside(
    sources: Sources,
    *,
    customers: pd.DataFrame,
    products: pd.DataFrame,
    night: date,
    timezone: str = "UTC",
) -> dict[str, Taken]:
    """Read those of them that ``shop.toml`` describes, by name, as a night begins.

    ``customers``: ``customer_id, customer_key``. ``products``: ``product_id, product_key``.
    ``timezone``: of the shop's local day.

    Raises:
        UnableToReadSources: a file or a required column is not there.
    """
    known: dict[str, Any] = {"customers": customers, "products": products, "night": night}
    return {
        name: read(sources, table, **known)
        for name, read in readers(timezone).items()
        if (table := getattr(sources, name)) is not None
    }


def readers(timezone: str) -> dict[str, Callable[..., Taken]]:
    """By table: ``read(sources, table, *, customers, products, night)``."""
    return {
        "cases": read_cases,
        "deliveries": read_deliveries,
        "reviews": read_reviews,
        "events": partial(read_events, timezone=timezone),
    }
