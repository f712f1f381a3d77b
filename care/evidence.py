"""What messages recommend and on what evidence, for the people who look at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from care.domain.recommendation import SOURCES, from_text
from care.runtime import Runtime
from care.storage.history import PinnedFile
from care.storage.snapshot import read_kept, read_manifest
from care.storage.store import Store


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
        store = self._runtime.store
        return _names(store, read_manifest(store, self._night).products)

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


@lru_cache(maxsize=4)
def _names(store: Store, products: PinnedFile) -> Mapping[int, str]:
    """Kept between requests, as most of them look at one night's catalogue."""
    sold = read_kept(store, products)
    return dict(zip(sold["product_key"].tolist(), sold["name"].tolist(), strict=True))
