"""How long things last, from observations that may begin late and end unseen."""

import numpy as np
from numpy.typing import NDArray

from recommender.keys import Ints

Floats = NDArray[np.float64]


def kaplan_meier(
    entered: NDArray[np.generic],
    died: NDArray[np.generic],
    left: NDArray[np.generic],
    *,
    prior: Floats | None = None,
    prior_at_risk: float = 0.0,
) -> Floats:
    """Share that outlives each point of a common scale, along the last axis.

    The product-limit estimate of Kaplan and Meier (1958) with delayed entry; with a prior it is
    the posterior mean under a beta process (Susarla and Van Ryzin 1976), as if ``prior_at_risk``
    more had stood at risk at every point and died at the prior's rate. That keeps a thin tail from
    jumping to 0 or staying flat by chance.

    Args:
        entered: observations first at risk at this point, (…, G).
        died: observations that ended here, (…, G); they are among ``left``.
        left: observations last at risk at this point, ended or no longer seen, (…, G).
        prior: chance of the prior to end at a point it reached, (G,).
        prior_at_risk: weight of the prior.

    Returns:
        Survival just after each point, (…, G).
    """
    left = left.astype(np.float64)
    at_risk = np.cumsum(entered.astype(np.float64), axis=-1) - (np.cumsum(left, axis=-1) - left)
    ended = died.astype(np.float64)
    if prior is not None:
        ended = ended + prior_at_risk * prior
        at_risk = at_risk + prior_at_risk
    rate = np.divide(ended, at_risk, out=np.zeros_like(ended), where=at_risk > 0)
    return np.asarray(np.cumprod(1.0 - rate, axis=-1))


class Curves:
    """Survival curves over one evenly spaced scale, read between its points by straight lines."""

    def __init__(self, low: float, step: float, survival: Floats) -> None:
        """Take curves (B, G) whose column g is survival at ``low + g * step``."""
        self.low, self.step, self.survival = low, step, survival

    def at(self, curve: Ints, z: Floats) -> Floats:
        """Survival at ``z``, each on its own curve; beyond the ends the end values hold."""
        spot = np.clip((z - self.low) / self.step, 0.0, self.survival.shape[1] - 1.0)
        index = np.minimum(spot.astype(np.int64), self.survival.shape[1] - 2)
        part = spot - index
        here, there = self.survival[curve, index], self.survival[curve, index + 1]
        return np.asarray(here + part * (there - here))

    def reaching(self, curve: Ints, survival: Floats) -> Floats:
        """Find where each curve falls to a given survival; an end of the scale if it never does."""
        grid = self.low + self.step * np.arange(self.survival.shape[1])
        z = np.empty(survival.shape)
        for index, values in enumerate(self.survival):
            mine = curve == index
            z[mine] = np.interp(-survival[mine], -values, grid)
        return z
