"""What messages recommend and on what evidence, for the people who look at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from care.domain.recommendation import SOURCES, from_text
from care.runtime import Runtime
from care.storage.snapshot import load_snapshot, read_pinned


@dataclass(frozen=True, slots=True)
class Recommended:
    """One product of a message: ``source`` ranked it, ``reason`` is the code of what it says.

    ``because``: the product of hers that the reason rests on, last bought on ``because_on``.
    """

    product: str
    source: str
    reason: str | None
    because: str | None
    because_on: date | None

    @property
    def in_words(self) -> str:
        """For a person."""
        rests = f", as she bought {self.because} on {self.because_on}" if self.because else ""
        said = self.reason or "no reason that can be said"
        return f"{self.product}: {said}{rests} ({SOURCES.get(self.source, self.source)})"


class Evidence:
    """The names of one night's products, read once somebody looks."""

    def __init__(self, runtime: Runtime, night: date) -> None:
        self._runtime, self._night = runtime, night

    @cached_property
    def _names(self) -> Mapping[int, str]:
        snapshot = load_snapshot(self._runtime.store, self._night)
        sold = read_pinned(self._runtime.store, snapshot.products)
        return dict(zip(sold["product_key"].tolist(), sold["name"].tolist(), strict=True))

    def name(self, product_key: int) -> str:
        """What a product is called."""
        return self._names[product_key]

    def of(self, kept: str) -> list[Recommended]:
        """What a message recommends, as the ledger keeps it, with names."""
        return [
            Recommended(
                product=self._names[one.product_key],
                source=one.source,
                reason=one.reason,
                because=None if one.because is None else self._names[one.because],
                because_on=one.because_on,
            )
            for one in from_text(kept)
        ]
