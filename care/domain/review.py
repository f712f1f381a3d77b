"""What a customer says of us: a product reviewed in stars, a settled case given a score.

Both go from 1 to 5 and are heard together here. What staff do with letters is a decision, not this.
"""

from datetime import date

import numpy as np
import pandas as pd

from care.domain.setaside import Columns

BEST = 5
LOW = 2
"""So many stars, or such a score, or less: she is not pleased."""

REVIEWS = Columns(
    "reviews",
    {
        "review_id": "str",  # the shop's own key
        "customer_key": "int64",
        "product_key": "Int64",  # missing where it is about none, or none the house knows
        "stars": "int64",  # 1 to BEST
        "reviewed_on": "datetime64[s]",  # before the night
        "helpful": "Int64",  # how many said that it helped them
    },
)
"""One row a review, as the night begins."""

SAID = ["customer_key", "event", "about", "said_on", "score", "product_key"]


def said_of_us(
    reviews: pd.DataFrame | None, cases: pd.DataFrame | None, *, since: np.datetime64
) -> pd.DataFrame:
    """Every review, and every settled case that was given a score, from a day on, one row each.

    Columns ``SAID``: ``event`` names it for ever (a case that is settled once more is another
    event), ``about`` is ``review`` or ``case``; of a score the day it was given is not known, so
    ``said_on`` is the day on which the case was closed.
    """
    parts = []
    if reviews is not None:
        reviews = reviews[reviews["reviewed_on"].to_numpy() >= since]
        parts.append(
            reviews.assign(
                event="review-" + reviews["review_id"],
                about="review",
                said_on=reviews["reviewed_on"],
                score=reviews["stars"],
            )[SAID]
        )
    if cases is not None:
        scored = cases[cases["satisfaction"].notna() & (cases["closed_on"].to_numpy() >= since)]
        closed = np.datetime_as_string(scored["closed_on"].to_numpy("datetime64[D]")).astype(object)
        parts.append(
            scored.assign(
                event="case-" + scored["case_id"] + "-" + closed,
                about="case",
                said_on=scored["closed_on"],
                score=scored["satisfaction"],
            )[SAID]
        )
    dtypes = {"customer_key": "int64", "event": "str", "about": "str", "score": "int64"}
    dtypes |= {"said_on": "datetime64[s]", "product_key": "Int64"}
    if not parts:
        return pd.DataFrame(columns=SAID).astype(dtypes)
    return pd.concat(parts, ignore_index=True).astype(dtypes)


def last_word(said: pd.DataFrame) -> pd.DataFrame:
    """What each customer said last; of several on one day, what pleased her least."""
    ordered = said.sort_values(
        ["customer_key", "said_on", "score", "event"], ascending=[True, True, False, True]
    )
    return ordered.drop_duplicates("customer_key", keep="last")


def displeased(
    reviews: pd.DataFrame | None, cases: pd.DataFrame | None, *, night: date, days: int
) -> pd.Index:
    """Keys of the customers who said so in the ``days`` before a night."""
    said = said_of_us(reviews, cases, since=np.datetime64(night, "D") - days)
    low = said[said["score"] <= LOW]
    found: pd.Index = pd.Index(low["customer_key"].unique())
    return found
