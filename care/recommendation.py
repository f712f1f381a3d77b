"""Ranked items for tonight's touches, each with the evidence it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import pandas as pd

from care.domain.decision import FALLBACK
from care.domain.product import offered
from care.runtime import Runtime
from care.storage.history import item_history, sold_since
from care.training import last_known_day, load_champion
from recommender.items.popularity import Popularity

STILL_SOLD_WITHIN = timedelta(days=60)
"""A product nobody bought for longer is not recommended: it may be gone from the shelves."""
SPARE = 6
"""How many times the wished number is ranked, so that one item a type leaves enough."""


@dataclass(frozen=True, slots=True)
class Recommendations:
    """Items by touch, best first, and which evidence ranked most of them."""

    items: dict[int, list[tuple[int, str]]]
    sources: dict[int, str]

    def of(self, touch_id: int) -> Sequence[tuple[int, str]]:
        """(product key, reason code) for a touch; nothing if none were wished or found."""
        return self.items.get(touch_id, ())

    def source_of(self, touch_id: int) -> str:
        """``personal``, ``als`` or the fallback ``popular``; ``none`` without items."""
        return self.sources.get(touch_id, "none")


def recommend(
    runtime: Runtime, touches: pd.DataFrame, sold: pd.DataFrame, history: ibis.Table, *, night: date
) -> Recommendations:
    """Rank items for touches whose campaign wishes some.

    ``touches``: ``touch_id, customer_key, campaign, locale, type_key``. ``sold``: the catalogue
    with ``product_key, type_key, category, name_zh``. Never what is sensitive or no message may
    name, what is no longer sold, what has no name in her language, or the very type the touch is
    about; at most one item a type. Without a champion, or without a history of hers, what is
    popular, labelled so.
    """
    settings = runtime.policy.campaigns
    wished = touches["campaign"].map({name: one.recommendations for name, one in settings.items()})
    asking = touches.assign(wished=wished)[wished > 0]
    if asking.empty:
        return Recommendations({}, {})
    champion = load_champion(runtime, "items")
    if champion is None:
        model = Popularity.fit(item_history(history), today=last_known_day(night))
    else:
        model = champion[1]
    wording = runtime.policy.wording
    sayable = sold[
        ~sold["category"].isin([*wording.never_name, *wording.sensitive])
        & sold["product_key"].isin(sold_since(history, night - STILL_SOLD_WITHIN))
        & offered(sold)
    ]
    ranked = pd.concat(
        [
            model.recommend(
                group["customer_key"].to_numpy("int64"),
                SPARE * int(asking["wished"].max()),
                purpose="any",
                allowed=_named_in(sayable, str(locale)).to_numpy("int64"),
            ).assign(locale=str(locale))
            for locale, group in asking.groupby("locale")
        ]
    )
    ranked["item_type"] = ranked["item"].map(sold.set_index("product_key")["type_key"])
    rows = asking[["touch_id", "customer_key", "locale", "type_key", "wished"]].merge(
        ranked, left_on=["customer_key", "locale"], right_on=["customer", "locale"]
    )
    about = rows["type_key"].fillna(-1).to_numpy("int64")
    rows = rows[rows["item_type"].to_numpy("int64") != about].sort_values(["touch_id", "rank"])
    rows = rows.drop_duplicates(["touch_id", "item_type"])
    rows = rows[rows.groupby("touch_id").cumcount() < rows["wished"]]
    return _by_touch(rows)


def _named_in(sayable: pd.DataFrame, locale: str) -> pd.Series:
    return (sayable[sayable["name_zh"].notna()] if locale == "zh-CN" else sayable)["product_key"]


def _by_touch(rows: pd.DataFrame) -> Recommendations:
    items: dict[int, list[tuple[int, str]]] = {}
    for touch_id, item, reason in zip(
        rows["touch_id"].tolist(), rows["item"].tolist(), rows["reason"].tolist(), strict=True
    ):
        items.setdefault(touch_id, []).append((item, reason))
    own = rows[rows["source"] != FALLBACK].drop_duplicates("touch_id")
    sources = dict.fromkeys(items, FALLBACK)
    sources |= dict(zip(own["touch_id"].tolist(), own["source"].tolist(), strict=True))
    return Recommendations(items, sources)
