"""The tables that a shop need not have, beside its customers, products and orders."""

from datetime import date

import pandas as pd

from care.intake.cases import read_cases
from care.intake.deliveries import read_deliveries
from care.intake.reviews import read_reviews
from care.intake.sources import Sources
from care.intake.taken import Taken


def read_beside(
    sources: Sources, *, customers: pd.DataFrame, products: pd.DataFrame, night: date
) -> dict[str, Taken]:
    """Read those of them that ``shop.toml`` describes, by name, as a night begins.

    ``customers``: ``customer_id, customer_key``. ``products``: ``product_id, product_key``.

    Raises:
        UnableToReadSources: a file or a required column is not there.
    """
    found = {}
    if sources.cases is not None:
        found["cases"] = read_cases(
            sources, sources.cases, customers=customers, products=products, night=night
        )
    if sources.deliveries is not None:
        found["deliveries"] = read_deliveries(
            sources, sources.deliveries, customers=customers, products=products, night=night
        )
    if sources.reviews is not None:
        found["reviews"] = read_reviews(
            sources, sources.reviews, customers=customers, products=products, night=night
        )
    return found
