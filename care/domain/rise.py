"""A rise: more customers return a product, or complain of it, than its past and its sales explain.

Counts this small are seldom what a percentage makes of them, so a product is judged by an exact
law. Cases about it are Poisson at a rate of its own for each sale; the rates of all products are
spread as a gamma law, and what a product's past says of its own rate is drawn towards that law the
less has been sold of it (DuMouchel 1999, with one gamma law where he has two). How many customers a
window may bring is then negative binomial, and the p-value is the chance of so many or more. Over
the catalogue the false discovery rate is controlled (Benjamini and Hochberg 1995).
"""

from collections.abc import Collection
from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.optimize import minimize_scalar
from scipy.stats import false_discovery_control, nbinom

from care.domain.model import Decided
from care.domain.setaside import Columns
from care.domain.warning import Warned

KINDS = ("complaint", "return")
LONGEST_DAYS = 180
"""A case longer after the purchase says little of what is sold now."""
DOUBT = 20
"""So many made-up cases, even over all days, temper what few real ones say of when they come."""
WHOLE = 10_000
"""Weights are whole parts of this, so that sums are the same in whatever order they are added."""
LEAST_SHAPE, MOST_SHAPE = 0.02, 50.0
"""Products are never taken to be less, or more, alike than this."""

AT_RISK = Columns("at_risk", {"product_key": "int64", "recent": "int64", "past": "int64"})
"""One row a product: its sales, each weighted by the share of its cases that fall into the window,
or into the past before it, in parts of ``WHOLE``."""


class RiseRules(Decided):
    """When staff are warned that something may be wrong with a product."""

    window_days: int = Field(
        default=14, ge=3, le=60, description="days before a night that are judged"
    )
    past_windows: int = Field(
        default=12, ge=2, le=52, description="so many windows before it say what is usual"
    )
    min_customers: int = Field(
        default=3, ge=2, description="fewer than these warn nobody, however unusual"
    )
    false_share: float = Field(
        default=0.05,
        gt=0,
        le=0.5,
        description=(
            "of the warnings of a night, the share that may be false; with nothing wrong, the "
            "share of nights that warn at all"
        ),
    )

    @property
    def reach_days(self) -> int:
        """Days before a night whose cases are looked at."""
        return self.window_days * (1 + self.past_windows)


def complaints(cases: pd.DataFrame, rules: RiseRules, *, night: date) -> pd.DataFrame:
    """The cases that count, each with the ``window`` it falls into, 0 being the last one.

    ``cases``: columns of ``CASES``. Counted are complaints and returns of a product the house
    knows. A customer counts once for a product in a window, whatever she opened: the first case
    stays. Columns ``customer_key``, ``product_key`` (int64), ``opened_on``, ``window`` (int64).
    """
    told = cases[cases["kind"].isin(KINDS) & cases["product_key"].notna()]
    opened = told["opened_on"].to_numpy("datetime64[D]")
    ago = (np.datetime64(night, "D") - 1 - opened).astype("int64")
    told = told.assign(
        product_key=told["product_key"].astype("int64"), window=ago // rules.window_days
    )
    told = told[(ago >= 0) & (ago < rules.reach_days)].sort_values(["opened_on", "case_id"])
    once = told.drop_duplicates(["customer_key", "product_key", "window"])
    return once[["customer_key", "product_key", "opened_on", "window"]].reset_index(drop=True)


def counted(came: pd.DataFrame) -> pd.DataFrame:
    """``product_key, recent, past``: customers of ``complaints`` in the window, and before it."""
    recent = (came["window"] == 0).astype("int64")
    each = pd.DataFrame({"product_key": came["product_key"], "recent": recent, "past": 1 - recent})
    summed: pd.DataFrame = each.groupby("product_key", as_index=False).sum()
    return summed


def ripening(days_after: np.ndarray) -> np.ndarray:
    """Share of a sale's cases that have come by each day after it, 0 to ``LONGEST_DAYS``.

    ``days_after``: whole days from purchase to case, those known, of all products together.
    """
    known = days_after[(days_after >= 0) & (days_after <= LONGEST_DAYS)]
    came = np.bincount(known.astype("int64"), minlength=LONGEST_DAYS + 1)
    share = came + DOUBT / (LONGEST_DAYS + 1)
    return np.asarray(np.cumsum(share) / share.sum())


