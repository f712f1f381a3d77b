"""A product put before one customer, and the evidence it rests on."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

POPULAR: Final = "popular"
SEGMENT: Final = "segment"
FALLBACKS: Final = (POPULAR, SEGMENT)
"""Sources that rest on nothing she did."""
NEW: Final = "new"
"""The source, and the reason, of something new that is put forward so that somebody tries it."""
FOLLOWS: Final = "follows"
"""The reason of what took the place of something she bought and that is no longer sold."""
GOES_WITH: Final = "goes_with"
SIMILAR_CUSTOMERS: Final = "similar_customers"

SEGMENT_BY: Final[Mapping[str, str]] = {"region": "near_her", "locale": "same_language"}
"""What of a customer makes a segment, the closest first → the reason that a letter may give.

Her region is how far the van goes, and her language is the letter's own. Her age, her sex and what
her name seems to tell make none: nobody wants to read them in a reason.
"""

RESTS_ON: Final[Mapping[str, frozenset[str]]] = {
    "bought_often": frozenset(),
    "bought_lately": frozenset(),
    "bought_before": frozenset(),
    GOES_WITH: frozenset({"name", "month"}),
    FOLLOWS: frozenset({"name", "month"}),
    SIMILAR_CUSTOMERS: frozenset(),
    NEW: frozenset(),
    **dict.fromkeys(SEGMENT_BY.values(), frozenset[str]()),
    "popular": frozenset(),
}
"""Every reason there is → what its phrase must name: the product of hers, and when she had it."""

SOURCES: Final[Mapping[str, str]] = {
    "personal": "what she buys herself",
    "als": "customers with baskets like hers",
    "item": "goes with something she bought",
    "neighbours": "the customers most like her",
    "popular": "popular with everybody",
    "segment": "popular among customers like her",
    "new": "new, so that somebody tries it",
}
"""Which evidence ranked an item, as a reviewer reads it."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One product and why: ``reason`` is a code, or nothing where none could be said truly.

    ``because``: the product of hers that the reason rests on, last bought on ``because_on``.
    """

    product_key: int
    source: str
    reason: str | None
    because: int | None = None
    because_on: date | None = None


def as_text(recommended: Iterable[Recommendation]) -> str:
    """Recommendations as the ledger keeps them, best first."""
    return json.dumps([asdict(one) for one in recommended], default=str)


def from_text(kept: str) -> list[Recommendation]:
    """What ``as_text`` wrote."""
    found = []
    for said in json.loads(kept):
        day = said.pop("because_on")
        found.append(
            Recommendation(**said, because_on=None if day is None else date.fromisoformat(day))
        )
    return found
