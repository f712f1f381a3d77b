"""Column names and types of every frame the recommender takes or returns.

Days are local calendar days counted from 1970-01-01. Keys of customers, items, orders and types
are integers of the caller's choosing; only their order and equality matter here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

CUSTOMER: Final = "customer"
ORDER: Final = "order"
ITEM: Final = "item"
TYPE: Final = "type"
DAY: Final = "day"

RANK: Final = "rank"
SCORE: Final = "score"
SOURCE: Final = "source"
REASON: Final = "reason"
TIMES: Final = "times"
LAST_DAY: Final = "last_day"
SEGMENT: Final = "segment"
WEIGHT: Final = "weight"
BUYERS: Final = "buyers"
BECAUSE: Final = "because"
BECAUSE_DAY: Final = "because_day"

PURCHASES: Final = "purchases"
FIRST_DAY: Final = "first_day"
MEAN_INTERVAL: Final = "mean_interval"
MEAN_LOG_INTERVAL: Final = "mean_log_interval"
LOG_INTERVAL_SS: Final = "log_interval_ss"

PROBABILITY: Final = "probability"
EXPECTED_DAY: Final = "expected_day"
WINDOW_FROM: Final = "window_from"
WINDOW_TO: Final = "window_to"

Schema = Mapping[str, str]

HISTORY: Final[Schema] = MappingProxyType(
    {CUSTOMER: "int64", ORDER: "int64", ITEM: "int64", DAY: "int32"}
)
"""One row an order line, or an item of an order; further columns are ignored."""

PURCHASE_DAYS: Final[Schema] = MappingProxyType({CUSTOMER: "int64", TYPE: "int64", DAY: "int32"})
"""One row a day on which a customer bought something of a type."""

CUSTOMER_ITEMS: Final[Schema] = MappingProxyType({CUSTOMER: "int64", ITEM: "int64"})
CUSTOMER_TYPES: Final[Schema] = MappingProxyType({CUSTOMER: "int64", TYPE: "int64"})
ITEM_TYPES: Final[Schema] = MappingProxyType({ITEM: "int64", TYPE: "int64"})

CUSTOMER_SEGMENTS: Final[Schema] = MappingProxyType({CUSTOMER: "int64", SEGMENT: "int64"})

SEGMENT_ITEMS: Final[Schema] = MappingProxyType(
    {SEGMENT: "int64", ITEM: "int64", WEIGHT: "int64", BUYERS: "int64"}
)
"""One row a (segment, item): decayed orders that held it, and how many customers bought it."""

RECOMMENDATIONS: Final[Schema] = MappingProxyType(
    {
        CUSTOMER: "int64",
        ITEM: "int64",
        RANK: "int32",
        SCORE: "float64",
        SOURCE: "str",
        REASON: "str",
        TIMES: "int32",
        LAST_DAY: "Int32",
        BECAUSE: "Int64",
        BECAUSE_DAY: "Int32",
    }
)
"""``times`` orders of hers held the item (0: none), the last on ``last_day`` (NA: none).
``because`` is the item of hers that the reason rests on, last bought on ``because_day``; both NA
where it rests on none."""

AGAIN: Final[Schema] = MappingProxyType(
    {
        CUSTOMER: "int64",
        TYPE: "int64",
        ITEM: "int64",
        SCORE: "float64",
        TIMES: "int32",
        LAST_DAY: "int32",
    }
)

PAIRS: Final[Schema] = MappingProxyType(
    {
        CUSTOMER: "int64",
        TYPE: "int64",
        PURCHASES: "int32",
        FIRST_DAY: "int32",
        LAST_DAY: "int32",
        MEAN_INTERVAL: "float64",
        MEAN_LOG_INTERVAL: "float64",
        LOG_INTERVAL_SS: "float64",
    }
)
"""One row a (customer, type). Means in days and log days are NaN after a single purchase day;
``log_interval_ss`` is the sum of squared deviations of the log intervals from their mean."""

DUE: Final[Schema] = MappingProxyType(
    {
        CUSTOMER: "int64",
        TYPE: "int64",
        PURCHASES: "int32",
        LAST_DAY: "int32",
        MEAN_INTERVAL: "float64",
        PROBABILITY: "float64",
        EXPECTED_DAY: "int32",
        WINDOW_FROM: "int32",
        WINDOW_TO: "int32",
    }
)


class UnableToReadFrame(ValueError):
    """A frame lacks a column, holds gaps, or holds values its declared type cannot."""


def require(frame: pd.DataFrame, schema: Schema, *, what: str) -> pd.DataFrame:
    """Return the columns of ``schema`` alone, in its order and types.

    Raises:
        UnableToReadFrame: a column is missing, has missing values, or holds fractions or numbers
            too large for its type.
    """
    missing = [name for name in schema if name not in frame.columns]
    if missing:
        raise UnableToReadFrame(
            f"{what} lacks the column(s) {', '.join(missing)}; it needs {', '.join(schema)}"
        )
    taken = frame[list(schema)]
    wrong = {name: kind for name, kind in schema.items() if str(taken[name].dtype) != kind}
    for name, kind in wrong.items():
        column = taken[name]
        if column.isna().any():
            raise UnableToReadFrame(f"{what} has gaps in {name}; drop or repair those rows first")
        try:
            converted = column.astype(kind)  # type: ignore[call-overload]
            same = bool((converted == column).all())
        except (TypeError, ValueError, OverflowError) as error:
            raise UnableToReadFrame(f"{what}: {name} cannot be read as {kind}: {error}") from error
        if not same:
            raise UnableToReadFrame(f"{what}: {name} does not fit {kind}; convert it first")
        taken = taken.assign(**{name: converted})
    return taken


def empty(schema: Schema) -> pd.DataFrame:
    """Return a frame of ``schema`` without rows."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in schema.items()})
