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

INTERVALS: Final = ("interval_1", "interval_2", "interval_3", "interval_4")
LONGEST_INTERVAL: Final = "longest_interval"
RECENT_DAYS: Final = (7, 28, 112)
RECENT: Final = tuple(f"recent_{days}" for days in RECENT_DAYS)
DECAY_DAYS: Final = (10, 30, 90)
DECAYED: Final = tuple(f"decayed_{days}" for days in DECAY_DAYS)
HOUSE: Final = "house_"
"""What begins so is the same for all types of one customer."""
HOUSE_TYPES: Final = "house_types"
HOUSE_VISITS: Final = "house_visits"
HOUSE_FIRST_DAY: Final = "house_first_day"
HOUSE_LAST_DAY: Final = "house_last_day"
HOUSE_MEAN_LOG_INTERVAL: Final = "house_mean_log_interval"
HOUSE_LAST_INTERVAL: Final = "house_last_interval"
HOUSE_LONGEST_INTERVAL: Final = "house_longest_interval"
HOUSE_RECENT: Final = tuple(f"house_recent_{days}" for days in RECENT_DAYS)
HOUSE_DECAYED: Final = tuple(f"house_decayed_{days}" for days in DECAY_DAYS[:2])
HOUSE_PURCHASES: Final = "house_purchases"
HOUSE_RECENT_PURCHASES: Final = tuple(f"house_recent_purchases_{days}" for days in RECENT_DAYS)
HOUSE_LAST_BASKET: Final = "house_last_basket"

PRODUCT: Final = "product"
QUANTITY: Final = "quantity"
EXPECTED_ON: Final = "expected_on"
OVERDUE: Final = "overdue"

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

STATES: Final[Schema] = MappingProxyType(
    {
        **PAIRS,
        **dict.fromkeys(INTERVALS, "float32"),
        LONGEST_INTERVAL: "int32",
        **dict.fromkeys(RECENT, "int32"),
        **dict.fromkeys(DECAYED, "float32"),
        HOUSE_TYPES: "int32",
        HOUSE_VISITS: "int32",
        HOUSE_FIRST_DAY: "int32",
        HOUSE_LAST_DAY: "int32",
        HOUSE_MEAN_LOG_INTERVAL: "float64",
        HOUSE_LAST_INTERVAL: "int32",
        HOUSE_LONGEST_INTERVAL: "int32",
        **dict.fromkeys(HOUSE_RECENT, "int32"),
        **dict.fromkeys(HOUSE_DECAYED, "float32"),
        HOUSE_PURCHASES: "int32",
        **dict.fromkeys(HOUSE_RECENT_PURCHASES, "int32"),
        HOUSE_LAST_BASKET: "int32",
    }
)
"""``PAIRS``, and beside them how she bought of late and how her household shops.

``interval_1`` is the last interval in days, ``interval_4`` the fourth from the end; NaN where there
is none. ``recent_28`` counts purchase days of the last 28 days; ``decayed_30`` weighs each by
exp(-age / 30 days). ``house_visits`` are days on which the household bought anything,
``house_purchases`` its (type, day) rows, ``house_last_basket`` those of its last day; intervals of
0 stand where there is none yet."""

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


TOLD: Final[Schema] = MappingProxyType(
    {
        CUSTOMER: "int64",
        TYPE: "int64",
        PRODUCT: "Int64",
        PROBABILITY: "float64",
        WINDOW_FROM: "int32",
        WINDOW_TO: "int32",
        EXPECTED_ON: "int32",
        REASON: "str",
    }
)
"""Who is due; ``product`` is the item of the type that she most likely buys again."""

BROKEN: Final[Schema] = MappingProxyType(
    {
        CUSTOMER: "int64",
        TYPE: "int64",
        PRODUCT: "Int64",
        SCORE: "float64",
        LAST_DAY: "int32",
        OVERDUE: "float64",
        REASON: "str",
    }
)
"""Rhythms that broke off, ``overdue`` days beyond their mean interval."""


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
