"""The law of a rhythm: empirical-Bayes accelerated failure time, in closed form.

A pair's mean log interval is shrunk towards its type's,

    mu = (n * ybar / sw2 + mu_type / sb2) / (n / sw2 + 1 / sb2),

and the time since her last purchase, standardised by ``mu`` and the predictive spread
``sd = sqrt(sw2 + 1 / (n / sw2 + 1 / sb2))``, is read on a survival curve pooled over all pairs
with about as many purchases:

    P(bought within h | not for r days) = 1 - S(z(r + h)) / S(z(r)),   z(t) = (log t - mu) / sd.

The curve is not assumed. It is the Kaplan-Meier estimate of the standardised intervals of the
recent past: each is standardised by what was known *before* it began, so that no interval judges
itself; intervals still open count as censored; and only time at risk in the last ``window_days``
counts, which keeps the probabilities true to the present season.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import Ints, place
from recommender.timing.model import PurchaseDays, as_of, chunked
from recommender.timing.prior import Prior
from recommender.timing.rhythm import Visits, log_intervals, rhythm, visits
from recommender.timing.survival import Curves, kaplan_meier

Floats = NDArray[np.float64]

BUCKETS = (3, 6, 12)
"""Curves for 1-2, 3-5, 6-11 and 12 or more purchase days."""
LOW, STEP, POINTS = -6.0, 0.01, 1201
NORMAL_AT_RISK = 5.0
"""Weight of the standard normal law where observations are few."""
TAIL = 0.1
LONGEST_DAYS = 3650.0


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """Fitted priors and survival curves; holds no customer's data."""

    kind: ClassVar[str] = "law"
    prior: Prior
    survival: Floats
    """(4, POINTS): one curve a bucket of purchase days, over standardised log time."""
    window_days: int

    @classmethod
    def fit(cls, purchase_days: PurchaseDays, *, today: int, window_days: int = 56) -> Self:
        """Learn from the purchase days up to and including ``today``; later ones are not read.

        Args:
            purchase_days: rows of ``columns.PURCHASE_DAYS``, whole or in chunks of customers.
            today: the last day whose purchases are known.
            window_days: how far back the survival curves look.

        Raises:
            UnableToFitLaw: no customer bought any type on three days.
            UnableToReadPurchaseDays: chunks came as an iterator, which ends after one walk.
        """
        chunks = chunked(purchase_days)
        prior = Prior.of(rhythm(chunks, today=today))
        counts = _observations(chunks, prior, today, window_days)
        return cls(prior, _curves(counts), window_days)

    def due(self, pairs: pd.DataFrame, *, today: int, horizon: int) -> pd.DataFrame:
        """See ``TimingModel.due``.

        ``expected_day`` is the unconditional median: the last purchase plus the rhythm's own
        length, so that it adds up by hand and lies in the past for the overdue. The window is
        conditional on no purchase up to ``today`` and so lies wholly after it.
        """
        pairs = as_of(pairs, today)
        last_day = pairs[columns.LAST_DAY].to_numpy().astype(np.int64)
        outlook = self.outlook(pairs, today=today)
        mu, sd, curve, alive = outlook.mu, outlook.sd, outlook.curve, outlook.alive
        curves = outlook.curves
        probability = outlook.probability(horizon)

        def after_last(survival: Floats) -> Floats:
            days = np.exp(mu + sd * curves.reaching(curve, survival))
            return np.minimum(days, LONGEST_DAYS)

        half = np.full(mu.shape, 0.5)
        window_from = last_day + np.floor(after_last(alive * (1 - TAIL)))
        window_from = np.maximum(window_from, today + 1)
        window_to = np.maximum(last_day + np.ceil(after_last(alive * TAIL)), window_from)
        kept = [columns.CUSTOMER, columns.TYPE, columns.PURCHASES, columns.LAST_DAY]
        foretold: dict[str, NDArray[Any]] = {
            columns.PROBABILITY: probability,
            columns.EXPECTED_DAY: (last_day + np.rint(after_last(half))).astype(np.int32),
            columns.WINDOW_FROM: window_from.astype(np.int32),
            columns.WINDOW_TO: window_to.astype(np.int32),
        }
        return pairs[[*kept, columns.MEAN_INTERVAL]].assign(**foretold)

    def outlook(self, pairs: pd.DataFrame, *, today: int) -> "Outlook":
        """Where each pair stands on its curve; ``pairs`` are rows of ``columns.PAIRS``."""
        mu, sd = self._expectation(pairs)
        curves = Curves(LOW, STEP, self.survival)
        curve = _bucket(pairs[columns.PURCHASES].to_numpy().astype(np.int64))
        age = (today - pairs[columns.LAST_DAY].to_numpy()).astype(np.float64)
        alive = np.where(age > 0, curves.at(curve, _z(age, mu, sd)), 1.0)
        return Outlook(mu, sd, curve, age, alive, curves)

    def _expectation(self, pairs: pd.DataFrame) -> tuple[Floats, Floats]:
        n = pairs[columns.PURCHASES].to_numpy() - 1.0
        total = n * pairs[columns.MEAN_LOG_INTERVAL].fillna(0.0).to_numpy()
        return _posterior(self.prior, pairs[columns.TYPE].to_numpy(), n, total)

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        arrays, parameters = self.prior.to_arrays()
        arrays = {f"prior_{name}": array for name, array in arrays.items()}
        return arrays | {"survival": self.survival}, {
            "prior": parameters,
            "window_days": self.window_days,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        mine = {name[6:]: array for name, array in arrays.items() if name.startswith("prior_")}
        prior = Prior.from_arrays(mine, parameters["prior"])
        return cls(prior, arrays["survival"], parameters["window_days"])


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Pairs as the law sees them on one day; every array is (N,)."""

    mu: Floats
    """Expected log interval in days."""
    sd: Floats
    curve: Ints
    age: Floats
    """Days since the last purchase."""
    alive: Floats
    """Share of such intervals that last as long as this one has."""
    curves: Curves

    def of_rows(self, kept: NDArray[np.bool_]) -> "Outlook":
        """Some of the pairs."""
        arrays = (self.mu[kept], self.sd[kept], self.curve[kept], self.age[kept], self.alive[kept])
        return Outlook(*arrays, self.curves)

    def z(self, ahead: float = 0.0) -> Floats:
        """Standardised log of the interval as it would be in so many days."""
        return _z(self.age + ahead, self.mu, self.sd)

    def probability(self, horizon: float) -> Floats:
        """Chance of a purchase within so many days."""
        later = self.curves.at(self.curve, self.z(horizon))
        alive = np.where(self.alive > 0, self.alive, 1.0)
        found = np.where(self.alive > 0, 1.0 - later / alive, 0.0)
        return np.asarray(np.clip(found, 0.0, 1.0))

    def days_until(self, part: float) -> Floats:
        """Days from today by which so large a part of such pairs has bought."""
        z = self.curves.reaching(self.curve, self.alive * (1.0 - part))
        days = np.minimum(np.exp(self.mu + self.sd * z), LONGEST_DAYS)
        return np.asarray(np.maximum(days - self.age, 0.0))


def _posterior(prior: Prior, types: Ints, n: Floats, total: Floats) -> tuple[Floats, Floats]:
    mean, within = prior.for_types(types)
    precision = n / within + 1.0 / prior.between
    return (total / within + mean / prior.between) / precision, np.sqrt(within + 1.0 / precision)


def _z(days: Floats, mu: Floats, sd: Floats) -> Floats:
    # Half a day stands for zero, which has no logarithm; nothing ends before a whole day.
    return (np.log(np.maximum(days, 0.5)) - mu) / sd


def _bucket(purchases: Ints) -> Ints:
    return np.searchsorted(np.array(BUCKETS), purchases, side="right")


def _observations(
    chunks: Iterable[pd.DataFrame], prior: Prior, today: int, window_days: int
) -> NDArray[np.int64]:
    counts = np.zeros((3, len(BUCKETS) + 1, POINTS), dtype=np.int64)
    for chunk in chunks:
        counts += _count(visits(chunk, today=today), prior, today, window_days)
    return counts


def _count(of: Visits, prior: Prior, today: int, window_days: int) -> NDArray[np.int64]:
    """Observations entered, died and left at each point of each curve, (3, buckets, POINTS)."""
    value, _, end = log_intervals(of)
    # Every purchase day opens an interval: the one up to the next purchase day, or up to today.
    ended = np.zeros(of.day.size, dtype=np.bool_)
    ended[end - 1] = True
    until = np.full(of.day.size, today, dtype=np.int64)
    until[end - 1] = of.day[end]
    before = place(of.start, of.day.size)
    running = np.zeros(of.day.size)
    running[end] = value
    running = np.cumsum(running)
    running -= np.repeat(running[of.start], of.purchases)

    opens = today - window_days
    seen = (until > opens) & (until > of.day)
    day, until, ended, before = of.day[seen], until[seen], ended[seen], before[seen]
    mu, sd = _posterior(prior, of.type[of.pair[seen]], before.astype(np.float64), running[seen])
    last = _point(_z((until - day).astype(np.float64), mu, sd))
    late = np.maximum(opens - day, 0).astype(np.float64)
    first = np.where(late > 0, np.minimum(_point(_z(late, mu, sd)) + 1, last), 0)
    curve = _bucket(before + 1)
    size = (len(BUCKETS) + 1) * POINTS
    places = (curve * POINTS + first, (curve * POINTS + last)[ended], curve * POINTS + last)
    return np.stack([np.bincount(at, minlength=size).reshape(-1, POINTS) for at in places])


def _point(z: Floats) -> Ints:
    return np.clip(np.ceil((z - LOW) / STEP), 0, POINTS - 1).astype(np.int64)


def _curves(counts: NDArray[np.int64]) -> Floats:
    grid = LOW + STEP * np.arange(POINTS)
    alive = np.array([math.erfc(z / math.sqrt(2.0)) / 2.0 for z in grid])
    prior = 1.0 - alive / np.concatenate(([1.0], alive[:-1]))
    return kaplan_meier(*counts, prior=prior, prior_at_risk=NORMAL_AT_RISK)
