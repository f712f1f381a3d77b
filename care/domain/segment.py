"""What kind of customer she is by now: a word for how she buys, and her place among the others."""

from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from care.domain.model import Decided


class Segment(StrEnum):
    """How a customer buys, from her orders up to the night."""

    PROSPECT = "prospect"
    BROWSER = "browser"
    ONE_TIME = "one_time"
    REPEAT = "repeat"
    LOYAL = "loyal"
    LAPSED = "lapsed"


WITHOUT_ORDERS = frozenset({Segment.PROSPECT, Segment.BROWSER})
"""Whoever never bought."""
BUYING_REPEATEDLY = frozenset({Segment.REPEAT, Segment.LOYAL, Segment.LAPSED})
"""Whoever bought more than once."""

SEGMENTED: Mapping[str, str] = {
    "segment": "str",
    "first_order_on": "datetime64[s]",
    "recency": "Int8",  # 5: among the fifth that bought last; 1: longest ago
    "frequency": "Int8",  # 5: among the fifth with most orders in the window
    "monetary": "Int8",  # 5: among the fifth that spent most in it
    "plain_style": "bool",  # she may prefer a plainer letter
}
"""What is known of every customer; scores are missing for who never bought."""


class SegmentRules(Decided):
    """Where one segment ends and another begins."""

    window_days: int = Field(
        default=365,
        ge=30,
        le=3650,
        description="days of orders before a night that loyalty and the scores look at",
    )
    loyal_orders: int = Field(
        default=6, ge=2, description="so many orders in the window make a customer loyal"
    )
    lapsed_after_days: int = Field(
        default=180, ge=7, le=3650, description="who has not ordered for longer has lapsed"
    )
    plain_from_age: int | None = Field(
        default=None,
        ge=18,
        le=120,
        description=(
            "who is at least so old for certain is marked as one who may prefer a plainer "
            "letter; without it, nobody is"
        ),
    )


class Audience(Decided):
    """Whom a campaign may address; what is left empty leaves nobody out."""

    segments: tuple[Segment, ...] = Field(
        default=(), description="only customers of these segments"
    )
    tiers: tuple[str, ...] = Field(
        default=(), description="only customers who have one of these tiers"
    )
    min_expected_spend: int | None = Field(
        default=None,
        ge=0,
        description=(
            "only customers who are expected to spend so much, in minor units, in the "
            "half-year to come"
        ),
    )

    def holds(self, customers: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Which customers (``segment, tier, expected_spend``) belong to it."""
        inside = np.ones(len(customers), dtype=bool)
        if self.segments:
            inside &= customers["segment"].isin(list(self.segments)).to_numpy(bool)
        if self.tiers:
            inside &= customers["tier"].isin(list(self.tiers)).to_numpy(bool)
        if self.min_expected_spend is not None:
            worth = customers["expected_spend"].fillna(0) >= self.min_expected_spend
            inside &= worth.to_numpy(bool)
        return inside


def find_segments(
    people: pd.DataFrame,
    ever: pd.DataFrame,
    lately: pd.DataFrame,
    rules: SegmentRules,
    *,
    night: date,
    seen: Collection[int] | pd.Series = (),
) -> pd.DataFrame:
    """Say of each customer how she buys.

    ``people``: ``customer_key`` and birth date parts. ``ever`` and ``lately``: ``customer_key,
    amount_minor, orders, first_day, last_day`` of all orders before the night and of those in the
    window.
    ``seen``: keys of those who looked around lately; one who never ordered is a browser.
    Scores are quintiles among those who ever bought, equal for equal customers; recency by the last
    day, frequency and monetary by orders and spend in the window (Hughes, *Strategic Database
    Marketing*). Returns ``customer_key`` and ``SEGMENTED``, aligned with ``people``.
    """
    keys = people["customer_key"]
    of_all = ever.set_index("customer_key").reindex(keys)
    of_late = lately.set_index("customer_key").reindex(keys)
    bought = of_all["orders"].notna().to_numpy()
    orders = of_all["orders"].fillna(0).to_numpy("int64")
    recent = of_late["orders"].fillna(0).to_numpy("int64")
    spent = of_late["amount_minor"].fillna(0).to_numpy("int64")
    last = of_all["last_day"].to_numpy("datetime64[D]")
    silent = (np.datetime64(night, "D") - last).astype("float64")
    segment = np.select(
        [
            ~bought & keys.isin(seen).to_numpy(bool),
            ~bought,
            silent > rules.lapsed_after_days,
            orders == 1,
            recent >= rules.loyal_orders,
        ],
        [
            str(one)
            for one in (
                Segment.BROWSER,
                Segment.PROSPECT,
                Segment.LAPSED,
                Segment.ONE_TIME,
                Segment.LOYAL,
            )
        ],
        default=str(Segment.REPEAT),
    )
    return pd.DataFrame(
        {
            "customer_key": keys.to_numpy("int64"),
            "segment": segment,
            "first_order_on": of_all["first_day"].to_numpy("datetime64[s]"),
            "recency": _quintile(-silent, bought),
            "frequency": _quintile(recent, bought),
            "monetary": _quintile(spent, bought),
            "plain_style": prefers_plain(people, rules, night=night),
        }
    ).astype(dict(SEGMENTED))


def prefers_plain(
    people: pd.DataFrame, rules: SegmentRules, *, night: date
) -> npt.NDArray[np.bool_]:
    """Who may prefer a plainer letter: ``plain_style`` of ``SEGMENTED`` by itself."""
    return _is_of_age(people, rules.plain_from_age, night)


def _quintile(value: npt.NDArray[np.generic], among: npt.NDArray[np.bool_]) -> pd.Series:
    """1 to 5 by how many of them have less; equal values have equal scores."""
    score = pd.Series(pd.NA, index=range(len(value)), dtype="Int8")
    below = pd.Series(value[among]).rank(method="min").to_numpy("int64") - 1
    score[among] = 1 + below * 5 // max(len(below), 1)
    return score


def _is_of_age(people: pd.DataFrame, age: int | None, night: date) -> npt.NDArray[np.bool_]:
    """Whether she is that old for certain: the year is known, and this year's birthday is over.

    A lunar birthday, or an unknown one, may fall on any day of the year, and a lunar year ends as
    late as February of the next.
    """
    if age is None:
        return np.zeros(len(people), dtype=bool)
    lunar = (people["birth_calendar"] == "lunar").to_numpy(bool)
    month = people["birth_month"].to_numpy("float64", na_value=np.nan)
    day = people["birth_day"].to_numpy("float64", na_value=np.nan)
    over = ~lunar & (month * 100 + day <= night.month * 100 + night.day)
    year = people["birth_year"].to_numpy("float64", na_value=np.nan) + (lunar & (night.month <= 2))
    grown: npt.NDArray[np.bool_] = night.year - year - ~over >= age  # of nothing, false
    return grown
