"""What is told of some orders: cases, deliveries, reviews, and what was looked at before."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

BEGAN = {
    "cases": "opened_on",
    "deliveries": "promised_on",
    "reviews": "reviewed_on",
    "events": "happened_at",
}
"""Table → the column since when the shop knows of a row."""

SHARES = {"cases": 0.006, "deliveries": 0.05, "reviews": 0.01, "events": 0.02}
"""Of the order lines: about how many rows a table has."""


def draw_beside(rng: np.random.Generator, orders: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    """Tables by name. ``orders``: order lines with ``ordered_at``, ``order_id`` and their keys."""
    draw = {"cases": _cases, "deliveries": _deliveries, "reviews": _reviews, "events": _events}
    return {name: draw[name](rng, _some(rng, orders, share)) for name, share in SHARES.items()}


def _some(rng: np.random.Generator, orders: pd.DataFrame, share: float) -> pd.DataFrame:
    """Some order lines, one of an order, each with its ``day``."""
    drawn = orders[rng.random(len(orders)) < share].drop_duplicates("order_id", ignore_index=True)
    return drawn.assign(day=drawn["ordered_at"].to_numpy("datetime64[D]"))


def _cases(rng: np.random.Generator, about: pd.DataFrame) -> pd.DataFrame:
    n = len(about)
    opened = about["day"].to_numpy("datetime64[D]") + rng.integers(1, 15, n)
    closed = opened + rng.integers(1, 20, n)
    settled = rng.random(n) < 0.9
    rated = settled & (rng.random(n) < 0.5)
    return pd.DataFrame(
        {
            "case_id": [f"t{number}" for number in range(n)],
            "customer_id": about["customer_id"],
            "product_id": about["product_id"],
            "kind": rng.choice(["complaint", "return", "repair", "inquiry"], n),
            "opened_on": opened.astype("datetime64[s]"),
            "closed_on": pd.Series(closed.astype("datetime64[s]")).where(settled),
            "satisfaction": pd.Series(rng.integers(1, 6, n), dtype="Int64").where(rated),
        }
    )


def _deliveries(rng: np.random.Generator, about: pd.DataFrame) -> pd.DataFrame:
    n = len(about)
    promised = about["day"].to_numpy("datetime64[D]") + rng.integers(2, 5, n)
    came = promised + rng.choice([-1, 0, 0, 0, 0, 0, 3, 6], n)
    failed = rng.random(n) < 0.03
    return pd.DataFrame(
        {
            "order_id": about["order_id"],
            "customer_id": about["customer_id"],
            "product_id": about["product_id"],
            "promised_on": promised.astype("datetime64[s]"),
            "failed_on": pd.Series(promised.astype("datetime64[s]")).where(failed),
            "delivered_on": pd.Series(came.astype("datetime64[s]")).mask(failed),
        }
    )


def _reviews(rng: np.random.Generator, about: pd.DataFrame) -> pd.DataFrame:
    n = len(about)
    written = about["day"].to_numpy("datetime64[D]") + rng.integers(2, 20, n)
    return pd.DataFrame(
        {
            "review_id": [f"r{number}" for number in range(n)],
            "customer_id": about["customer_id"],
            "product_id": about["product_id"],
            "stars": rng.choice([1, 2, 3, 4, 5], n, p=[0.05, 0.05, 0.1, 0.3, 0.5]),
            "reviewed_on": written.astype("datetime64[s]"),
            "helpful": rng.geometric(0.2, n) - 1,
        }
    )


def _events(rng: np.random.Generator, about: pd.DataFrame) -> pd.DataFrame:
    n = len(about)
    before = rng.integers(0, 5 * 86_400, n).astype("timedelta64[s]")
    bought = rng.random(n) < 0.5  # and else something that they left
    left = rng.permutation(about["product_id"].to_numpy())
    return pd.DataFrame(
        {
            "customer_id": about["customer_id"],
            "product_id": about["product_id"].where(bought, left),
            "kind": rng.choice(["view", "cart"], n, p=[0.7, 0.3]),
            "happened_at": about["ordered_at"].to_numpy("datetime64[s]") - before,
        }
    )
