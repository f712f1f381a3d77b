"""Drift: how the night's input, and what the champion makes of it, differ from nights before.

Nothing stops because of it; staff are told. What must stop a night is in ``care.domain.feed``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from care.domain.feed import WEEK
from care.domain.warning import Warned

PARTS = 10
"""Tenths of the scores of an earlier night, into which tonight's fall."""
SHIFTED = 0.25
"""A stability index above which a distribution is commonly said to have shifted (Siddiqi 2006)."""
LEAST_SCORES = 500
"""Of fewer scores the index is mostly chance: its mean without any shift is (PARTS - 1)(1/n + 1/m),
see Yurdakul and Naranjo, "Statistical properties of the population stability index" (2020)."""
LEAST_LINES = 500
"""Of a usual week: a smaller shop is never like the weeks before."""
FALLBACK_POINTS = 0.1
"""By so much the share of customers without a model's word may rise."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What an input is called, and how many times the usual one is far: above, or one part of it.

    ``points``: for shares, which are far only above, by how much they must differ besides.
    """

    name: str
    times: float
    points: float = 0.0


INPUTS: Mapping[str, Bound] = {
    "lines": Bound("order lines a day", 1.4),
    "customers": Bound("customers a day", 1.3),
    "items": Bound("different products a day", 1.4),
    "basket": Bound("order lines an order", 1.25),
    "top_item_share": Bound("share of the best-selling product", 2.0, points=0.02),
    "new_item_share": Bound("share of products first sold within four weeks", 2.0, points=0.05),
}


def inputs(feed: pd.DataFrame, *, night: date, weeks: int) -> dict[str, dict[str, float]]:
    """What the last week looked like beside the median of the weeks before it.

    ``feed``: columns of ``care.domain.feed.FEED``. Returns input → ``now`` and ``usual``; nothing
    for a shop younger than the weeks that say what is usual.
    """
    tonight = np.datetime64(night, "D")
    ago = (tonight - 1 - feed["day"].to_numpy("datetime64[D]")).astype(int)
    if not len(ago) or ago.max() // WEEK < weeks:
        return {}
    near = (ago >= 0) & (ago // WEEK <= weeks)
    of_week = feed[near].drop(columns="day").groupby(ago[near] // WEEK).sum()
    of_week = of_week.reindex(range(weeks + 1), fill_value=0).astype("float64")
    lines, orders = of_week["lines"].clip(lower=1), of_week["orders"].clip(lower=1)
    told = pd.DataFrame(
        {
            "lines": of_week["lines"] / WEEK,
            "customers": of_week["customers"] / WEEK,
            "items": of_week["items"] / WEEK,
            "basket": of_week["lines"] / orders,
            "top_item_share": of_week["product_lines"] / lines,
            "new_item_share": of_week["new_lines"] / lines,
        }
    )
    now, usual = told.iloc[0].to_dict(), told.iloc[1:].median().to_dict()
    return {name: {"now": _short(now[name]), "usual": _short(usual[name])} for name in INPUTS}


def stability_index(before: Sequence[float], scores: NDArray[np.float64]) -> float:
    """How far tonight's scores have shifted from an earlier night's: 0 if not at all.

    The population stability index, the sum over parts of (now - then) ln(now / then), with the
    tenths of the earlier night as parts (Siddiqi, "Credit Risk Scorecards", 2006). ``before``:
    their inner edges, ascending; equal ones make one part of several. ``scores``: tonight's.
    """
    edges, counts = np.unique(np.asarray(before, dtype=np.float64), return_counts=True)
    then = np.append(counts, 1.0) / (len(before) + 1)
    now = np.bincount(np.searchsorted(edges, scores, side="left"), minlength=edges.size + 1)
    share = np.fmax(now / max(scores.size, 1), 0.5 / max(scores.size, 1))
    return float(np.sum((share - then) * np.log(share / then)))


def edges_of(scores: NDArray[np.float64]) -> list[float]:
    """The inner edges of the tenths of some scores; nothing where there are too few."""
    if scores.size < LEAST_SCORES:
        return []
    inner = np.quantile(scores, np.arange(1, PARTS) / PARTS, method="lower")
    return [_short(edge) for edge in inner]


def scores_of(
    recipe: str,
    scores: NDArray[np.float64],
    fallback_share: float,
    before: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What to keep of the champion's scores of a night, beside an earlier night of its recipe.

    ``before``: what this returned on that night; its recipe must be the same.
    """
    found: dict[str, Any] = {
        "recipe": recipe,
        "edges": edges_of(scores),
        "fallback_share": _short(fallback_share),
    }
    if before and before["recipe"] == recipe and before["edges"] and found["edges"]:
        found |= {
            "shift": _short(stability_index(before["edges"], scores)),
            "fallback_before": before["fallback_share"],
        }
    return found


def drifts(watched: Mapping[str, Any]) -> list[Warned]:
    """Warnings for what is beyond its bounds; ``watched``: ``inputs`` and ``scores`` of a night."""
    found: list[Warned] = []
    week = watched.get("inputs", {})
    small = not week or week["lines"]["usual"] * WEEK < LEAST_LINES
    for name, one in () if small else week.items():
        bound, now, usual = INPUTS[name], one["now"], one["usual"]
        share = name.endswith("_share")
        far = now > bound.times * usual or (not share and now * bound.times < usual)
        if far and abs(now - usual) > bound.points:
            shown = [f"{value:.1%}" if share else f"{value:,.4g}" for value in (now, usual)]
            found.append(
                {"kind": "input_drift", "what": bound.name, "now": shown[0], "usual": shown[1]}
            )
    scores = watched.get("scores", {})
    if scores.get("shift", 0.0) > SHIFTED:
        found.append(
            {
                "kind": "score_drift",
                "recipe": scores["recipe"],
                "shift": f"{scores['shift']:.2f}",
                "bound": f"{SHIFTED:g}",
            }
        )
    if scores.get("fallback_share", 0.0) > scores.get("fallback_before", 1.0) + FALLBACK_POINTS:
        found.append(
            {
                "kind": "fallback_drift",
                "recipe": scores["recipe"],
                "now": f"{scores['fallback_share']:.0%}",
                "before": f"{scores['fallback_before']:.0%}",
            }
        )
    return found


def untold(
    found: Collection[Warned], told: Collection[tuple[date, Warned]], *, night: date
) -> list[Warned]:
    """Those of which staff were not warned in the week before: a week is in seven nights' figures.

    ``told``: the warnings of other nights.
    """

    def subject(warning: Warned) -> tuple[Any, ...]:
        return warning["kind"], warning.get("what"), warning.get("recipe")

    lately = {subject(warning) for on, warning in told if abs((night - on).days) <= WEEK}
    return [warning for warning in found if subject(warning) not in lately]


def _short(value: float) -> float:
    return float(f"{value:.6g}")
