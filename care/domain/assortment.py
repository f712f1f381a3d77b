"""What may be named to whom tonight: the rules of the shop, whatever a model ranks.

Frames of ranked rows have ``touch_id, customer_key, rank`` and, of the product, the columns of
``SHELF``; whatever else they carry stays as it is.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import AfterValidator, Field

from care.domain.curve import NEW_DAYS
from care.domain.holdout import draw
from care.domain.model import Decided
from care.domain.product import catalogue, offered
from care.domain.recommendation import FOLLOWS, GOES_WITH, SIMILAR_CUSTOMERS
from care.domain.setaside import Columns
from care.domain.succession import living_successors

Mask = npt.NDArray[np.bool_]

SHELF = Columns(
    "shelf",
    {
        "product_key": "int64",
        "type_key": "int64",
        "kind": "str",  # its category, or its type where that is not known
        "category_word": "str",  # in small letters, as wishes are
        "type_word": "str",
        "has_zh": "bool",  # has a Chinese name
        "sayable": "bool",  # letters may name it, also as evidence
        "nameable": "bool",  # the rules of the shop let it be named tonight, to somebody
        "new": "bool",
        "successor_key": "Int64",  # nameable, and of what is retired alone
    },
)
"""One row a product, as of one night."""

NOTHING = -1

Days = Annotated[int, Field(ge=0, le=730)]
Month = Annotated[int, Field(ge=1, le=12)]


def _months(months: tuple[int, ...]) -> tuple[int, ...]:
    if not months:
        raise ValueError(
            "without a month it is never recommended; list its months, or put it under "
            "wording.never_name"
        )
    if len(set(months)) < len(months):
        raise ValueError("name each month once")
    return months


Months = Annotated[tuple[Month, ...], AfterValidator(_months)]


class RecommendationRules(Decided):
    """What a recommendation may name."""

    max_per_category: int = Field(
        default=2,
        ge=1,
        le=6,
        description="at most so many products of a category in one letter, and never two of a type",
    )
    default_cool_down_days: Days = Field(
        default=2,
        description=(
            "for so many days after she, or somebody of her household, bought of a category, "
            "nothing of it is recommended to her; 0 for none"
        ),
    )
    cool_down_days: dict[str, Days] = Field(
        default_factory=dict, description="the same for single categories, instead of the default"
    )
    seasons: dict[str, Months] = Field(
        default_factory=dict,
        description=(
            "months, 1 to 12, in which a category may be recommended; one that is not listed may "
            "always be"
        ),
    )
    explore_share: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description=(
            "of a night's letters with recommendations, the largest part whose last one is "
            "something new of a kind that she buys"
        ),
    )

    @property
    def categories(self) -> Mapping[str, Collection[str]]:
        """The categories that are named, by the key that names them."""
        return {"cool_down_days": self.cool_down_days, "seasons": self.seasons}

    @property
    def longest_cool_down(self) -> int:
        """Days after which no purchase matters any more."""
        return max([self.default_cool_down_days, *self.cool_down_days.values()])


def shelf(
    sold: pd.DataFrame,
    rules: RecommendationRules,
    *,
    unsaid: Collection[str],
    sold_lately: pd.Series,
    night: date,
) -> pd.DataFrame:
    """Every product under the rules that hold for all customers alike; columns of ``SHELF``.

    ``sold``: the products as the night pinned them. ``unsaid``: categories that no recommendation
    may name. ``sold_lately``: keys of products that somebody bought lately. Not nameable is what is
    retired, out of stock, flagged, unsaid, out of its season, or neither sold lately nor new. What
    follows a retired product may be named although it has not been sold yet.
    """
    products = catalogue(sold, never_name=unsaid)
    category = sold["category"].fillna("").reset_index(drop=True)
    types = sold["product_type"].fillna("").reset_index(drop=True)
    sayable = products["sayable"].to_numpy(bool)
    lasting = sayable & offered(products).to_numpy(bool) & products["flagged_on"].isna().to_numpy()
    for name, months in rules.seasons.items():
        lasting &= (category != name).to_numpy() | (night.month in months)
    new = is_new(products, night=night)
    follows = products["product_key"].map(living_successors(products)).astype("Int64")
    follows = follows.where(follows.isin(products["product_key"][lasting]))
    told = {
        "product_key": products["product_key"],
        "type_key": products["type_key"],
        "kind": category.where(category != "", types),
        "category_word": category.str.strip().str.lower(),
        "type_word": types.str.strip().str.lower(),
        "has_zh": products["name_zh"].notna(),
        "sayable": sayable,
        "nameable": lasting & (products["product_key"].isin(sold_lately).to_numpy() | new),
        "new": lasting & new,
        "successor_key": follows.where((products["stage"] == "retired").fillna(False)),
    }
    return SHELF.check(pd.DataFrame(told).astype(dict(SHELF.dtypes)))


def is_new(products: pd.DataFrame, *, night: date) -> Mask:
    """Whether a product came in lately, or is called an introduction; columns of ``CATALOGUE``."""
    on = products["introduced_on"].to_numpy("datetime64[D]")
    today = np.datetime64(night, "D")
    lately = (on <= today) & (on > today - NEW_DAYS)
    called = products["stage"].eq("introduction").fillna(False).to_numpy(bool)
    return np.asarray(lately | (called & ~(on > today)))


def cooling(
    bought: pd.DataFrame, shelf: pd.DataFrame, rules: RecommendationRules, *, night: date
) -> pd.MultiIndex:
    """(customer, kind) of what was bought so recently that it is not recommended.

    ``bought``: ``customer_key, product_key, bought_on``, purchases of her household before the
    night. A cool-down of one day covers the day before it.
    """
    kinds = bought["product_key"].map(shelf.set_index("product_key")["kind"])
    days = kinds.map(dict(rules.cool_down_days)).fillna(rules.default_cool_down_days)
    ago = np.datetime64(night, "D") - bought["bought_on"].to_numpy("datetime64[D]")
    warm = ago.astype("int64") <= days.to_numpy("int64")
    return pd.MultiIndex.from_arrays([bought["customer_key"][warm], kinds[warm]])


def disliked(people: pd.DataFrame) -> pd.MultiIndex:
    """(customer, word) of what customers said they do not want; ``customer_key, dislikes``."""
    said = people[people["dislikes"].notna()].drop_duplicates("customer_key")
    words = said["dislikes"].astype("object").str.split(";").explode().str.strip()
    return pd.MultiIndex.from_arrays([said["customer_key"].reindex(words.index), words])


def succeeded(ranked: pd.DataFrame, shelf: pd.DataFrame) -> pd.DataFrame:
    """Ranked rows with what follows in the place of what is retired.

    ``ranked``: ``customer, item, times, last_day, reason, because, because_day``. Only of what she
    bought herself: that others liked a product says nothing of the one that follows it.
    """
    follows = ranked["item"].map(shelf.set_index("product_key")["successor_key"]).astype("Int64")
    going = follows.notna()
    hers = going & (ranked["times"] > 0)
    told = ranked.assign(
        item=follows.where(hers, ranked["item"]).astype("int64"),
        reason=ranked["reason"].mask(hers, FOLLOWS),
        because=ranked["because"].mask(hers, ranked["item"]),
        because_day=ranked["because_day"].mask(hers, ranked["last_day"]),
    )
    left: pd.DataFrame = told[~going | hers]
    return left


def suits(rows: pd.DataFrame, *, warm: pd.MultiIndex, unwanted: pd.MultiIndex) -> Mask:
    """Which rows name nothing that was just bought, is not wanted, or the letter is about anyway.

    ``rows`` besides: ``about``, the type that the touch is about (missing: none). ``warm``: of
    ``cooling``. ``unwanted``: of ``disliked``.
    """
    about = rows["about"].fillna(-1).to_numpy("int64")
    fits = rows["type_key"].to_numpy("int64") != about
    for name, pairs in {"kind": warm, "category_word": unwanted, "type_word": unwanted}.items():
        if len(pairs):
            fits &= ~pd.MultiIndex.from_frame(rows[["customer_key", name]]).isin(pairs)
    return np.asarray(fits)


def chosen(rows: pd.DataFrame, rules: RecommendationRules) -> pd.DataFrame:
    """The best rows of each touch: one of a type, few of a category, no more than ``wished``."""
    rows = rows.sort_values(["touch_id", "rank"], kind="stable")
    rows = rows.drop_duplicates(["touch_id", "product_key"])
    rows = rows.drop_duplicates(["touch_id", "type_key"])
    rows = rows[rows.groupby(["touch_id", "kind"]).cumcount() < rules.max_per_category]
    best: pd.DataFrame = rows[rows.groupby("touch_id").cumcount() < rows["wished"]]
    return best


def explorers(touches: pd.DataFrame, share: float, *, salt: str, night: date) -> pd.Series:
    """The touches that may try something new, by ``touch_id``: at most ``share`` of all.

    ``touches``: ``touch_id, customer_key``, each with recommendations. By a hash of (salt, night,
    customer), so that another run chooses the same ones and another night others.
    """
    luck = draw(touches["customer_key"].to_numpy("int64"), f"{salt}|explore|{night}")
    most = int(share * len(touches))
    order = np.lexsort((touches["touch_id"].to_numpy("int64"), luck))[:most]
    drawn: pd.Series = touches["touch_id"].iloc[order[luck[order] < share]]
    return drawn


def with_something_new(
    best: pd.DataFrame, new: pd.DataFrame, rules: RecommendationRules
) -> pd.DataFrame:
    """Let the keenest of the new rows take the last place of its touch, where it may stand.

    ``best``: of ``chosen``. ``new``: rows that suit, of touches that explore, ranked by how keen
    she should be.
    """
    place = best.groupby("touch_id").cumcount()
    last = best["touch_id"].isin(new["touch_id"]) & (place == best["wished"] - 1)
    staying = best[~last]
    told = staying[["touch_id", "type_key"]].assign(there=True).drop_duplicates()
    new = new.merge(told, on=["touch_id", "type_key"], how="left")
    counts = staying.groupby(["touch_id", "kind"]).size().rename("of_kind").reset_index()
    new = new.merge(counts, on=["touch_id", "kind"], how="left")
    new = new[new["there"].isna() & (new["of_kind"].fillna(0) < rules.max_per_category)]
    new = new.sort_values(["touch_id", "rank"]).drop_duplicates("touch_id")
    kept = best[~last | ~best["touch_id"].isin(new["touch_id"])]
    behind = new.assign(rank=np.iinfo("int32").max)[list(best.columns)]
    together = pd.concat([kept, behind.astype(best.dtypes.to_dict())]) if len(behind) else kept
    return together.sort_values(["touch_id", "rank"], kind="stable")


def with_sayable_evidence(rows: pd.DataFrame, shelf: pd.DataFrame) -> pd.DataFrame:
    """Rows whose reasons name nothing that must not be named, or has no name in her language.

    Where the evidence cannot be said, what goes with it is still what customers like her chose;
    of what follows it nothing is said at all.
    """
    keys, there = shelf["product_key"], shelf["sayable"]
    because = rows["because"].fillna(NOTHING).astype("int64")
    chinese = rows["locale"] == "zh-CN"
    said = because.isin(keys[there & shelf["has_zh"]]) | (~chinese & because.isin(keys[there]))
    hidden = (because != NOTHING) & ~said
    reason = rows["reason"].mask(hidden & (rows["reason"] == GOES_WITH), SIMILAR_CUSTOMERS)
    reason = reason.mask(hidden & (rows["reason"] == FOLLOWS))
    return rows.assign(
        reason=reason,
        because=rows["because"].mask(hidden),
        because_day=rows["because_day"].mask(hidden),
    )
