"""One horizon's second layer: learnt on the law, judged on the last week known, quiet in doubt.

*Lessons* are origins a week apart: what was known then, and who bought within the horizon. The
youngest lesson ends where the *trial* begins, the last origin whose horizon is over. There the
layer must rank better than the law (average precision), be likelier (log loss), and be nearly right
as it stands (calibration error); and what it reads today must look like what it was taught on.
Otherwise the law speaks. Where the level has surely shifted, as with a season, whoever speaks is
straightened on the trial (Platt 1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from recommender import metric
from recommender.timing.features import STEADY, Seen, chance, logit
from recommender.timing.logistic import Logistic, straightened
from recommender.timing.trees import Trees

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RIDGE: Final = 20.0
CAUTION: Final = 20.0
WEATHER: Final = 0.05
"""Log odds by which one week differs from the next for no lasting reason: only what a correction
moves beyond it is believed."""
MOST_ERROR: Final = 0.02
"""Calibration error on the trial above which the lessons are thought to be out of date."""
MOST_DISTANCE: Final = 1.0
"""Spreads that the mean of a count of late days may have moved since the lessons."""
CLOSED: Final = 0.4
"""Where less than so much of what the law foretold was bought, the shop is thought to have been
closed, and nothing is learnt of the level."""
BINS: Final = 10
LEAST_ROWS: Final = 500
LEAST_TRUE: Final = 50
STRAIGHT: Final = (0.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One origin: the pairs as seen then, and who bought."""

    seen: Seen
    truth: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A logistic regression on closed forms and trees on what it leaves over, for one horizon."""

    horizon: int
    logistic: Logistic | None
    """None where there was too little to learn from."""
    trees: Trees | None
    straight: tuple[float, float]
    """Intercept and slope of whoever speaks."""
    speaks: bool
    """False: the law does."""
    reason: str
    """Why, for the reviewer."""
    figures: dict[str, float]
    """Of the trial: ``ap``, ``log_loss`` and ``ece`` of the layer, the same as ``law_…``."""

    @classmethod
    def fit(cls, horizon: int, lessons: Sequence[Lesson], *, seed: int) -> Self:
        """Learn; who speaks is still to be decided, see ``tried``."""
        rows = sum(one.truth.size for one in lessons)
        true = sum(int(one.truth.sum()) for one in lessons)
        if rows < LEAST_ROWS or min(true, rows - true) < LEAST_TRUE:
            return cls(horizon, None, None, STRAIGHT, False, "too little to learn from", {})
        truth = np.concatenate([one.truth for one in lessons])
        terms = np.concatenate([one.seen.terms(horizon) for one in lessons])
        logistic = Logistic.fit(terms, truth, ridge=RIDGE)
        score = logistic.score(terms)
        del terms
        facts = np.concatenate([one.seen.facts(horizon) for one in lessons])
        trees = Trees.fit(facts, truth, score, seed=seed)
        return cls(horizon, logistic, trees, STRAIGHT, False, "not tried yet", {})

    def tried(
        self, trial: Lesson | None, today: Seen, *, most_error: float = MOST_ERROR
    ) -> "Layer":
        """Decide on the last known origin who speaks, and straighten whom that is.

        Args:
            trial: an origin that no lesson saw, if there is one.
            today: the pairs as they are now.
            most_error: the layer is quiet if its calibration error on the trial is greater, and
                that is no luck of a small shop.
        """
        if trial is None or trial.truth.size < LEAST_ROWS or trial.truth.sum() < LEAST_TRUE:
            return self._quiet("too little to be tried on")
        truth = trial.truth
        law = logit(trial.seen.pair.probability(self.horizon))
        if truth.mean() < CLOSED * chance(law).mean():
            return self._quiet("hardly anybody bought in the last weeks known")
        law_straight = _believed(law, truth)
        if (apart := _apart(trial.seen, today, self.horizon)) > MOST_DISTANCE:
            # As after a closure: what was learnt before it says nothing, but the level does.
            why = f"the last weeks known were {apart:.1f} spreads unlike today"
            return self._quiet(why, law_straight)
        if self.logistic is None:
            return self._quiet(self.reason, law_straight)
        own = self.raw(trial.seen)
        straight = _believed(own, truth)
        figures = {
            **_judged(truth, own, straight, ""),
            **_judged(truth, law, law_straight, "law_"),
            "distance": float(self.logistic.distance(today.terms(self.horizon))[:STEADY].max()),
        }
        share = float(truth.mean())
        luck = float(np.sqrt(share * (1.0 - share) * BINS / truth.size))
        if figures["ap"] <= figures["law_ap"] or figures["log_loss"] >= figures["law_log_loss"]:
            why = "on the last weeks known it was not better than the law"
        elif figures["ece"] > most_error + luck:
            why = f"on the last weeks known it was off by {figures['ece']:.3f} on average"
        elif figures["distance"] > MOST_DISTANCE:
            why = f"what it reads has moved by {figures['distance']:.1f} spreads since its lessons"
        else:
            return Layer(
                self.horizon,
                self.logistic,
                self.trees,
                straight,
                True,
                f"better than the law on the last weeks known: ap {figures['ap']:.4f}, "
                f"not {figures['law_ap']:.4f}",
                figures,
            )
        return self._quiet(why, law_straight, figures)

    def raw(self, seen: Seen) -> Floats:
        """Log odds as learnt, before they are straightened, (N,)."""
        assert self.logistic is not None
        score = self.logistic.score(seen.terms(self.horizon))
        return score if self.trees is None else score + self.trees.score(seen.facts(self.horizon))

    def probability(self, seen: Seen) -> Floats:
        """Chance of a purchase within the horizon, from whoever speaks, (N,)."""
        if not self.speaks and self.straight == STRAIGHT:
            return seen.pair.probability(self.horizon)
        own = self.raw(seen) if self.speaks else logit(seen.pair.probability(self.horizon))
        intercept, slope = self.straight
        return chance(intercept + slope * own)

    def _quiet(
        self,
        why: str,
        straight: tuple[float, float] = STRAIGHT,
        figures: dict[str, float] | None = None,
    ) -> "Layer":
        return Layer(
            self.horizon,
            self.logistic,
            self.trees,
            straight,
            False,
            f"the law speaks: {why}",
            figures or {},
        )

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters from which ``from_arrays`` restores an equal object."""
        arrays: dict[str, NDArray[Any]] = {} if self.logistic is None else self.logistic.to_arrays()
        if self.trees is not None:
            arrays["trees"] = np.frombuffer(self.trees.text, dtype=np.uint8)
        return arrays, {
            "horizon": self.horizon,
            "straight": list(self.straight),
            "speaks": self.speaks,
            "reason": self.reason,
            "figures": self.figures,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        intercept, slope = parameters["straight"]
        return cls(
            parameters["horizon"],
            Logistic.from_arrays(arrays) if "mean" in arrays else None,
            Trees(arrays["trees"].tobytes()) if "trees" in arrays else None,
            (intercept, slope),
            parameters["speaks"],
            parameters["reason"],
            parameters["figures"],
        )


def _apart(then: Seen, today: Seen, horizon: int) -> float:
    """How many spreads the mean of any count of late days lies from where it lay then."""
    if today.states.empty:
        return 0.0
    mine, before = (one.terms(horizon)[:, :STEADY] for one in (today, then))
    spread = np.maximum(before.std(axis=0), mine.std(axis=0)).astype(np.float64)
    gap = np.abs(mine.mean(axis=0, dtype=np.float64) - before.mean(axis=0, dtype=np.float64))
    return float((gap / np.maximum(spread, 1e-6)).max())


def _believed(score: Floats, truth: Bools) -> tuple[float, float]:
    """The correction of a score, drawn back by as much as a week's weather explains."""
    intercept, slope = straightened(score, truth, caution=CAUTION)
    moved = abs(float((intercept + (slope - 1.0) * score).mean()))
    part = max(0.0, 1.0 - WEATHER / moved) if moved > 0 else 0.0
    return part * intercept, 1.0 + part * (slope - 1.0)


def _judged(
    truth: Bools, score: Floats, straight: tuple[float, float], prefix: str
) -> dict[str, float]:
    intercept, slope = straight
    said = chance(intercept + slope * score)
    likely = np.where(truth, said, 1.0 - said)
    return {
        f"{prefix}ap": metric.average_precision(truth, score),
        f"{prefix}log_loss": float(-np.log(np.maximum(likely, 1e-12)).mean()),
        f"{prefix}ece": metric.calibration_error(truth, chance(score)),
    }
