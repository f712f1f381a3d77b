"""What was measured of several models on the same held-out history."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


class UnableToEvaluate(ValueError):
    """The history is too short to hold anything out."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What was measured, how, and on how much; plain values, ready for JSON, and the vectors."""

    kind: str
    protocol: Mapping[str, int | list[int]]
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Model -> metric -> value; NaN where the held-out history could not tell."""
    by_customer: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(default_factory=dict)
    """Model -> metric -> a value of each customer, (Q,), in one order for all models."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Models that could not be fitted on this history, and why."""
