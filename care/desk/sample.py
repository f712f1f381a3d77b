"""Messages worth looking at: of every tier and language, the longest and the riskiest."""

from dataclasses import dataclass
from datetime import date

from care.desk.look import Sample
from care.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Picked:
    """A message, and why it was picked, such as ``longest``, ``fallback`` or ``gold, zh-CN``."""

    because: str
    sample: Sample


def samples(runtime: Runtime, night: date, campaign: str, *, n: int, seed: int) -> list[Picked]:
    """``n`` messages of a campaign; another seed picks others of the same kinds.

    Raises:
        UnableToDecide: no such campaign.
    """
    raise NotImplementedError
