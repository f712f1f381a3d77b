"""Which model may speak tonight: one gate for items and timing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOWER_IS_BETTER = frozenset({"brier", "ece"})


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


def decide(
    kind: str,
    figures: Mapping[str, Mapping[str, float]],
    *,
    metric: str,
    baselines: Sequence[str],
    champion: str | None,
) -> Verdict:
    """Promote the best model that beats every baseline and is not worse than the champion.

    All are compared on figures of one evaluation, so on the same held-out history. The champion is
    named by its recipe: when it is itself the best, its refit of tonight is promoted. A baseline
    may be the champion but is never a candidate.

    Args:
        kind: "items" or "timing", kept for the record.
        figures: model -> metric -> value, as ``Evaluation.figures``.
        metric: the figure that decides.
        baselines: models that must be beaten; all of them must have been measured.
        champion: the model that speaks now; None if none does.
    """

    def value(model: str) -> float:
        found = figures.get(model, {}).get(metric, math.nan)
        return -found if metric in LOWER_IS_BETTER else found

    def verdict(promoted: str | None, reason: str, beats: Mapping[str, bool]) -> Verdict:
        return Verdict(kind, metric, promoted, reason, beats, figures)

    stays = f"{champion} stays" if champion else "no model speaks, the labelled fallback does"
    unmeasured = [name for name in baselines if math.isnan(value(name))]
    if unmeasured or not baselines:
        lacking = ", ".join(unmeasured) if unmeasured else "any baseline"
        return verdict(None, f"{metric} of {lacking} was not measured; {stays}", {})
    candidates = [name for name in figures if name not in baselines and not math.isnan(value(name))]
    if not candidates:
        return verdict(None, f"no candidate has a figure for {metric}; {stays}", {})
    # Of equals the champion goes on; among others the name decides, so that chance does not.
    best = min(candidates, key=lambda name: (-value(name), name != champion, name))
    beats = {name: value(best) > value(name) for name in baselines}
    lost = [name for name, won in beats.items() if not won]
    scored = f"{best} has {metric} {_shown(figures, best, metric)}"
    if lost:
        against = ", ".join(f"{name} ({_shown(figures, name, metric)})" for name in lost)
        return verdict(None, f"{scored}, not better than {against}; {stays}", beats)
    if champion is None or champion == best:
        return verdict(best, f"{scored}, better than {', '.join(baselines)}", beats)
    if math.isnan(value(champion)):
        reason = f"{scored}, but champion {champion} was not measured tonight; {stays}"
        return verdict(None, reason, beats)
    # A measured champion was a candidate or a baseline, so the best is better than it.
    beats[champion] = True
    others = ", ".join(name for name in beats if name != champion)
    reason = f"{scored}, better than {others} and than champion {champion}"
    return verdict(best, f"{reason} ({_shown(figures, champion, metric)})", beats)


def _shown(figures: Mapping[str, Mapping[str, float]], model: str, metric: str) -> str:
    return f"{figures[model][metric]:.4f}"
