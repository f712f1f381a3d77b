"""What of a ``Forecaster`` is kept in one file: both models, over the same closed forms."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from recommender.timing.layer import Layer
from recommender.timing.layered import Layered
from recommender.timing.rhythm_break import Breaks


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Holds no customer's data; ``today`` is the last day the models learnt from."""

    kind: ClassVar[str] = "timing"
    model: Layered
    breaks: Breaks
    today: int

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        arrays, parameters = self.model.to_arrays()
        found, layer = self.breaks.layer.to_arrays()
        arrays |= {f"breaks_{name}": one for name, one in found.items()}
        return arrays, parameters | {"breaks": layer, "today": self.today}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        layer = {name[7:]: one for name, one in arrays.items() if name.startswith("breaks_")}
        rest = {name: one for name, one in arrays.items() if not name.startswith("breaks_")}
        model = Layered.from_arrays(rest, parameters)
        breaks = Breaks(model.ground, Layer.from_arrays(layer, parameters["breaks"]), model.seed)
        return cls(model, breaks, parameters["today"])
