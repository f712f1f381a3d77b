"""What a grocer's catalogue does not tell of its products: care they need, and which are going.

Nothing here is drawn: types are chosen by name, and single products by how many households bought
them, so that on the demo's nights a few letters of each kind are due.
"""

import numpy as np
import pandas as pd

SERVICE_DAYS = {"POWER TOOTHBRUSH/REFILLS": 90, "VAC BAGS/ACC": 60, "VACUUM BAGS": 60}
WARRANTY_DAYS = {
    "HAIR DRYERS STYLERS SETTER": 180,
    "COOKWARE": 240,
    "FLASHLIGHTS": 90,
    "TOOL SETS": 240,
}
NOTICE_ON = np.datetime64("2017-11-13")
NOTICE_TYPE, NOTICE_BUYERS = "GADGETS/TOOLS", 16
GOING_TYPE, GOING_BUYERS = "INSIDE FROST BULBS", 10
COMING_TYPE = "COMPACT FLUORESCENT LIGHT BULB"
GOING_SINCE = np.datetime64("2017-06-01")
NEW_TYPES = ("SNACK CAKE - MULTI PACK", "CANDY BARS (MULTI PACK)", "STUFFING MIXES")
NEW_FROM, NEW_TO = np.datetime64("2017-10-20"), np.datetime64("2017-11-13")


def draw_goods(catalogue: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Add to the catalogue what it lacks, as a shop's own columns.

    ``life_stage`` (text, NA), ``replaced_by`` (product_id, NA), ``service_every_days``,
    ``guarantee_days``, ``in_stock`` (Int64, NA), ``quality_notice_on``, ``new_since``
    (datetime64[s], NaT). Two kinds of light bulbs are going: the first is followed by the second,
    which is itself in decline and followed by energy-saving ones. What is new was really sold for
    the first time on that day.
    """
    kind = catalogue["product_type"]
    noticed = _bought_by(catalogue, lines, NOTICE_TYPE, NOTICE_BUYERS, 1)
    (follower,) = _bought_by(catalogue, lines, COMING_TYPE, len(lines), 1)
    first, second = _bought_by(catalogue, lines, GOING_TYPE, GOING_BUYERS, 2)
    by_id = catalogue["product_id"]
    since = _new(catalogue, lines) | {follower: GOING_SINCE}
    stages = {first: "discontinued", second: "fading", follower: "growing"}
    follows = by_id.map({first: second, second: follower}).astype("Int64")
    return catalogue.assign(
        life_stage=by_id.map(stages).astype("str"),
        replaced_by=follows,
        service_every_days=kind.map(SERVICE_DAYS).astype("Int64"),
        guarantee_days=kind.map(WARRANTY_DAYS).astype("Int64"),
        in_stock=by_id.map({first: 0, second: 40, follower: 600}).astype("Int64"),
        quality_notice_on=pd.Series(NOTICE_ON, index=by_id.index)
        .astype("datetime64[s]")
        .where(by_id.isin(noticed)),
        new_since=by_id.map(since).astype("datetime64[s]"),
    )


def _new(catalogue: pd.DataFrame, lines: pd.DataFrame) -> dict[int, np.datetime64]:
    """Of each new type the product most households bought, of those first sold this season."""
    first = lines.groupby("product_id")["transaction_timestamp"].min()
    known = first.index[(first >= NEW_FROM) & (first < NEW_TO)]
    types = catalogue.set_index("product_id")["product_type"]
    ours = lines[lines["product_id"].isin(known)]
    bought = ours.groupby("product_id")["household_id"].nunique()
    kind = types.reindex(bought.index).to_numpy()
    new = [bought[kind == name].idxmax() for name in NEW_TYPES]
    return {int(product): first[product].to_datetime64() for product in new}


def _buyers(catalogue: pd.DataFrame, lines: pd.DataFrame, kind: str) -> pd.Series:
    """How many households bought each product of a type in the months before the notice."""
    ids = catalogue.loc[catalogue["product_type"] == kind, "product_id"]
    bought = lines["transaction_timestamp"]
    near = lines[lines["product_id"].isin(ids) & bought.between(GOING_SINCE, NOTICE_ON)]
    counted: pd.Series = near.groupby("product_id")["household_id"].nunique()
    return counted


def _bought_by(
    catalogue: pd.DataFrame, lines: pd.DataFrame, kind: str, buyers: int, products: int
) -> list[int]:
    """The products of a type that about so many households bought; the lower key among equals."""
    far = (_buyers(catalogue, lines, kind) - buyers).abs()
    return [int(key) for key in far.sort_values(kind="stable").index[:products]]
