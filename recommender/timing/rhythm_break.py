"""Rhythms that broke off: what she bought regularly, is late with, and will not buy for long.

Asked of pairs with at least four purchase days that are overdue against their mean interval, of
customers who still shop. The score is the chance that she buys nothing of the type within 56 days.
A layer like those of ``Layered`` learns it; it is tried on customers whose past taught it nothing,
and where it is not better there, the law speaks.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import mixed
from recommender.timing.features import Ground, Seen
from recommender.timing.layer import Layer, Lesson
from recommender.timing.layered import LESSON_ROWS, STEP_DAYS, School, some_customers
from recommender.timing.model import PurchaseDays, chunked

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

HORIZON_DAYS: Final = 56
MIN_PURCHASES: Final = 4
STILL_SHOPS_DAYS: Final = 21
LESSONS: Final = 8
TAUGHT: Final = 0.8
"""Share of the customers that lessons are made of; the others are the trial."""
MOST_ERROR: Final = 0.1
"""Eight weeks ago a season's level was another; it is straightened, and the order counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Breaks:
    """Closed forms fitted on everybody, and a layer for 56 days that speaks where it is better."""

    ground: Ground
    layer: Layer
    seed: int

    @classmethod
    def fit(
        cls,
        purchase_days: PurchaseDays,
        *,
        today: int,
        ground: Ground | None = None,
        lesson_rows: int = LESSON_ROWS,
        seed: int = 0,
    ) -> Self:
        """Learn from the purchase days up to and including ``today``; later ones are not read.

        Args:
            purchase_days: rows of ``columns.PURCHASE_DAYS``, whole or in chunks of customers.
            today: the last day whose purchases are known.
            ground: the closed forms, if they are fitted already.
            lesson_rows: purchase days that the layer learns from at most.
            seed: of the customers chosen, and of the trees.

        Raises:
            UnableToFitLaw: no customer bought any type on three days.
        """
        chunks = chunked(purchase_days)
        ground = Ground.fit(chunks, today=today) if ground is None else ground
        school = School(some_customers(chunks, today, lesson_rows, seed), today, overdue)
        origins = [today - HORIZON_DAYS - STEP_DAYS * back for back in range(LESSONS)]
        lessons = school.lessons(origins, HORIZON_DAYS)
        taught = [_of_customers(one, seed, taught=True) for one in lessons]
        trial = [_of_customers(one, seed, taught=False) for one in lessons[:1]]
        layer = Layer.fit(HORIZON_DAYS, taught, seed=seed)
        now = Seen.of(ground, school.states(today), today=today)
        return cls(
            ground, layer.tried(trial[0] if trial else None, now, most_error=MOST_ERROR), seed
        )

    def find(self, states: pd.DataFrame, *, today: int) -> pd.DataFrame:
        """The overdue of ``states`` with their chance of no purchase within 56 days.

        Args:
            states: rows of ``columns.STATES`` as of ``today``.
            today: the last day whose purchases are known.

        Returns:
            ``columns.STATES`` of the pairs that were asked about, and ``score``.
        """
        found = overdue(states, today=today)
        if found.empty:
            return found.assign(**{columns.SCORE: np.empty(0)})
        seen = Seen.of(self.ground, found, today=today)
        return found.assign(**{columns.SCORE: 1.0 - self.layer.probability(seen)})


def overdue(states: pd.DataFrame, *, today: int) -> pd.DataFrame:
    """The pairs that a break may be told of; see the module."""
    since = today - states[columns.LAST_DAY]
    late = (states[columns.PURCHASES] >= MIN_PURCHASES) & (since > states[columns.MEAN_INTERVAL])
    here = states[columns.HOUSE_LAST_DAY] > today - STILL_SHOPS_DAYS
    return states[late & here].reset_index(drop=True)


def _of_customers(lesson: Lesson, seed: int, *, taught: bool) -> Lesson:
    who = lesson.seen.states[columns.CUSTOMER].to_numpy()
    # Another draw than that of the customers a large shop is taught on.
    inside = (mixed(who, seed + 1) <= np.uint64(int(TAUGHT * 2**64))) == taught
    return Lesson(lesson.seen.of_rows(inside), lesson.truth[inside])
