"""Ranked items for tonight's touches, each with the evidence it rests on.

A model ranks more than is wished; the rules of the shop (``care.domain.assortment``) choose.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd

from care.domain.assortment import (
    chosen,
    cooling,
    disliked,
    explorers,
    is_new,
    shelf,
    succeeded,
    suits,
    with_sayable_evidence,
    with_something_new,
)
from care.domain.curve import with_curves
from care.domain.interest import keenness
from care.domain.product import catalogue
from care.domain.recommendation import (
    FALLBACKS,
    NEW,
    RESTS_ON,
    SEGMENT,
    SEGMENT_BY,
    Recommendation,
)
from care.runtime import Runtime
from care.storage import people
from care.storage.curves import read_curves, read_interests
from care.storage.database import reading
from care.storage.history import item_history, sold_since
from care.storage.purchases import count_segments, just_bought, of_customers, who_ever_bought
from care.training import load_champion
from care.trial import last_known_day
from recommender.items import segments
from recommender.items.model import ItemModel
from recommender.items.popularity import Popularity
from recommender.items.segments import SegmentPopularity

STILL_SOLD_WITHIN = timedelta(days=60)
"""A product nobody bought for longer is not recommended: it may be gone from the shelves."""
SPARE = 6
"""How many times the wished number is ranked, so that the rules leave enough."""
MORE = 6
"""How many times more is ranked for those to whom the rules left too little."""
TRIES = 3
NOBODY = np.array([-1])
"""A customer whom no model knows: she gets what is popular."""

Rank = Callable[[pd.DataFrame, int, pd.Series], pd.DataFrame]
"""Ranks for touches, so many each, of the allowed products."""


@dataclass(frozen=True, slots=True)
class Recommendations:
    """Items by touch, best first."""

    items: dict[int, list[Recommendation]] = field(default_factory=dict)

    def of(self, touch_id: int) -> Sequence[Recommendation]:
        """What is recommended in a touch; nothing if none were wished or found."""
        return self.items.get(touch_id, ())

    def source_of(self, touch_id: int) -> str:
        """The best evidence of hers that ranked any of them, or else the fallback.

        ``popular`` and ``segment`` are fallbacks; ``none`` without items.
        """
        there = [one.source for one in self.of(touch_id)]
        hers = [source for source in there if source not in (*FALLBACKS, NEW)]
        return next(iter([*hers, *(s for s in there if s != NEW), *there]), "none")


def recommend(
    runtime: Runtime,
    touches: pd.DataFrame,
    sold: pd.DataFrame,
    history: ibis.Table,
    *,
    night: date,
    impersonal: pd.Index | None = None,
) -> Recommendations:
    """Rank items for touches whose campaign wishes some, and let the rules of the shop choose.

    ``touches``: ``touch_id, customer_key, campaign, locale, type_key, region, household_id,
    dislikes``. ``sold``: the products as the snapshot pins them. ``impersonal``: customers who want
    nothing personal; they get what is popular. So does, from her own region or language first, who
    has never bought.
    """
    settings = runtime.policy.campaigns
    wished = touches["campaign"].map({name: one.recommendations for name, one in settings.items()})
    asking = touches.assign(wished=wished, about=touches["type_key"])[wished > 0]
    if asking.empty:
        return Recommendations()
    rules, wording = runtime.policy.recommendations, runtime.policy.wording
    goods = shelf(
        sold,
        rules,
        unsaid=[*wording.never_name, *wording.sensitive],
        sold_lately=sold_since(history, night - STILL_SOLD_WITHIN),
        night=night,
    )
    plain = asking["customer_key"].isin([] if impersonal is None else impersonal)
    ours = _Choice(runtime, goods, history, night, disliked(asking))
    warm = ours.just_bought(asking[~plain])

    model = _model(runtime, history, night)
    cold = ~plain & ~asking["customer_key"].isin(
        who_ever_bought(history, asking["customer_key"][~plain])
    )
    known = asking[~plain & ~cold]
    best = []
    if len(known):
        best.append(ours.filled(known, _by_model(model), warm))
    if plain.any():
        best.append(ours.filled(asking[plain], _popular(model), warm[:0]))
    if cold.any():
        best.append(ours.filled(asking[cold], _by_segment(runtime, history, night), warm))
    rows = pd.concat(best, ignore_index=True)
    if rules.explore_share:
        rows = ours.exploring(rows, asking[~plain], sold, warm)
    return _by_touch(with_sayable_evidence(rows, goods))


@dataclass(frozen=True, slots=True)
class _Choice:
    """The rules of one night over what models rank."""

    runtime: Runtime
    goods: pd.DataFrame
    history: ibis.Table
    night: date
    unwanted: pd.MultiIndex

    def just_bought(self, asking: pd.DataFrame) -> pd.MultiIndex:
        """(customer, kind) that wait until their cool-down is over."""
        rules = self.runtime.policy.recommendations
        with reading(self.runtime.engine) as connection:
            members = people.read_households(connection, asking)
        since = self.night - timedelta(days=rules.longest_cool_down)
        bought = just_bought(self.history, members, since=since)
        return cooling(bought, self.goods, rules, night=self.night)

    def filled(self, asking: pd.DataFrame, rank: Rank, warm: pd.MultiIndex) -> pd.DataFrame:
        """The best rows of each touch; where the rules left too few, more are ranked."""
        rules = self.runtime.policy.recommendations
        found, count = [], SPARE * int(asking["wished"].max())
        for _ in range(TRIES):
            best = chosen(self._suiting(asking, rank, count, warm), rules)
            found.append(best)
            got = best.groupby("touch_id").size().reindex(asking["touch_id"]).fillna(0)
            asking = asking[got.to_numpy() < asking["wished"].to_numpy()]
            if asking.empty:
                break
            count *= MORE
        # Who was asked about again is answered by what was found last.
        asked = [one["touch_id"] for one in found[1:]]
        rows = [one[~one["touch_id"].isin(again)] for one, again in zip(found, asked, strict=False)]
        return pd.concat([*rows, found[-1]])

    def _suiting(
        self, asking: pd.DataFrame, rank: Rank, count: int, warm: pd.MultiIndex
    ) -> pd.DataFrame:
        ranked = [
            rank(group, count, self._allowed(str(locale)))
            for locale, group in asking.groupby("locale")
        ]
        rows = succeeded(pd.concat(ranked, ignore_index=True), self.goods)
        rows = rows.merge(
            asking[["touch_id", "customer_key", "locale", "about", "wished"]], on="touch_id"
        )
        rows = self._on_the_shelf(rows)
        return rows[suits(rows, warm=warm, unwanted=self.unwanted)]

    def _on_the_shelf(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with the shelf's columns, of what has a name in her language."""
        rows = rows.merge(self.goods, left_on="item", right_on="product_key")
        return rows[rows["has_zh"] | (rows["locale"] != "zh-CN")]

    def _allowed(self, locale: str) -> pd.Series:
        """What may be ranked: what may be named, and what is followed by something that may."""
        goods = self.goods
        allowed = goods["nameable"] & (goods["has_zh"] | (locale != "zh-CN"))
        keys: pd.Series = goods["product_key"][allowed | goods["successor_key"].notna()]
        return keys

    def exploring(
        self, best: pd.DataFrame, asking: pd.DataFrame, sold: pd.DataFrame, warm: pd.MultiIndex
    ) -> pd.DataFrame:
        """A few touches with something new in their last place."""
        policy, night = self.runtime.policy, self.night
        there = asking[asking["touch_id"].isin(best["touch_id"])]
        rules, salt = policy.recommendations, policy.holdout.salt
        drawn = explorers(there, rules.explore_share, salt=salt, night=night)
        bold = there[there["touch_id"].isin(drawn)]
        if bold.empty:
            return best
        interests = self._interests(bold, sold)
        about = bold[["touch_id", "customer_key", "locale", "about", "wished"]]
        rows = self._on_the_shelf(about.merge(interests, on="customer_key"))
        rows = rows[rows["nameable"] & suits(rows, warm=warm, unwanted=self.unwanted)]
        points = keenness(rows["type_days"], rows["category_days"])
        order = rows.assign(points=points).sort_values(
            ["touch_id", "points", "product_key"], ascending=[True, False, True]
        )
        new = order.assign(
            rank=order.groupby("touch_id").cumcount() + 1,
            source=NEW,
            reason=NEW,
            score=0.0,
            times=0,
            last_day=pd.array([pd.NA] * len(order), dtype="Int32"),
            because=pd.array([pd.NA] * len(order), dtype="Int64"),
            because_day=pd.array([pd.NA] * len(order), dtype="Int32"),
        )
        return with_something_new(best, new, rules)

    def _interests(self, bold: pd.DataFrame, sold: pd.DataFrame) -> pd.DataFrame:
        """What of the new these customers may want, as those are found who are told of it."""
        night, wording = self.night, self.runtime.policy.wording
        products = with_curves(
            catalogue(sold, never_name=(*wording.never_name, *wording.sensitive)),
            read_curves(self.history, night=night),
            sold.set_index("product_key")["category"],
            night=night,
        )
        undated = is_new(products, night=night) & products["introduced_on"].isna().to_numpy()
        dated = products["introduced_on"].mask(undated, pd.Timestamp(night))
        found = read_interests(
            of_customers(self.history, bold["customer_key"]),
            products.assign(introduced_on=dated),
            sold,
            night=night,
        )
        return found.rename(columns={"product_key": "item"})


