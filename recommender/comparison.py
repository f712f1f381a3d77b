"""Models beside each other: how far apart, how surely, and which of them deserves to speak."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recommender.evaluation import Evaluation
from recommender.interval import Interval, paired_interval

METRIC = "recall@10"


@dataclass(frozen=True, slots=True)
class Promotion:
    """The model that deserves to speak, and why in plain words."""

    promoted: str
    reason: str


def differences(
    evaluation: Evaluation,
    *,
    against: Sequence[str],
    metric: str = METRIC,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, dict[str, Interval]]:
    """By how much each model is better than each of ``against``, customer by customer.

    Args:
        evaluation: must hold ``metric`` by customer.
        against: the baselines, and the champion if there is one; the unmeasured are passed over.
        metric: the figure that is compared.
        seed: of the bootstrap.
        level: chance that an interval holds the true difference.

    Returns:
        Model -> other model -> interval of the difference; no model against itself.
    """
    vectors = {name: found[metric] for name, found in evaluation.by_customer.items()}
    return {
        name: {
            other: paired_interval(own, vectors[other], seed=seed, level=level)
            for other in against
            if other in vectors and other != name
        }
        for name, own in vectors.items()
    }


def promote(
    evaluation: Evaluation,
    apart: Mapping[str, Mapping[str, Interval]],
    *,
    baselines: Sequence[str],
    metric: str = METRIC,
) -> Promotion:
    """Promote the best model that is surely better than every baseline, else the best baseline.

    Surely better: the interval of the paired difference lies above zero. Of equals the first by
    name is the best.

    Args:
        evaluation: of the baselines, at least one, and of whatever wants to be promoted.
        apart: see ``differences``.
        baselines: models that must be beaten and are never candidates; the unmeasured are not
            asked.
        metric: the figure that decides.
    """
    value = {name: found[metric] for name, found in evaluation.figures.items()}

    def best_of(names: Sequence[str]) -> str:
        return min(names, key=lambda name: (-value[name], name))

    measured = [name for name in baselines if name in value]
    best_baseline = best_of(measured)
    candidates = [name for name in value if name not in baselines]
    surely = [
        name for name in candidates if all(apart[name][one].is_above_zero for one in measured)
    ]
    if surely:
        best = best_of(surely)
        closest = min(measured, key=lambda one: apart[best][one].low)
        gap = apart[best][closest]
        return Promotion(
            best,
            f"{best} has {metric} {value[best]:.4f} and is surely better than every simple model; "
            f"the closest is {closest}, behind by {gap.mean:.4f} ({gap.low:.4f} to {gap.high:.4f})",
        )
    told = f"{best_baseline} has {metric} {value[best_baseline]:.4f}, the best of the simple models"
    if not candidates:
        return Promotion(best_baseline, f"{told}; nothing else was measured")
    best = best_of(candidates)
    near = [one for one in measured if not apart[best][one].is_above_zero]
    return Promotion(
        best_baseline,
        f"{told}; {best} ({value[best]:.4f}) is not surely better than {', '.join(near)}",
    )
