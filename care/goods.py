"""Which product stands for a type in a letter, and what stands in for it where it is gone."""

from dataclasses import dataclass
from typing import Self

import ibis
import pandas as pd

from care.domain.product import catalogue, offered
from care.domain.succession import living_successors
from care.policy import Policy
from care.storage.purchases import bought_of_each
from recommender.items.personal import Personal


@dataclass(frozen=True, slots=True, eq=False)
class Goods:
    """What letters may name, under the house's keys."""

    named: pd.DataFrame
    """``product_key, type_key, category, offered``, of what may be named."""
    follows: pd.Series
    """The product that has followed one that leaves, by the key of the latter."""
    favourites: pd.Series
    """The product of a type that most order lines hold and that is offered, by type."""

    @classmethod
    def of(cls, policy: Policy, history: ibis.Table, sold: pd.DataFrame) -> Self:
        """``sold``: the products as the night pinned them."""
        products = catalogue(sold, never_name=policy.wording.never_name)
        sayable = products["sayable"].to_numpy(bool)
        there = offered(products).to_numpy(bool) & products["flagged_on"].isna().to_numpy()
        named = pd.DataFrame(
            {
                "product_key": products["product_key"],
                "type_key": products["type_key"],
                "category": sold["category"].to_numpy(),
                "offered": there,
            }
        )[sayable]
        lines = named["product_key"].map(bought_of_each(history)).fillna(0)
        order = named.assign(lines=lines)[named["offered"]].sort_values(
            ["type_key", "lines", "product_key"], ascending=[True, False, True]
        )
        best = order.drop_duplicates("type_key").set_index("type_key")["product_key"]
        return cls(named, living_successors(products).dropna(), best)

    def of_habits(self, rows: pd.DataFrame, bought: Personal | None) -> pd.DataFrame:
        """The category of each type, and the product of it that she would most likely buy.

        ``rows``: ``customer, type``. ``item`` is missing where nothing of the type may be named.
        ``instead`` is what stands in for it where it is not offered: the one that followed it,
        else another of the type that she has bought, else the one that most buy. Where nothing
        does, ``item`` is missing too.
        """
        types = self.named.drop_duplicates("type_key").set_index("type_key")["category"]
        rows = rows.assign(category=rows["type"].map(types))
        rows = rows[rows["category"].notna()]
        if bought is None or rows.empty:
            none = pd.Series(dtype="Int64", index=rows.index[:0])
            return rows.assign(item=none, instead=none)
        there = self.named["offered"].to_numpy(bool)
        item, other = (_again(rows, bought, goods) for goods in (self.named, self.named[there]))
        gone = ~item.isin(self.named["product_key"][there]) & item.notna()
        stands_in = item.map(self.follows).astype("Int64")
        stands_in = stands_in.fillna(other).fillna(rows["type"].map(self.favourites))
        return rows.assign(item=item.mask(gone & stands_in.isna()), instead=stands_in.where(gone))


def _again(rows: pd.DataFrame, bought: Personal, goods: pd.DataFrame) -> pd.Series:
    """The product of its type that she most likely buys again, row for row."""
    again = bought.again_for_types(
        rows[["customer", "type"]],
        item_types=goods[["product_key", "type_key"]].rename(
            columns={"product_key": "item", "type_key": "type"}
        ),
    )
    keys = pd.MultiIndex.from_frame(rows[["customer", "type"]])
    found: pd.Series = again.set_index(["customer", "type"])["item"].reindex(keys)
    return found.astype("Int64").set_axis(rows.index)
