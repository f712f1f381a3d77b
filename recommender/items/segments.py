"""What customers of one segment buy these weeks: for those of whom nothing else is known."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.items import shortlist
from recommender.items.bought import Bought
from recommender.items.model import Purpose, PurposeLike, Source
from recommender.items.popularity import popular_candidates
from recommender.items.shortlist import Candidates, Request
from recommender.keys import Ints, distinct, position

EVERYBODY: Final = -1
"""The segment that all customers are in."""
HALF_LIFE_DAYS = 28.0
"""So short that what is in season leads, and what was has gone."""
LOOKS_BACK_DAYS = 168
"""Six half-lives; what was bought longer ago weighs next to nothing and is not read."""
UNIT = 1 << 20
"""An order of today in the whole numbers that weights are added up in, so that sums are exact."""
LEAST_BUYERS = 10
"""Fewer customers of a segment are not many, whatever share of it they are."""
SHRINK = 50.0
"""A segment's own orders are drawn to everybody's as if it had so many more of theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPopularity:
    """Items by their decayed share of a segment's orders, shrunken towards everybody's.

    An item is named for a segment's sake only if ``LEAST_BUYERS`` of its customers bought it.
    """

    kind: ClassVar[str] = "segments"
    bought: Bought
    segments: Ints
    """Ascending, (S,)."""
    score: NDArray[np.float64]
    """(S, I)."""
    many: NDArray[np.bool_]
    """Whether enough customers of the segment bought the item, (S, I)."""

    @classmethod
    def fit(cls, history: pd.DataFrame, *, today: int, segments: pd.DataFrame) -> Self:
        """Learn from the orders up to and including ``today``.

        Args:
            history: rows of ``columns.HISTORY``.
            today: the last day read.
            segments: ``columns.CUSTOMER_SEGMENTS``; a customer may be in several.
        """
        bought = Bought.of(history, today=today)
        lines = columns.require(history, columns.HISTORY, what="the order history")
        age = today - lines[columns.DAY]
        lines = lines[(age >= 0) & (age < LOOKS_BACK_DAYS)]
        lines = lines.drop_duplicates([columns.CUSTOMER, columns.ORDER, columns.ITEM])
        of = columns.require(segments, columns.CUSTOMER_SEGMENTS, what="segments")
        members = pd.concat([lines.merge(of), lines.assign(**{columns.SEGMENT: EVERYBODY})])
        weight = np.rint(np.exp2(-(today - members[columns.DAY]) / HALF_LIFE_DAYS) * UNIT)
        held = members.assign(**{columns.WEIGHT: weight.astype("int64")})
        found = held.groupby([columns.SEGMENT, columns.ITEM], as_index=False).agg(
            **{
                columns.WEIGHT: (columns.WEIGHT, "sum"),
                columns.BUYERS: (columns.CUSTOMER, "nunique"),
            }
        )
        return cls._of(bought, found)

    @classmethod
    def of(cls, counted: pd.DataFrame, *, today: int) -> Self:
        """Take counts that were made elsewhere, such as in a database.

        Args:
            counted: ``columns.SEGMENT_ITEMS``, with the rows of ``EVERYBODY`` among them; weights
                in parts of ``UNIT``.
            today: the last day counted.
        """
        counted = columns.require(counted, columns.SEGMENT_ITEMS, what="the counts of segments")
        everybody = counted[counted[columns.SEGMENT] == EVERYBODY].sort_values(columns.ITEM)
        nobody = np.empty(0, dtype=np.int64)
        bought = Bought(
            customers=nobody,
            items=everybody[columns.ITEM].to_numpy(),
            start=np.zeros(1, dtype=np.int64),
            item=nobody.astype(np.int32),
            times=nobody.astype(np.int32),
            last_day=nobody.astype(np.int32),
            weight=np.empty(0),
            orders=everybody[columns.WEIGHT].to_numpy(),
            today=today,
            half_life_days=HALF_LIFE_DAYS,
        )
        return cls._of(bought, counted)

    @classmethod
    def _of(cls, bought: Bought, counted: pd.DataFrame) -> Self:
        segments = distinct(counted[columns.SEGMENT].to_numpy())
        segments = segments[segments != EVERYBODY]
        shape = (segments.size + 1, bought.items.size)
        row = position(counted[columns.SEGMENT].to_numpy(), segments)  # -1, the last: everybody
        column = position(counted[columns.ITEM].to_numpy(), bought.items)
        weight, buyers = np.zeros(shape), np.zeros(shape, dtype=np.int64)
        weight[row, column] = counted[columns.WEIGHT].to_numpy() / UNIT
        buyers[row, column] = counted[columns.BUYERS].to_numpy()
        usual = weight[-1] / max(weight[-1].sum(), 1.0)
        own = weight[:-1]
        score = (own + SHRINK * usual) / (own.sum(axis=1, keepdims=True) + SHRINK)
        return cls(bought, segments, score, buyers[:-1] >= LEAST_BUYERS)

    def recommend(
        self,
        customers: NDArray[np.int64],
        k: int,
        *,
        purpose: PurposeLike,
        segments: pd.DataFrame,
        allowed: NDArray[np.int64] | None = None,
        exclude: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """See ``ItemModel.recommend``; where the segment knows no more, popular items follow.

        ``segments``: ``columns.CUSTOMER_SEGMENTS``, at most one row a customer. Who has none gets
        what is popular.
        """
        why = Purpose(purpose)
        of = columns.require(segments, columns.CUSTOMER_SEGMENTS, what="segments")
        of = of.sort_values(columns.CUSTOMER)
        known, theirs = of[columns.CUSTOMER].to_numpy(), of[columns.SEGMENT].to_numpy()

        def offer(request: Request) -> list[Candidates]:
            there = position(request.customers, known)
            segment = np.full(there.size, -1, dtype=np.int64)
            segment[there >= 0] = position(theirs[there[there >= 0]], self.segments)
            return self._candidates(request, segment, k, why)

        return shortlist.recommend(
            self.bought, customers, k, offer, allowed=allowed, exclude=exclude
        )

    def _candidates(
        self, request: Request, segment: Ints, k: int, purpose: Purpose
    ) -> list[Candidates]:
        bought = self.bought
        if purpose is Purpose.AGAIN:
            q, row = shortlist.own(bought, request)
            item = bought.item[row].astype(np.int64)
            return [Candidates(q, item, bought.share[item], Source.POPULAR)]
        hidden = np.empty(0, dtype=np.int64)
        if purpose is Purpose.DISCOVER:
            hidden = shortlist.owned_keys(bought, request)
        parts: list[tuple[Ints, Ints]] = []
        for code in distinct(segment[segment >= 0]):
            order = np.argsort(-self.score[code], kind="stable")
            order = order[self.many[code][order]]
            asking = np.flatnonzero(segment == code)
            parts.append(shortlist.first_free(bought, request, order, asking, k, taken=hidden))
        none = np.empty(0, dtype=np.int64)
        q = np.concatenate([none, *(q for q, _ in parts)])
        item = np.concatenate([none, *(item for _, item in parts)])
        ours = Candidates(q, item, self.score[segment[q], item], Source.SEGMENT)
        taken = distinct(q * bought.items.size + item, hidden)
        return [ours, popular_candidates(bought, request, k, taken=taken, tier=1)]

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and parameters for ``recommender.artifact``."""
        arrays, parameters = self.bought.to_arrays()
        mine = ("segments", "score", "many")
        return arrays | {f"segment_{name}": getattr(self, name) for name in mine}, parameters

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        mine = {name[8:]: array for name, array in arrays.items() if name.startswith("segment_")}
        rest = {name: array for name, array in arrays.items() if not name.startswith("segment_")}
        return cls(Bought.from_arrays(rest, parameters), **mine)
