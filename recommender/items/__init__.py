"""What a customer will want: one ``fit`` and one ``recommend`` for every model."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any

MODELS: Mapping[str, str] = MappingProxyType(
    {
        "popularity": "popularity:Popularity",
        "personal_global": "personal_global:PersonalGlobal",
        "personal": "personal:Personal",
        "als": "als:Als",
        "item_cosine": "item_cosine:ItemCosine",
        "upcf": "upcf:UpCf",
        "tifuknn": "tifuknn:TifuKnn",
        "two_stage": "two_stage:TwoStage",
    }
)
"""Every item model by name, simplest first: its module here, and its class. Nothing is imported
before it is asked for."""

BASELINES = ("popularity", "personal_global", "personal", "als", "item_cosine", "upcf", "tifuknn")
"""Models from books and papers, which a model of our own must surely beat."""


class UnableToChooseModel(KeyError):
    """No item model has that name."""

    def __str__(self) -> str:
        return str(self.args[0])


def fits(names: Sequence[str] = tuple(MODELS)) -> dict[str, Any]:
    """How to fit each of these models, by name, as ``evaluate_items`` asks for it.

    Raises:
        UnableToChooseModel: a name is not in ``MODELS``.
    """
    strange = [name for name in names if name not in MODELS]
    if strange:
        raise UnableToChooseModel(
            f"there is no item model {', '.join(strange)}; choose from {', '.join(MODELS)}"
        )
    found = {}
    for name in names:
        module, kind = MODELS[name].split(":")
        found[name] = getattr(import_module(f"recommender.items.{module}"), kind).fit
    return found
