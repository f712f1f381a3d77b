"""An event: something a customer did in the shop that is no order."""

from datetime import date

import pandas as pd

from care.domain.setaside import Columns

KINDS = ("view", "cart")

WINDOW_DAYS = 30
"""Events longer before the night than this concern nobody any more."""
FRESH_DAYS = 21
"""What was left longer before the night than this is no reason to write."""

EVENTS = Columns(
    "events",
    {
        "customer_key": "int64",
        "product_key": "int64",
        "kind": "str",  # one of KINDS
        "times": "int64",
        "last_on": "datetime64[s]",  # local day in the shop's timezone
    },
)
"""One row per customer, product and kind of event in the window before the night."""

BOUGHT = Columns(
    "bought",
    {
        "customer_key": "int64",
        "type_key": "int64",
        "bought_on": "datetime64[s]",  # the last time
    },
)
"""One row per customer and product type that she was interested in, and bought in the window."""


def left_behind(
    events: pd.DataFrame | None,
    unpaid: pd.DataFrame | None,
    products: pd.DataFrame,
    *,
    night: date,
) -> pd.DataFrame:
    """The customers and product types (``customer_key, type_key``) that a rule may ask about.

    Those of unpaid orders and, of the last days before the night, of carts and of what was looked
    at more than once.
    """
    told = [BOUGHT.empty()[["customer_key"]].assign(product_key=pd.Series(dtype="int64"))]
    if unpaid is not None:
        told.append(unpaid[["customer_key", "product_key"]])
    if events is not None:
        fresh = events["last_on"] >= pd.Timestamp(night) - pd.Timedelta(days=FRESH_DAYS)
        meant = (events["kind"] == "cart") | (events["times"] > 1)
        told.append(events.loc[fresh & meant, ["customer_key", "product_key"]])
    both = pd.concat(told, ignore_index=True)
    known = both.merge(products[["product_key", "type_key"]], on="product_key")
    return known[["customer_key", "type_key"]].drop_duplicates(ignore_index=True)
