"""What a till does not record: what customers bring back to the shop, and what it brings to them.

All of it is drawn, over purchases that are real; each table has a random stream of its own.
"""

import numpy as np
import pandas as pd

from care.demo.people import stream

CASES, REPAIRS, DELIVERIES, REVIEWS = 160, 10, 260, 240
FIRST_DAY, LAST_DAY = np.datetime64("2017-10-10"), np.datetime64("2017-11-18")
MATTERS = {"complaint": 0.45, "return": 0.35, "question": 0.2}
LEFT_OPEN_SHARE = 0.15
RATED_SHARE = 0.5
LATE_SHARE = 0.12
FAILED_SHARE = 0.06
RISE_TYPE = "REFRIGERATED BAGELS"
RISE_FROM, RISE_TO = np.datetime64("2017-10-28"), np.datetime64("2017-11-08")
RISE_DAYS = [np.datetime64(f"2017-11-{day}") for day in ("09", "12", "14", "14", "14", "15")]
"""Brought back on these days, so that the night of the 15th has something to warn of."""
STARS = {5: 0.5, 4: 0.25, 3: 0.12, 2: 0.06, 1: 0.07}
READ_SHARE = 0.05
"""Of the reviews: how many are found helpful by more than a few."""


def draw_cases(lines: pd.DataFrame, products: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Cases about things bought a few days before, one row each; only what lasts is repaired.

    ``ticket`` (text), ``household_id``, ``about_product`` (int64), ``matter`` (text), ``opened``,
    ``closed`` (datetime64[s], NaT while open), ``rating`` (Int64, 1 to 5, NA). The last of them,
    ``RISE_DAYS``, are returns of one product, each by a household that had bought it.
    """
    rng = stream(seed, "cases")
    lasting = products[products["guarantee_days"].notna()]
    bought = pd.concat(
        [some_lines(lines, products, CASES, rng), some_lines(lines, lasting, REPAIRS, rng)],
        ignore_index=True,
    )
    n = CASES + REPAIRS
    opened = bought["day"].to_numpy("datetime64[D]") + rng.integers(1, 8, n)
    closed = opened + rng.integers(1, 9, n)
    settled = rng.random(n) >= LEFT_OPEN_SHARE
    matter = rng.choice(list(MATTERS), size=n, p=list(MATTERS.values()))
    matter[CASES:] = "repair"
    rating = pd.Series(rng.integers(2, 6, n), dtype="Int64")
    rated = settled & (rng.random(n) < RATED_SHARE)
    drawn = pd.DataFrame(
        {
            "ticket": [f"T{number:04}" for number in range(1, n + 1)],
            "household_id": bought["household_id"].to_numpy(),
            "about_product": bought["product_id"].to_numpy(),
            "matter": pd.array(matter, dtype="str"),
            "opened": opened.astype("datetime64[s]"),
            "closed": pd.Series(closed.astype("datetime64[s]")).where(settled),
            "rating": rating.where(rated),
        }
    )
    rise = _rise(lines, products, first=n + 1).astype(drawn.dtypes.to_dict())
    return pd.concat([drawn, rise], ignore_index=True)


def _rise(lines: pd.DataFrame, products: pd.DataFrame, *, first: int) -> pd.DataFrame:
    """Returns of the product of a type that most households bought lately, settled the next day."""
    ids = products.loc[products["product_type"] == RISE_TYPE, "product_id"]
    bought = lines["transaction_timestamp"]
    near = lines[lines["product_id"].isin(ids) & bought.between(RISE_FROM, RISE_TO)]
    product = near.groupby("product_id")["household_id"].nunique().idxmax()
    theirs = near.loc[near["product_id"] == product, "household_id"].drop_duplicates()
    days = pd.Series(RISE_DAYS).astype("datetime64[s]")
    return pd.DataFrame(
        {
            "ticket": [f"T{number:04}" for number in range(first, first + len(days))],
            "household_id": theirs.to_numpy()[: len(days)],
            "about_product": product,
            "matter": "return",
            "opened": days,
            "closed": days + pd.Timedelta(days=1),
            "rating": pd.NA,
        }
    )


def draw_deliveries(lines: pd.DataFrame, products: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Orders that were brought to the door, one row each: most in time, a few late or in vain.

    ``basket_id``, ``household_id``, ``main_product`` (int64), ``promised``, ``not_delivered``,
    ``delivered`` (datetime64[s], NaT).
    """
    rng = stream(seed, "deliveries")
    some = some_lines(lines, products, DELIVERIES, rng).drop_duplicates("basket_id")
    n = len(some)
    promised = some["day"].to_numpy("datetime64[D]") + rng.integers(1, 4, n)
    late, failed = rng.random(n) < LATE_SHARE, rng.random(n) < FAILED_SHARE
    came = promised + np.where(late, rng.integers(2, 5, n), 0)
    return pd.DataFrame(
        {
            "basket_id": some["basket_id"].to_numpy(),
            "household_id": some["household_id"].to_numpy(),
            "main_product": some["product_id"].to_numpy(),
            "promised": promised.astype("datetime64[s]"),
            "not_delivered": pd.Series(promised.astype("datetime64[s]")).where(failed),
            "delivered": pd.Series(came.astype("datetime64[s]")).mask(failed),
        }
    )


def draw_reviews(lines: pd.DataFrame, products: pd.DataFrame, seed: int) -> pd.DataFrame:
    """What customers think of things bought some days before, one row each.

    ``review_no`` (text), ``household_id``, ``about_product``, ``stars``, ``found_helpful`` (int64),
    ``written`` (datetime64[s]).
    """
    rng = stream(seed, "reviews")
    bought = some_lines(lines, products, REVIEWS, rng)
    written = bought["day"].to_numpy("datetime64[D]") + rng.integers(2, 10, REVIEWS)
    read = rng.random(REVIEWS) < READ_SHARE
    return pd.DataFrame(
        {
            "review_no": [f"R{number:04}" for number in range(1, REVIEWS + 1)],
            "household_id": bought["household_id"].to_numpy(),
            "about_product": bought["product_id"].to_numpy(),
            "stars": rng.choice(list(STARS), size=REVIEWS, p=list(STARS.values())),
            "written": written.astype("datetime64[s]"),
            "found_helpful": np.where(
                read, rng.integers(10, 40, REVIEWS), rng.geometric(0.5, REVIEWS) - 1
            ),
        }
    )


def some_lines(
    lines: pd.DataFrame, products: pd.DataFrame, count: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Order lines of the season with a price, each with its ``day``, oldest first."""
    day = lines["transaction_timestamp"].to_numpy().astype("datetime64[D]")
    near = np.flatnonzero(
        (day >= FIRST_DAY)
        & (day <= LAST_DAY)
        & lines["product_id"].isin(products["product_id"]).to_numpy()
        & (lines["sales_value"] > 0).to_numpy()
    )
    rows = np.sort(rng.choice(near, size=count, replace=False))
    drawn = lines.iloc[rows].assign(day=day[rows].astype("datetime64[s]"))
    return drawn.sort_values("transaction_timestamp", kind="stable", ignore_index=True)