def _model(runtime: Runtime, history: ibis.Table, night: date) -> ItemModel:
    champion = load_champion(runtime, "items")
    if champion is None:
        return Popularity.fit(item_history(history), today=last_known_day(night))
    model: ItemModel = champion[1]
    return model


def _by_model(model: ItemModel) -> Rank:
    def rank(asking: pd.DataFrame, count: int, allowed: pd.Series) -> pd.DataFrame:
        ranked = model.recommend(
            asking["customer_key"].to_numpy("int64"),
            count,
            purpose="any",
            allowed=allowed.to_numpy("int64"),
        )
        return _for_touches(asking, ranked)

    return rank


def _popular(model: ItemModel) -> Rank:
    """What is popular, for everybody the same: nothing of hers is looked at."""

    def rank(asking: pd.DataFrame, count: int, allowed: pd.Series) -> pd.DataFrame:
        ranked = model.recommend(NOBODY, count, purpose="any", allowed=allowed.to_numpy("int64"))
        return asking[["touch_id"]].merge(ranked.drop(columns="customer"), how="cross")

    return rank


def _by_segment(runtime: Runtime, history: ibis.Table, night: date) -> Rank:
    """What customers of her region, or else of her language, buy these weeks."""
    with reading(runtime.engine) as connection:
        everybody = people.read_traits(connection, list(SEGMENT_BY))
    told = [
        everybody[["customer_key"]].assign(by=by, value=everybody[by]).dropna() for by in SEGMENT_BY
    ]
    told = [one[one["value"] != ""] for one in told]
    members = pd.concat(told, ignore_index=True)
    members["segment"] = members.groupby(["by", "value"]).ngroup()
    counted = count_segments(
        history,
        members,
        night=night,
        days=segments.LOOKS_BACK_DAYS,
        half_life_days=segments.HALF_LIFE_DAYS,
        unit=segments.UNIT,
        everybody=segments.EVERYBODY,
    )
    model = SegmentPopularity.of(counted, today=last_known_day(night))
    hers = members.drop_duplicates("customer_key").set_index("customer_key")

    def rank(asking: pd.DataFrame, count: int, allowed: pd.Series) -> pd.DataFrame:
        of = hers["segment"].reindex(asking["customer_key"].unique()).dropna().astype("int64")
        ranked = model.recommend(
            asking["customer_key"].to_numpy("int64"),
            count,
            purpose="any",
            segments=of.rename_axis("customer").reset_index(),
            allowed=allowed.to_numpy("int64"),
        )
        said = ranked["customer"].map(hers["by"]).map(dict(SEGMENT_BY))
        theirs = ranked["source"] == SEGMENT
        return _for_touches(asking, ranked.assign(reason=ranked["reason"].mask(theirs, said)))

    return rank


def _for_touches(asking: pd.DataFrame, ranked: pd.DataFrame) -> pd.DataFrame:
    of = asking[["touch_id", "customer_key"]].rename(columns={"customer_key": "customer"})
    return of.merge(ranked, on="customer").drop(columns="customer")


def _by_touch(rows: pd.DataFrame) -> Recommendations:
    items: dict[int, list[Recommendation]] = {}
    days = pd.to_datetime(rows["because_day"].astype("Float64"), unit="D").dt.date
    told: dict[str, list[Any]] = {
        "product_key": rows["product_key"].tolist(),
        "source": rows["source"].tolist(),
        # A model may know reasons that no letter can give; then none is given.
        "reason": [code if code in RESTS_ON else None for code in rows["reason"]],
        "because": [None if pd.isna(key) else int(key) for key in rows["because"]],
        "because_on": [None if pd.isna(day) else day for day in days],
    }
    for touch_id, *values in zip(rows["touch_id"].tolist(), *told.values(), strict=True):
        one = Recommendation(**dict(zip(told, values, strict=True)))
        items.setdefault(touch_id, []).append(one)
    return Recommendations(items)
