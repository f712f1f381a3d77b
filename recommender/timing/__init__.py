"""When a customer will want a type of product again: one ``fit`` and one ``due`` for each.

Usable alone, from order lines to who is due::

    from recommender import timing

    found = timing.fit(lines)                       # customer, order, day, item, type
    found.due(night=today + 1, horizon=7)           # or timing.due(found, night=…, horizon=7)
    found.breaks(night=today + 1)
    timing.save(found, path); timing.load(path, lines)
"""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from recommender.artifact import StoredFile
    from recommender.timing.forecaster import Forecaster

MODELS: Mapping[str, str] = MappingProxyType(
    {
        "interval": "interval:Interval",
        "frequency": "frequency:Frequency",
        "modified_poisson_gamma": "modified_poisson_gamma:ModifiedPoissonGamma",
        "gamma_poisson": "gamma_poisson:GammaPoisson",
        "bg_nbd": "bg_nbd:BgNbd",
        "law": "law:Law",
        "layered": "layered:Layered",
    }
)
"""Every timing model by name, simplest first: its module here, and its class. Nothing is imported
before it is asked for."""

BASELINES = ("interval", "frequency", "modified_poisson_gamma", "gamma_poisson", "bg_nbd")
"""Models from books and papers, which a model of our own must surely beat."""


class UnableToChooseModel(KeyError):
    """No timing model has that name."""

    def __str__(self) -> str:
        return str(self.args[0])


def fits(
    names: Sequence[str] = tuple(MODELS), *, horizons: Sequence[int] = (7, 14)
) -> dict[str, Any]:
    """How to fit each of these models, by name, as ``try_timing`` asks for it.

    Args:
        names: keys of ``MODELS``.
        horizons: days ahead that ``layered`` learns layers for.

    Raises:
        UnableToChooseModel: a name is not in ``MODELS``.
    """
    strange = [name for name in names if name not in MODELS]
    if strange:
        raise UnableToChooseModel(
            f"there is no timing model {', '.join(strange)}; choose from {', '.join(MODELS)}"
        )
    found: dict[str, Any] = {}
    for name in names:
        module, kind = MODELS[name].split(":")
        fit = getattr(import_module(f"recommender.timing.{module}"), kind).fit
        found[name] = partial(fit, horizons=tuple(horizons)) if name == "layered" else fit
    return found


def fit(history: "pd.DataFrame", *, today: int | None = None, **settings: Any) -> "Forecaster":
    """See ``Forecaster.fit``."""
    from recommender.timing.forecaster import Forecaster

    return Forecaster.fit(history, today=today, **settings)


def due(model: "Forecaster", *, night: int, horizon: int) -> "pd.DataFrame":
    """See ``Forecaster.due``."""
    found: pd.DataFrame = model.due(night=night, horizon=horizon)
    return found


def breaks(model: "Forecaster", *, night: int) -> "pd.DataFrame":
    """See ``Forecaster.breaks``."""
    found: pd.DataFrame = model.breaks(night=night)
    return found


def save(
    model: "Forecaster", path: "StoredFile", *, figures: Mapping[str, float] | None = None
) -> str:
    """See ``Forecaster.save``."""
    return model.save(path, figures=figures)


def load(path: "StoredFile", history: "pd.DataFrame", *, sha256: str | None = None) -> "Forecaster":
    """See ``Forecaster.load``."""
    from recommender.timing.forecaster import Forecaster

    return Forecaster.load(path, history, sha256=sha256)