def weights(ripe: np.ndarray, rules: RiseRules, *, known_since: date, night: date) -> pd.DataFrame:
    """What a sale on each day weighs: the share of its cases that the window and the past see.

    ``known_since``: the day of the first case there is; before it nobody wrote cases down. Columns
    ``day`` (datetime64[s]), ``recent`` and ``past`` (int64, parts of ``WHOLE``).
    """
    tonight = np.datetime64(night, "D")
    window = tonight - rules.window_days
    past = max(tonight - rules.reach_days, min(np.datetime64(known_since, "D"), window))
    days = np.arange(past - LONGEST_DAYS, tonight)
    seen = np.concatenate([[0.0], ripe])  # by the evening before a day

    def by(evening: np.datetime64) -> np.ndarray:
        since = (evening - days).astype("int64")
        return np.asarray(seen[np.clip(since, 0, LONGEST_DAYS + 1)])

    parts = {"recent": by(tonight) - by(window), "past": by(window) - by(past)}
    whole = {name: np.rint(part * WHOLE).astype("int64") for name, part in parts.items()}
    return pd.DataFrame({"day": days.astype("datetime64[s]"), **whole})


def find_rises(customers: pd.DataFrame, at_risk: pd.DataFrame, rules: RiseRules) -> pd.DataFrame:
    """Products that more customers came about than their past and their sales explain.

    ``customers``: what ``counted`` returns.
    ``at_risk``: columns of ``AT_RISK``; a product without sales that could have led to a case in
    the window is not judged. If cases have become more frequent over all other products together,
    because a season or a new desk brings them, so much more is expected of this one too. Columns
    ``product_key``, ``customers`` (int64), ``expected``, ``p_value`` (float64), likeliest first.
    """
    told = at_risk[at_risk["recent"] > 0].merge(customers, on="product_key", how="left")
    came = told[["recent_y", "past_y"]].fillna(0).to_numpy("float64")
    sold = told[["recent_x", "past_x"]].to_numpy("float64") / WHOLE
    ever = float(came[:, 1].sum())
    if not ever or not sold[:, 1].sum():
        return _rises(told[:0], came[:0], np.empty(0), np.empty(0))
    mean, shape = _spread(came[:, 1], sold[:, 1])
    others = (came[:, 0].sum() - came[:, 0]) / (mean * np.fmax(sold[:, 0].sum() - sold[:, 0], 1))
    now = np.fmax(others, 1) * sold[:, 0]
    own, before = shape + came[:, 1], shape / mean + sold[:, 1]
    p_value = nbinom.sf(came[:, 0] - 1, own, before / (before + now))
    sure = false_discovery_control(p_value, method="bh") <= rules.false_share
    rising = sure & (came[:, 0] >= rules.min_customers)
    judged = _rises(told, came, now * own / before, p_value)
    found: pd.DataFrame = judged[rising].sort_values(["p_value", "product_key"], ignore_index=True)
    return found


def _spread(came: np.ndarray, sold: np.ndarray) -> tuple[float, float]:
    """Mean and shape of the gamma law of rates: the likeliest shape for the mean over all sales.

    The shape is never more than the number of cases it rests on: so few do not tell more.
    """
    mean = float(came.sum() / sold.sum())
    some = sold > 0
    came, usual = came[some], mean * sold[some]

    def unlikely(log_shape: float) -> float:
        shape = np.exp(log_shape)
        return -float(nbinom.logpmf(came, shape, shape / (shape + usual)).sum())

    most = np.log(min(MOST_SHAPE, float(came.sum())))
    found = minimize_scalar(unlikely, bounds=(np.log(LEAST_SHAPE), most), method="bounded")
    return mean, float(np.exp(found.x))


def _rises(
    told: pd.DataFrame, came: np.ndarray, expected: np.ndarray, p_value: np.ndarray
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product_key": told["product_key"].to_numpy("int64"),
            "customers": came[:, 0].astype("int64"),
            "expected": expected,
            "p_value": p_value,
        }
    )


def news(
    rises: pd.DataFrame,
    sold: pd.DataFrame,
    told: Collection[tuple[date, Warned]],
    rules: RiseRules,
    *,
    night: date,
) -> list[Warned]:
    """Warnings for the rises that staff do not know of yet.

    ``sold``: ``product_key, product_id, name, flagged_on``. ``told``: the warnings of other nights.
    A product that was warned of less than a window ago is let be, so that no case stands behind two
    warnings; so is one that was flagged in the days that are looked at.
    """
    near = {
        warning["product_id"]
        for on, warning in told
        if warning["kind"] == "rise" and abs((night - on).days) < rules.window_days
    }
    named = rises.merge(sold, on="product_key")
    since = np.datetime64(night, "D") - rules.reach_days
    known = named["flagged_on"].to_numpy("datetime64[D]") >= since
    fresh = named[~known & ~named["product_id"].isin(near).to_numpy(bool)]
    told_of = ("product_id", "name", "customers", "expected")
    found = [fresh[column].tolist() for column in told_of]
    return [
        {
            "kind": "rise",
            "product_id": product_id,
            "name": name,
            "customers": customers,
            "expected": float(f"{expected:.3g}"),
            "days": rules.window_days,
        }
        for product_id, name, customers, expected in zip(*found, strict=True)
    ]
