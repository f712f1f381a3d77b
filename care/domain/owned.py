"""What customers own that may need care: who bought which product, and when last."""

import pandas as pd

from care.domain.case import last_of
from care.domain.product import LEAVING
from care.domain.setaside import Columns

WARRANTY_HORIZON_DAYS = 90
"""A warranty that ends further ahead of the night than this concerns another night."""

OWNED = Columns(
    "owned",
    {
        "customer_key": "int64",
        "product_key": "int64",
        "type_key": "int64",
        "bought_on": "datetime64[s]",  # the last time
        "affected_on": "datetime64[s]",  # the last time up to the day of its quality notice
    },
)
"""One row per customer and product that has a service interval, a warranty near its end, a quality
notice, or a stage that another product follows."""


def worth_owning(products: pd.DataFrame) -> pd.DataFrame:
    """Products whose owners a rule may ask for, of the columns of ``CATALOGUE``.

    ``warranty_alone`` marks those of which only the owners near the end of the warranty matter.
    """
    told = ~products["stage_inferred"]  # of the others only those that something follows
    always = (
        (products["service_interval_days"] > 0).fillna(False).astype(bool)
        | products["flagged_on"].notna()
        | (products["stage"].isin(LEAVING) & (told | products["successor_key"].notna()))
    )
    warranted = (products["warranty_days"] > 0).fillna(False).astype(bool)
    return products.assign(warranty_alone=~always)[always | warranted]


def of_products(owned: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """The owners of these products, with all that is known of the product beside each."""
    told: pd.DataFrame = owned.merge(products.drop(columns="type_key"), on="product_key")
    return told


def not_returned(owned: pd.DataFrame, cases: pd.DataFrame | None) -> pd.DataFrame:
    """Without what was given back since it was bought the last time, as far as cases tell."""
    if cases is None or owned.empty:
        return owned
    given_back = last_of(cases, "return", "opened_on")
    told = owned.merge(given_back, on=["customer_key", "product_key"], how="left")
    gone = (told["opened_on"] >= told["bought_on"]).to_numpy(bool)
    return told[~gone].drop(columns="opened_on").reset_index(drop=True)


def last_repaired(owned: pd.DataFrame, cases: pd.DataFrame | None) -> pd.Series:
    """The day on which the last repair of what she owns was done; NaT where there was none."""
    if cases is None:
        return pd.Series(pd.NaT, index=owned.index, dtype="datetime64[s]")
    repaired = last_of(cases, "repair", "closed_on")
    told = owned[["customer_key", "product_key"]].merge(
        repaired, on=["customer_key", "product_key"], how="left"
    )
    return told["closed_on"].set_axis(owned.index)
