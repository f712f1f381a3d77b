"""What a shop with a website would know as well: what is looked at, put into the cart, not paid.

All of it is drawn, around purchases that are real, and none of it is a purchase.
"""

import numpy as np
import pandas as pd

from care.demo.people import stream
from care.demo.service import LAST_DAY, some_lines

EVENTS, OPEN_ORDERS = 2400, 120
CART_SHARE = 0.1
CALLED_OFF_SHARE = 0.25
DAYS_LATER = (2, 15)
EVENING, OPEN_SECONDS = 22 * 3600, 5 * 3600
"""Seconds since midnight in UTC, and how long: an evening of the shop's own day."""


def draw_events(lines: pd.DataFrame, products: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Looks and carts some days after a purchase of the same thing, one row each.

    ``household_id``, ``product_id`` (int64), ``what`` (text), ``at`` (datetime64[us], UTC without
    saying so).
    """
    rng = stream(seed, "events")
    some = some_lines(lines, products, EVENTS, rng)
    carted = rng.random(len(some)) < CART_SHARE
    return pd.DataFrame(
        {
            "household_id": some["household_id"].to_numpy(),
            "product_id": some["product_id"].to_numpy(),
            "what": pd.array(np.where(carted, "put in cart", "looked"), dtype="str"),
            "at": _evening_after(some, rng),
        }
    )


def draw_open_orders(lines: pd.DataFrame, products: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Orders that were never paid or were called off, of one line each, in the orders' columns.

    With ``status`` (text) beside them, which lines from the till do not have.
    """
    rng = stream(seed, "open orders")
    some = some_lines(lines, products, OPEN_ORDERS, rng).drop(columns="day")
    at = _evening_after(some, rng)
    off = rng.random(len(some)) < CALLED_OFF_SHARE
    ids = lines["basket_id"].max() + 1 + np.arange(len(some))
    return some.assign(
        basket_id=ids.astype(lines["basket_id"].dtype.name),
        transaction_timestamp=at,
        status=pd.array(np.where(off, "called off", "open"), dtype="str"),
    )


def _evening_after(some: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    day = some["transaction_timestamp"].to_numpy().astype("datetime64[D]")
    later = np.minimum(day + rng.integers(*DAYS_LATER, len(some)), LAST_DAY)
    second = EVENING + rng.integers(0, OPEN_SECONDS, len(some))
    return pd.Series((later + second.astype("timedelta64[s]")).astype("datetime64[us]"))
