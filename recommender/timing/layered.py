"""The law with a second layer: what the law cannot see of a household, a type and a season."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import mixed
from recommender.timing.features import Ground, Seen
from recommender.timing.layer import Layer, Lesson
from recommender.timing.model import PurchaseDays, bought, chunked
from recommender.timing.state import state

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

HORIZONS: Final = (7, 14)
LESSONS: Final = 8
STEP_DAYS: Final = 7
LEAST_HISTORY_DAYS: Final = 56
"""What lies before the first lesson, so that it has rhythms to speak of."""
MIN_PURCHASES: Final = 3
LESSON_ROWS: Final = 1_500_000
"""Purchase days that the layer learns from at most; of a larger shop, those of some customers."""


@dataclass(frozen=True, slots=True, eq=False)
class Layered:
    """Closed forms fitted on everybody, and one layer a horizon that speaks only where it is sure.

    Whatever pairs come without ``columns.STATES`` are foretold by the law alone.
    """

    kind: ClassVar[str] = "layered"
    ground: Ground
    layers: tuple[Layer, ...]
    """By horizon, ascending."""
    seed: int
    taught: int
    """The last day known as the layers were taught; trying them again leaves it as it was."""

    @classmethod
    def fit(
        cls,
        purchase_days: PurchaseDays,
        *,
        today: int,
        horizons: Sequence[int] = HORIZONS,
        parent: "Layered | None" = None,
        lessons: int = LESSONS,
        lesson_rows: int = LESSON_ROWS,
        seed: int = 0,
    ) -> Self:
        """Learn from the purchase days up to and including ``today``; later ones are not read.

        Args:
            purchase_days: rows of ``columns.PURCHASE_DAYS``, whole or in chunks of customers.
            today: the last day whose purchases are known.
            horizons: days ahead, one layer each; other horizons lie between them.
            parent: an earlier fit whose layers are tried again instead of learning new ones.
            lessons: how many weekly origins each layer learns from.
            lesson_rows: purchase days that layers learn from at most.
            seed: of the customers chosen where there are more, and of the trees.

        Raises:
            UnableToFitLaw: no customer bought any type on three days.
            UnableToReadPurchaseDays: chunks came as an iterator, which ends after one walk.
        """
        chunks = chunked(purchase_days)
        ground = Ground.fit(chunks, today=today)
        school = School(some_customers(chunks, today, lesson_rows, seed), today, regular)
        now = Seen.of(ground, school.states(today), today=today)
        taught = {one.horizon: one for one in parent.layers} if parent is not None else {}
        layers, since = [], []
        for horizon in sorted(set(horizons)):
            trial = today - horizon
            layer = taught.get(horizon)
            if parent is not None and layer is not None and layer.logistic is not None:
                since.append(parent.taught)
            else:
                since.append(today)
                origins = [trial - horizon - STEP_DAYS * back for back in range(lessons)]
                layer = Layer.fit(horizon, school.lessons(origins, horizon), seed=seed)
            last = school.lessons([trial], horizon)
            layers.append(layer.tried(last[0] if last else None, now))
        return cls(ground, tuple(layers), seed, min(since, default=today))

    def due(self, pairs: pd.DataFrame, *, today: int, horizon: int) -> pd.DataFrame:
        """See ``TimingModel.due``; days and windows are the law's."""
        found = self.ground.law.due(pairs, today=today, horizon=horizon)
        if not set(columns.STATES) <= set(pairs.columns):
            return found
        return found.assign(
            **{columns.PROBABILITY: self.chances(pairs, today=today, horizon=horizon)}
        )

    def chances(self, states: pd.DataFrame, *, today: int, horizon: int) -> Floats:
        """Chance that each of ``columns.STATES`` buys within so many days, (N,).

        Of less than three purchase days nothing was learnt but by the law.
        """
        found = self.ground.law.outlook(states, today=today).probability(horizon)
        known = (states[columns.PURCHASES] >= MIN_PURCHASES).to_numpy()
        if known.any():
            mine = states if known.all() else states[known]
            found[known] = self.probability(Seen.of(self.ground, mine, today=today), horizon)
        return found

    def probability(self, seen: Seen, horizon: int) -> Floats:
        """Chance of a purchase within so many days, (N,); it never falls as they grow.

        Between the layers' horizons it goes the way the law goes.
        """
        law = seen.pair.probability(horizon)
        low, low_law = np.zeros(law.size), np.zeros(law.size)
        for layer in self.layers:
            # What is likely within one week is no less so within two.
            high = np.maximum(layer.probability(seen), low)
            if layer.horizon == horizon:
                return high
            high_law = seen.pair.probability(layer.horizon)
            if layer.horizon > horizon:
                gap = high_law - low_law
                part = np.divide(law - low_law, gap, out=np.zeros(law.size), where=gap > 0)
                return np.asarray(low + np.clip(part, 0.0, 1.0) * (high - low))
            low, low_law = high, high_law
        left = 1.0 - low_law
        part = np.divide(1.0 - law, left, out=np.ones(law.size), where=left > 0)
        return np.asarray(1.0 - (1.0 - low) * np.clip(part, 0.0, 1.0))

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        arrays, ground = self.ground.to_arrays()
        layers = []
        for layer in self.layers:
            found, parameters = layer.to_arrays()
            arrays |= {f"layer{layer.horizon}_{name}": one for name, one in found.items()}
            layers.append(parameters)
        return arrays, {
            "ground": ground,
            "layers": layers,
            "seed": self.seed,
            "taught": self.taught,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        layers = []
        for one in parameters["layers"]:
            prefix = f"layer{one['horizon']}_"
            mine = {
                name[len(prefix) :]: array
                for name, array in arrays.items()
                if name.startswith(prefix)
            }
            layers.append(Layer.from_arrays(mine, one))
        ground = {name: array for name, array in arrays.items() if not name.startswith("layer")}
        return cls(
            Ground.from_arrays(ground, parameters["ground"]),
            tuple(layers),
            parameters["seed"],
            parameters.get("taught", 0),  # a file of an older version does not tell
        )


class Asked(Protocol):
    """Chooses pairs out of ``columns.STATES``."""

    def __call__(self, states: pd.DataFrame, *, today: int) -> pd.DataFrame:
        """Return some rows, numbered anew."""
        ...


def regular(states: pd.DataFrame, *, today: int) -> pd.DataFrame:  # noqa: ARG001
    """The pairs with at least three purchase days."""
    return states[states[columns.PURCHASES] >= MIN_PURCHASES].reset_index(drop=True)


class School:
    """Origins of the past: what could be seen then, each looked at once, and what came after."""

    def __init__(self, days: pd.DataFrame, today: int, asked: "Asked") -> None:
        """Take rows of ``columns.PURCHASE_DAYS``; those after ``today`` are not read.

        ``asked`` chooses, of the ``columns.STATES`` of an origin, the pairs to learn from.
        """
        self._days = days[(days[columns.DAY] <= today).to_numpy()]
        self._today = today
        self._asked = asked
        self._seen: dict[int, Seen | None] = {}

    def states(self, origin: int) -> pd.DataFrame:
        """``columns.STATES`` of the pairs that are asked about."""
        return self._asked(state(self._days, today=origin), today=origin)

    def lessons(self, origins: Iterable[int], horizon: int) -> list[Lesson]:
        """The origins that have enough before them and a whole horizon behind them."""
        if self._days.empty:
            return []
        earliest = int(self._days[columns.DAY].min()) + LEAST_HISTORY_DAYS
        found = []
        for origin in origins:
            if origin < earliest or origin + horizon > self._today:
                continue
            seen = self._look(origin)
            if seen is not None:
                found.append(Lesson(seen, self._bought(seen.states, origin, horizon)))
        return found

    def _look(self, origin: int) -> Seen | None:
        if origin not in self._seen:
            states = self.states(origin)
            past = [self._days[(self._days[columns.DAY] <= origin).to_numpy()]]
            self._seen[origin] = (
                None
                if states.empty
                else Seen.of(Ground.fit(past, today=origin), states, today=origin)
            )
        return self._seen[origin]

    def _bought(self, states: pd.DataFrame, origin: int, horizon: int) -> Bools:
        day = self._days[columns.DAY].to_numpy()
        return bought(states, self._days[(day > origin) & (day <= origin + horizon)])


def some_customers(
    chunks: Iterable[pd.DataFrame], today: int, rows: int, seed: int
) -> pd.DataFrame:
    """All purchase days of as many customers as fit, always the same ones."""
    kept: list[pd.DataFrame] = []
    border = 2**64 - 1
    for chunk in chunks:
        frame = columns.require(chunk, columns.PURCHASE_DAYS, what="purchase days")
        frame = frame[(frame[columns.DAY] <= today).to_numpy()]
        kept.append(frame[mixed(frame[columns.CUSTOMER].to_numpy(), seed) <= border])
        while sum(map(len, kept)) > rows and border > 0:
            border = int(border * 0.9 * rows / sum(map(len, kept)))
            kept = [one[mixed(one[columns.CUSTOMER].to_numpy(), seed) <= border] for one in kept]
    return pd.concat(kept, ignore_index=True) if kept else columns.empty(columns.PURCHASE_DAYS)
