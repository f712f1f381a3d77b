"""What the second layer may know of a pair: closed forms, counts and recency, none from later on.

Two views of one state. The *terms* are few enough, and straightened by logarithms, for a logistic
regression; they hold the household too. The *facts* are raw, for trees, and hold nothing of the
household: a few thousand households with all their types repeat the same numbers so often that
trees learn them by heart.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.timing.law import Law, Outlook
from recommender.timing.rhythm import visits
from recommender.timing.state import house_days
from recommender.timing.trend import Trend

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

AHEAD: Final = (1, 2, 4)
"""The law is asked for the horizon, for twice and for four times as many days."""
_STEADY: Final = (
    *columns.RECENT[:2],
    *columns.HOUSE_RECENT[:2],
    *columns.HOUSE_RECENT_PURCHASES[:2],
)
STEADY: Final = len(_STEADY)
"""So many terms come first that a longer history alone does not move: counts of late days."""
LEAST = 1e-5
"""Probabilities are kept this far from 0 and 1, so that their logarithm exists."""


class HouseDays:
    """The shopping days of households, made anew from chunks at each walk."""

    def __init__(self, chunks: Iterable[pd.DataFrame], today: int) -> None:
        """Take chunks of ``columns.PURCHASE_DAYS`` that can be walked more than once."""
        self.chunks, self.today = chunks, today

    def __iter__(self) -> Any:
        """One frame of ``columns.PURCHASE_DAYS`` a chunk."""
        return (house_days(visits(chunk, today=self.today)) for chunk in self.chunks)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The fitted closed forms below the second layer."""

    law: Law
    house: Law
    """Of whole households: when one shops at all."""
    trend: Trend

    @classmethod
    def fit(cls, chunks: Iterable[pd.DataFrame], *, today: int) -> Self:
        """Learn from the purchase days up to and including ``today``.

        Raises:
            UnableToFitLaw: no customer bought any type on three days.
        """
        law = Law.fit(chunks, today=today)
        house = Law.fit(HouseDays(chunks, today), today=today)
        return cls(law, house, Trend.of(chunks, today=today))

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters from which ``from_arrays`` restores an equal object."""
        arrays: dict[str, NDArray[Any]] = {}
        parameters: dict[str, Any] = {}
        for name, one in (("law", self.law), ("house", self.house)):
            found, parameters[name] = one.to_arrays()
            arrays |= {f"{name}_{key}": array for key, array in found.items()}
        arrays |= {f"trend_{key}": array for key, array in self.trend.to_arrays().items()}
        return arrays, parameters

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""

        def mine(prefix: str) -> dict[str, NDArray[Any]]:
            return {
                name[len(prefix) :]: array
                for name, array in arrays.items()
                if name.startswith(prefix)
            }

        return cls(
            Law.from_arrays(mine("law_"), parameters["law"]),
            Law.from_arrays(mine("house_"), parameters["house"]),
            Trend(**mine("trend_")),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Pairs on one day, with all that features are made of; one look serves every horizon."""

    states: pd.DataFrame
    today: int
    pair: Outlook
    house: Outlook
    trend: Floats
    popularity: Floats
    usual: Floats
    """Mean log interval of the type, (N,)."""
    within: Floats

    @classmethod
    def of(cls, ground: Ground, states: pd.DataFrame, *, today: int) -> Self:
        """Look at rows of ``columns.STATES`` as of ``today``."""
        types = states[columns.TYPE].to_numpy()
        trend, popularity = ground.trend.for_types(types)
        usual, within = ground.law.prior.for_types(types)
        return cls(
            states,
            today,
            ground.law.outlook(states, today=today),
            ground.house.outlook(_houses(states), today=today),
            trend,
            popularity,
            usual,
            within,
        )

    def of_rows(self, kept: NDArray[np.bool_]) -> "Seen":
        """Some of the pairs."""
        return Seen(
            self.states[kept].reset_index(drop=True),
            self.today,
            self.pair.of_rows(kept),
            self.house.of_rows(kept),
            self.trend[kept],
            self.popularity[kept],
            self.usual[kept],
            self.within[kept],
        )

    def terms(self, horizon: int) -> Floats32:
        """What the logistic regression reads, (N, number of terms)."""
        law = [logit(self.pair.probability(times * horizon)) for times in AHEAD]
        house = [logit(self.house.probability(times * horizon)) for times in AHEAD[:2]]
        of, today = self.states, self.today
        n = _column(of, columns.PURCHASES)
        since = today - _column(of, columns.LAST_DAY)
        span = today - _column(of, columns.FIRST_DAY) + 1.0
        house_since = today - _column(of, columns.HOUSE_LAST_DAY)
        house_span = today - _column(of, columns.HOUSE_FIRST_DAY) + 1.0
        mean = np.nan_to_num(_column(of, columns.MEAN_INTERVAL), nan=horizon)
        z = self.pair.z()
        counted = (
            *_STEADY, columns.RECENT[-1], columns.HOUSE_RECENT[-1],
            columns.HOUSE_RECENT_PURCHASES[-1], columns.HOUSE_PURCHASES, columns.HOUSE_VISITS,
            columns.HOUSE_TYPES, columns.HOUSE_LAST_BASKET, columns.HOUSE_LONGEST_INTERVAL,
            columns.HOUSE_LAST_INTERVAL, columns.LONGEST_INTERVAL, *columns.INTERVALS[:2],
        )  # fmt: skip
        decayed = (*columns.DECAYED, *columns.HOUSE_DECAYED)
        found = [
            *(np.log1p(np.nan_to_num(_column(of, name))) for name in counted),
            *law, law[0] ** 2, *house,
            np.log1p(n), np.log1p(since), np.log1p(span), np.log(n / span), since < 1,
            np.minimum(since / np.maximum(mean, 1.0), 5.0),
            *(np.log(_column(of, name) + 0.05) for name in decayed),
            np.log1p(house_since), np.log1p(house_span),
            self.pair.mu, self.pair.sd, z, z**2, self.pair.z(horizon),
            self.usual, self.within, *self.trend.T, self.popularity, _spread(of),
        ]  # fmt: skip
        return _stacked(found)

    def facts(self, horizon: int) -> Floats32:
        """What the trees read, (N, number of facts)."""
        of, today = self.states, self.today
        since = today - of[columns.LAST_DAY].to_numpy()
        span = today - of[columns.FIRST_DAY].to_numpy()
        plain = (
            columns.PURCHASES, columns.MEAN_INTERVAL, columns.MEAN_LOG_INTERVAL,
            *columns.INTERVALS, columns.LONGEST_INTERVAL, *columns.RECENT, *columns.DECAYED,
        )  # fmt: skip
        found = [
            since, span, _spread(of), *(of[name].to_numpy() for name in plain),
            *(self.pair.probability(times * horizon) for times in AHEAD),
            self.pair.mu, self.pair.sd, self.pair.z(), self.pair.z(horizon),
            self.usual, self.within, *self.trend.T, self.popularity,
        ]  # fmt: skip
        return _stacked(found)


