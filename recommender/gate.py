"""Which model may speak tonight: one gate for items and timing."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

LOWER_IS_BETTER = frozenset({"brier", "ece"})
TOLERATED_LOSS = 0.02
"""Share of the champion's figure that a challenger may lose at worst and still take its place."""


class Difference(Protocol):
    """What one model has more of a figure than another, with the interval it lies in."""

    @property
    def mean(self) -> float:
        """The difference that was measured."""
        ...

    @property
    def low(self) -> float:
        """No less, at the level of the interval."""
        ...

    @property
    def high(self) -> float:
        """No more, at the level of the interval."""
        ...


Differences = Mapping[tuple[str, str], Difference]
"""(model, other) -> the figure of model less that of other, over the same customers or pairs."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's decision with the figures it rests on."""

    kind: str
    metric: str
    promoted: str | None
    """The model that speaks from now on; None: whoever spoke before goes on."""
    reason: str
    """In plain words, for the reviewer."""
    beats: Mapping[str, bool]
    """The best candidate against each baseline and against the champion."""
    figures: Mapping[str, Mapping[str, float]]
    refused: str | None = None
    """The best candidate, if it is not the one that was promoted."""
    refusal: str = ""
    """Why it was refused."""


def decide(
    kind: str,
    figures: Mapping[str, Mapping[str, float]],
    *,
    metric: str,
    baselines: Sequence[str],
    champion: str | None,
    differences: Differences | None = None,
    doubted: Collection[str] = (),
    tolerated_loss: float = TOLERATED_LOSS,
) -> Verdict:
    """Promote the best model that beats every baseline and is not worse than the champion.

    All are compared on figures of one evaluation, so on the same held-out history. The champion is
    named by its recipe: when it is itself the best, or the best one is refused because of it, its
    refit of tonight is promoted, as long as its figure is above every baseline's. A baseline may be
    the champion but is never a candidate.

    Where the interval of a difference is known, a candidate is *better* if all of it lies above
    zero, and *not worse* if all of it lies above the tolerated loss; else the plain figures decide,
    and it must be above.

    Args:
        kind: "items" or "timing", kept for the record.
        figures: model -> metric -> value, as ``Evaluation.figures``.
        metric: the figure that decides.
        baselines: models that must be beaten; all of them must have been measured.
        champion: the model that speaks now; None if none does.
        differences: of the deciding metric; either order of a pair will do, and so will none.
        doubted: recipes that a person rolled back from. They must be better than the champion.
        tolerated_loss: share of the champion's figure, 0 or more.
    """
    known = _Compared(figures, metric, differences or {})
    stays = f"{champion} stays" if champion else "no model speaks, the labelled fallback does"

    def refuse(why: str, beats: Mapping[str, bool], best: str | None = None) -> Verdict:
        reason = f"{why}; {stays}"
        return Verdict(kind, metric, None, reason, beats, figures, best, reason if best else "")

    unmeasured = [name for name in baselines if math.isnan(known.value(name))]
    if unmeasured or not baselines:
        lacking = ", ".join(unmeasured) if unmeasured else "any baseline"
        return refuse(f"{metric} of {lacking} was not measured", {})
    candidates = [
        name for name in figures if name not in baselines and not math.isnan(known.value(name))
    ]
    if not candidates:
        return refuse(f"no candidate has a figure for {metric}", {})
    # Of equals the champion goes on; among others the name decides, so that chance does not.
    best = min(candidates, key=lambda name: (-known.value(name), name != champion, name))
    scored = f"{best} has {metric} {known.shown(best)}"
    if best == champion:
        beats = {name: known.value(best) > known.value(name) for name in baselines}
    else:
        beats = {name: known.better(best, name) for name in baselines}
    if lost := [name for name, won in beats.items() if not won]:
        against = ", ".join(known.against(best, name) for name in lost)
        return refuse(f"{scored}, not better than {against}", beats, best)
    if champion is None or champion == best:
        reason = f"{scored}, better than {', '.join(baselines)}"
        return Verdict(kind, metric, best, reason, beats, figures)
    if math.isnan(known.value(champion)):
        return refuse(f"{scored}, but champion {champion} was not measured tonight", beats, best)
    rolled_back = best in doubted
    loss = 0.0 if rolled_back else tolerated_loss * abs(known.value(champion))
    beats[champion] = known.better(best, champion, by_more_than=-loss)
    said = known.against(best, champion)
    if beats[champion]:
        if known.better(best, champion):
            others = [*(name for name in baselines if name != champion), f"champion {said}"]
            reason = f"{scored}, better than {' and than '.join(others)}"
        else:
            reason = f"{scored}, better than {', '.join(baselines)}, not worse than champion {said}"
        return Verdict(kind, metric, best, reason, beats, figures)
    ask = "better than" if rolled_back else "certainly no worse than"
    why = f"{scored}, not {ask} champion {said}"
    if rolled_back:
        why += f", as {best} must be since it was rolled back"
    if champion in baselines or not all(
        known.value(champion) > known.value(name) for name in baselines
    ):
        return refuse(why, beats, best)
    reason = f"{why}; {champion} goes on, trained anew"
    return Verdict(kind, metric, champion, reason, beats, figures, best, reason)


@dataclass(frozen=True, slots=True)
class _Compared:
    """Figures and differences of one metric, turned so that more is better."""

    figures: Mapping[str, Mapping[str, float]]
    metric: str
    differences: Differences

    def value(self, model: str) -> float:
        found = self.figures.get(model, {}).get(self.metric, math.nan)
        return -found if self.metric in LOWER_IS_BETTER else found

    def interval(self, model: str, other: str) -> tuple[float, float] | None:
        """The lowest and the highest by which model may be better than other."""
        found, sign = self.differences.get((model, other)), 1.0
        if found is None:
            found, sign = self.differences.get((other, model)), -1.0
        if found is None or math.isnan(found.low) or math.isnan(found.high):
            return None
        if self.metric in LOWER_IS_BETTER:
            sign = -sign
        low, high = sorted((sign * found.low, sign * found.high))
        return low, high

    def better(self, model: str, other: str, *, by_more_than: float = 0.0) -> bool:
        interval = self.interval(model, other)
        if interval is None:
            return self.value(model) > self.value(other)
        return interval[0] > by_more_than

    def shown(self, model: str) -> str:
        return f"{self.figures[model][self.metric]:.4f}"

    def against(self, model: str, other: str) -> str:
        """The other, its figure, and by how much the model is better if that is known."""
        interval = self.interval(model, other)
        between = "" if interval is None else f", {interval[0]:+.4f} to {interval[1]:+.4f}"
        return f"{other} ({self.shown(other)}{between})"
