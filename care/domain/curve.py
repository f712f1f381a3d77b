"""A sales curve: what a product's own sales say of where it is in life, if the shop does not.

Sales a week are taken as Poisson around a share of the shop's total, and the share as growing or
shrinking at a steady rate. The score test of that rate (Cox 1955; for counts it is the trend test
of Armitage 1955) needs no more of a product than how many lines it sold and how long ago on
average; its critical value was found by hindsight (``docs/models.md``). The same is asked against
the product's category, so that ice cream is not thought to be leaving each autumn. A product is
retired that has been silent for very long against its own rhythm. Whatever is not clear is left
open.
"""

from datetime import date

import numpy as np
import pandas as pd

from care.domain.setaside import Columns

WEEKS = 26
"""The part of the curve that a trend is read from."""
LEAST_LINES, PLENTY = 20, 60
"""Fewer lines say nothing; with so many, a trend that mattered would have been seen."""
SURE, NONE_SEEN = 4.0, 2.0
"""Standard errors from which a trend is believed, and below which there is none to speak of."""
SILENT_WEEKS, SILENT_AGAINST = 12, 8.0
"""Retired: weeks without a sale, and how many sales they should have brought."""
YOUNG_WEEKS, ABSENT_WEEKS = 8, 4
"""An introduction is so young; what grows was absent for the first weeks that are looked at."""
SHOPS_WORD = 50
"""A small category's average is drawn to the shop's, as if so many lines of the shop were in it."""
NEW_DAYS, NEW_LINES = 60, 10
"""A first sale stands for a day of introduction so long, and if so many followed it."""

CURVES = Columns(
    "curves",
    {
        "product_key": "int64",
        "first_day": "datetime64[s]",
        "last_day": "datetime64[s]",
        "lines": "int64",  # order lines ever
        "recent": "int64",  # of the last WEEKS
        "weeks_ago": "int64",  # of these, added up; 0 is the week before the night
        "squares": "int64",  # and their squares
    },
)
"""One row a product that was ever sold, as of a night."""


def with_curves(
    products: pd.DataFrame, curves: pd.DataFrame, categories: pd.Series, *, night: date
) -> pd.DataFrame:
    """Products with stage and day of introduction told by the curve where the shop is silent.

    ``products``: columns of ``CATALOGUE``. ``categories``: by ``product_key``, "" where unknown.
    The shop's word stands, and ``stage_inferred`` marks what is not its word. If the shop tells the
    day of introduction of any product, those without one are not new.
    """
    found = find_stages(curves, categories, night=night).reindex(products["product_key"])
    found = found.set_axis(products.index)
    inferred = products["stage"].isna() & found.notna()
    told = products.assign(
        stage=products["stage"].where(~inferred, found), stage_inferred=inferred.to_numpy(bool)
    )
    if products["introduced_on"].notna().any():
        return told
    first = _first_sales(curves, night=night).reindex(products["product_key"])
    return told.assign(introduced_on=first.to_numpy("datetime64[s]"))


def find_stages(curves: pd.DataFrame, categories: pd.Series, *, night: date) -> pd.Series:
    """The stage of every product of which its curve says one, by ``product_key``; text.

    A shop younger than ``WEEKS`` is too young to say.
    """
    if _known_weeks(curves, night) < WEEKS:
        return pd.Series([], index=pd.Index([], dtype="int64"), dtype="str")
    tonight = np.datetime64(night, "D")
    lines = curves["recent"].to_numpy("float64")
    began = _weeks_before(tonight, curves["first_day"])
    silent = _weeks_before(tonight, curves["last_day"])
    usual = curves["lines"].to_numpy() / (began - silent + 1)
    against_shop, against_category = _trends(curves, categories)
    enough = lines >= LEAST_LINES
    rules = {
        "retired": (curves["lines"].to_numpy() >= LEAST_LINES)
        & (silent >= SILENT_WEEKS)
        & (silent * usual >= SILENT_AGAINST),
        "introduction": enough & (began < YOUNG_WEEKS),
        "decline": enough & (against_shop >= SURE) & (against_category >= SURE),
        "growth": enough
        & (began < WEEKS - ABSENT_WEEKS)
        & (against_shop <= -SURE)
        & (against_category <= -SURE),
        "maturity": (lines >= PLENTY) & (np.abs(against_shop) < NONE_SEEN),
    }
    stages = np.select(list(rules.values()), list(rules), default="")
    named = pd.Series(stages, index=curves["product_key"].to_numpy("int64"), dtype="str")
    return named[named != ""]


def _trends(curves: pd.DataFrame, categories: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """How far back a product's sales lie, in standard errors.

    First against all of the shop, then against the others of its category.
    """
    told = curves[["recent", "weeks_ago", "squares"]].astype("float64")
    lines, ago, squares = told.sum()
    mean = ago / max(lines, 1)
    error = np.sqrt(max(squares / max(lines, 1) - mean**2, 1e-9) * told["recent"].clip(lower=1))
    category = categories.reindex(curves["product_key"]).fillna("").to_numpy()
    others = told.groupby(category).transform("sum") - told
    theirs = (others["weeks_ago"] + SHOPS_WORD * mean) / (others["recent"] + SHOPS_WORD)
    return (
        ((told["weeks_ago"] - told["recent"] * mean) / error).to_numpy(),
        ((told["weeks_ago"] - told["recent"] * theirs) / error).to_numpy(),
    )


def _first_sales(curves: pd.DataFrame, *, night: date) -> pd.Series:
    """The first day of products that a shop known for long began to sell lately."""
    first = curves["first_day"].to_numpy("datetime64[D]")
    new = (
        (first >= np.datetime64(night, "D") - NEW_DAYS)
        & (curves["lines"].to_numpy() >= NEW_LINES)
        & (_known_weeks(curves, night) >= WEEKS)
    )
    return pd.Series(first[new].astype("datetime64[s]"), index=curves["product_key"][new])


def _known_weeks(curves: pd.DataFrame, night: date) -> int:
    """Whole weeks from the first sale of anything to the night."""
    if curves.empty:
        return 0
    return int((pd.Timestamp(night) - curves["first_day"].min()).days) // 7


def _weeks_before(tonight: np.datetime64, days: pd.Series) -> np.ndarray:
    ago = (tonight - 1 - days.to_numpy("datetime64[D]")).astype("int64")
    return np.asarray(ago // 7)