def logit(probability: Floats) -> Floats:
    """Log odds, kept finite."""
    kept = np.clip(probability, LEAST, 1.0 - LEAST)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def chance(log_odds: Floats) -> Floats:
    """The probability of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -50.0, 50.0))))


def _houses(states: pd.DataFrame) -> pd.DataFrame:
    """Each pair's household as a pair of the one type 0."""
    return pd.DataFrame(
        {
            columns.TYPE: np.zeros(len(states), dtype=np.int64),
            columns.PURCHASES: states[columns.HOUSE_VISITS],
            columns.LAST_DAY: states[columns.HOUSE_LAST_DAY],
            columns.MEAN_LOG_INTERVAL: states[columns.HOUSE_MEAN_LOG_INTERVAL],
        }
    )


def _spread(states: pd.DataFrame) -> Floats:
    spare = np.maximum(_column(states, columns.PURCHASES) - 2.0, 1.0)
    return np.asarray(np.sqrt(_column(states, columns.LOG_INTERVAL_SS) / spare))


def _column(states: pd.DataFrame, name: str) -> Floats:
    return states[name].to_numpy().astype(np.float64)


def _stacked(found: list[NDArray[Any]]) -> Floats32:
    into = np.empty((found[0].size, len(found)), dtype=np.float32)
    for place, values in enumerate(found):
        into[:, place] = values
    return into
