"""The shop's catalogue → products as the house knows them, without what is no merchandise."""

from datetime import date
from functools import reduce
from operator import or_

import ibis
import ibis.expr.datatypes as dt
import pandas as pd

from care.domain.product import PRODUCTS, STAGES
from care.domain.setaside import Flaw
from care.intake.birthday import read_dates
from care.intake.keys import screen_keys
from care.intake.money import minor_units
from care.intake.number import read_whole_numbers
from care.intake.sources import Excluded, Products, Sources
from care.intake.table import OpenTable, connect, open_table, optional_key
from care.intake.taken import Issues, Taken, read_text

_DAYS = ("service_interval_days", "warranty_days")
_TEXTS = ("name", "name_zh", "product_type", "category", "department")


def read_products(sources: Sources, *, night: date = date.max) -> Taken:
    """Read the catalogue, as of a night.

    Set aside are rows without a usable key of their own and what ``products.exclude`` names; a bad
    field is emptied, and the category or the name stands in for a missing type. A quality notice
    after the night is a slip. ``kept`` has the columns of ``PRODUCTS``, in the order of the shop's
    files.

    Raises:
        UnableToReadSources: a file or a required column is not there.
    """
    opened = open_table(connect(), sources, sources.products)
    catalogue = opened.read(
        product_id=opened.key("product_id"),
        successor=optional_key(opened, "successor"),
        price_minor=minor_units(opened.value("price"), money=sources.products.money),
        excluded_by=_excluded_by(opened),
    )
    issues = Issues.of(opened, catalogue, key="product_id")
    said = screen_keys(catalogue, "product_id", issues)
    for name in sources.products.exclude:
        issues.note_rows(said["excluded_by"] == name, name, said[name], Flaw.NOT_MERCHANDISE)
    said = said[said["excluded_by"].isna()]
    kept = PRODUCTS.check(_checked(said, issues, night).reset_index(drop=True))
    return Taken(kept, issues.frame(), read=len(catalogue) + len(opened.torn))


def excluded_products(opened: OpenTable[Products]) -> ibis.Table:
    """List the keys (``product_id``) of what ``products.exclude`` names, each once."""
    named = opened.rows.select(product_id=opened.key("product_id"), by=_excluded_by(opened))
    return named.filter(named.by.notnull()).select("product_id").distinct()


def _checked(said: pd.DataFrame, issues: Issues, night: date) -> pd.DataFrame:
    found = {"product_id": said["product_id"]}
    found |= {name: read_text(said, name, issues) for name in _TEXTS}
    found["name"] = found["name"].fillna(said["product_id"])
    untyped = found["product_type"].isna()
    issues.note_fields(untyped, "product_type", said["product_type"], Flaw.MISSING_VALUE)
    found["product_type"] = found["product_type"].fillna(found["category"]).fillna(found["name"])
    found["category"] = found["category"].fillna("")
    bad = said["price"].notna() & ~(said["price_minor"] >= 0).fillna(False).astype(bool)
    issues.note_fields(bad, "price", said["price"], Flaw.BAD_AMOUNT)
    found["price_minor"] = said["price_minor"].astype("Int64").mask(bad)
    found |= _life(said, issues, night)
    return pd.DataFrame(found)[list(PRODUCTS.dtypes)].astype(dict(PRODUCTS.dtypes))


def _life(said: pd.DataFrame, issues: Issues, night: date) -> dict[str, pd.Series]:
    """Where a product is in its life, and what it asks of its owners; no days are as good as 0."""
    stage = said["stage"].str.lower()
    strange = stage.notna() & ~stage.isin(STAGES)
    issues.note_fields(strange, "stage", said["stage"], Flaw.UNKNOWN_VALUE)
    follows = said["successor"]
    known = said["product_id"][said["product_id"].isin(follows.dropna().unique())]
    itself = (follows == said["product_id"]).fillna(False).astype(bool)
    nobody = follows.notna() & (~follows.isin(known) | itself)
    issues.note_fields(nobody, "successor", follows, Flaw.UNKNOWN_PRODUCT)
    days = {name: read_whole_numbers(said, name, issues) for name in _DAYS}
    return {
        "stage": stage.mask(strange),
        "successor": follows.mask(nobody),
        **{name: number.mask((number == 0).fillna(False)) for name, number in days.items()},
        "stock": read_whole_numbers(said, "stock", issues),
        "flagged_on": read_dates(said, "flagged_on", issues=issues, night=night),
        "introduced_on": read_dates(said, "introduced_on", issues=issues, night=date.max),
    }


def _excluded_by(opened: OpenTable[Products]) -> ibis.Value:
    """Name the first column by whose value a product is excluded, missing where none is."""
    nothing = ibis.null(dt.string)
    rules = opened.table.exclude.items()
    found = [(_is_excluded(opened.text(name), excluded), name) for name, excluded in rules]
    return ibis.cases(*found, else_=nothing) if found else nothing


def _is_excluded(text: ibis.Value, excluded: Excluded) -> ibis.Value:
    rules = [text.contains(part) for part in excluded.containing]
    if excluded.any_of:
        rules.append(text.isin(excluded.any_of))
    return reduce(or_, rules)
