"""What the timing model sees of a customer's habits as a night begins.

A *rhythm* is a product type that is probably running out; a *break* one that she used to buy
regularly and has stopped buying, though she still shops; a *silence* the absence of a customer who
used to come.
"""

from collections.abc import Mapping

import pandas as pd

RHYTHMS: Mapping[str, str] = {
    "customer_key": "int64",
    "type_key": "int64",
    "product_key": "Int64",  # what she would most likely buy of the type
    "instead_key": "Int64",  # what stands in for it where it is not to be had; else missing
    "category": "str",
    "purchases": "int64",  # days on which she bought the type
    "mean_interval": "float64",  # days; after one purchase those that are usual for the type
    "last_day": "datetime64[s]",
    "probability": "float64",  # of a purchase within the horizon
    "expected_day": "datetime64[s]",
    "window_from": "datetime64[s]",
    "window_to": "datetime64[s]",
    "household_bought_on": "datetime64[s]",  # of the type; hers, or later by somebody at home
    "household_away_from": "datetime64[s]",  # from this day on hardly any pause was as long
}

BREAKS: Mapping[str, str] = {
    "customer_key": "int64",
    "type_key": "int64",
    "product_key": "Int64",
    "category": "str",
    "purchases": "int64",
    "mean_interval": "float64",
    "last_day": "datetime64[s]",
    "broken_on": "datetime64[s]",  # from this day on hardly any pause of hers was as long
}

SILENCES: Mapping[str, str] = {
    "customer_key": "int64",
    "visits": "int64",  # days on which she bought anything
    "mean_interval": "float64",
    "last_day": "datetime64[s]",
    "silent_on": "datetime64[s]",  # from this day on hardly any pause of hers was as long
}

FRESH_DAYS = 90
"""Breaks and silences older than this concern nobody any more."""


def none_of(columns: Mapping[str, str]) -> pd.DataFrame:
    """A frame of these columns without a row."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})
