"""The shop's data, tried before a night reads it: what would be kept, set aside, or stop it."""

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from care.domain.setaside import SET_ASIDE
from care.intake.absent import WITHOUT
from care.intake.beside import readers
from care.intake.consents import read_consents
from care.intake.customers import read_customers
from care.intake.festivals import KNOWN
from care.intake.localday import night_begins
from care.intake.orders import open_orders
from care.intake.products import read_products
from care.intake.profile import Profile, profile
from care.intake.proposal import Proposal, propose
from care.intake.sources import TABLES, Sources, Table, UnableToReadSources, read_sources
from care.intake.table import connect, open_table, optional_key
from care.intake.taken import Taken

LISTED = 10_000
"""Order lines that are listed of each reason; of customers and products all are."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one table: ``read = kept + sum(rows_set_aside.values())``.

    ``later``: order lines from the night on, which are not read yet. ``without``: columns that hold
    nothing → what is off for it. ``set_aside``: columns ``SET_ASIDE``. ``stops``: why no night can
    read the table, if so; then nothing else is known.
    """

    table: str
    place: str
    read: int = 0
    kept: int = 0
    later: int = 0
    rows_set_aside: Mapping[str, int] = field(default_factory=dict)
    fields_set_aside: Mapping[str, int] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    set_aside: pd.DataFrame = field(default_factory=SET_ASIDE.empty)
    stops: str | None = None


def check_sources(
    sources: Sources,
    *,
    night: date,
    timezone: str,
    only: Sequence[str] = tuple(TABLES),
    festivals: Collection[str] = KNOWN,
) -> list[Checked]:
    """Read the tables as a night would, and save nothing.

    ``timezone``: the shop's. ``only``: which tables are there; without customers or products
    nothing is about an unknown one. ``festivals``: the names that customers may ask for.
    """
    customers, products = (
        _taken(lambda: read_customers(sources, night=night, festivals=festivals))
        if "customers" in only
        else None,
        _taken(lambda: read_products(sources)) if "products" in only else None,
    )
    found = []
    for table, taken in ((sources.customers, customers), (sources.products, products)):
        if taken is not None:
            found.append(_of_taken(table, taken))
    if "orders" in only:
        found.append(_orders(sources, customers, products, night, timezone))
    return found + _beside(sources, customers, products, night, timezone)


def check_files(
    files: Sequence[Path], *, night: date, timezone: str
) -> tuple[list[Profile], list[Proposal], list[Checked]]:
    """Look at files that nothing maps yet, propose a mapping, and try it.

    Raises:
        UnableToReadSources: one of them cannot be read as a whole.
    """
    connection = connect()
    profiles = [profile(connection, file) for file in files]
    proposals = propose(profiles)
    return profiles, proposals, check_proposals(proposals, night=night, timezone=timezone)


def stops(proposals: Sequence[Proposal], found: Sequence[Checked]) -> bool:
    """Tell whether a night would be stopped, or cannot be mapped at all."""
    return (
        not found
        or any(one.lacking for one in proposals)
        or any(one.stops is not None for one in found)
    )


def all_set_aside(found: Sequence[Checked]) -> pd.DataFrame:
    """Everything set aside from all tables, columns ``SET_ASIDE``."""
    return pd.concat([SET_ASIDE.empty(), *(one.set_aside for one in found)], ignore_index=True)


def check_proposals(proposals: Sequence[Proposal], *, night: date, timezone: str) -> list[Checked]:
    """Try what is proposed, as if it had been pasted into a ``shop.toml``."""
    ready = [one for one in proposals if not one.lacking]
    there = [one.table for one in ready]
    text = "\n".join(
        [one.toml for one in ready]
        + [said for name, said in _NEVER_OPENED.items() if name not in there]
    )
    with tempfile.TemporaryDirectory(prefix="nightcare-") as folder:
        path = Path(folder) / "shop.toml"
        path.write_text(text, encoding="utf-8")
        return check_sources(read_sources(path), night=night, timezone=timezone, only=there)


_NEVER_OPENED = {
    "customers": '[customers]\npath = "absent"\n',
    "products": '[products]\npath = "absent"\nmoney = "major"\n',
    "orders": '[orders]\npath = "absent"\nmoney = "major"\n',
}


def _taken(read: Any) -> Taken | UnableToReadSources:
    try:
        taken: Taken = read()
    except UnableToReadSources as error:
        return error
    return taken


def _of_taken(table: Table[Any], taken: Taken | UnableToReadSources) -> Checked:
    if isinstance(taken, UnableToReadSources):
        return Checked(table.NAME, table.place, stops=str(taken))
    return Checked(
        table.NAME,
        table.place,
        read=taken.read,
        kept=taken.rows_kept,
        rows_set_aside=taken.rows_set_aside,
        fields_set_aside=taken.fields_set_aside,
        without=_without(table.NAME, taken.kept),
        set_aside=taken.set_aside,
    )


def _without(table: str, kept: pd.DataFrame) -> dict[str, str]:
    empty = {str(name) for name in kept if _is_empty(kept[name])}
    return {
        names: off
        for names, off in WITHOUT.get(table, {}).items()
        if empty.issuperset(names.split(", "))
    }


def _is_empty(column: pd.Series) -> bool:
    """Where nothing is told, or consent is given by nobody."""
    if column.dtype == bool:
        return not column.any()
    return bool((column.isna() | (column == "")).all())


def _orders(
    sources: Sources,
    customers: Taken | UnableToReadSources | None,
    products: Taken | UnableToReadSources | None,
    night: date,
    timezone: str,
) -> Checked:
    table = sources.orders
    try:
        keyed = _keys(sources, table, "customer_id", customers)
        keyed = keyed.assign(customer_key=keyed.index)
        sold = _keys(sources, table, "product_id", products)
        taken = open_orders(
            sources,
            customers=keyed,
            products=sold.assign(product_key=sold.index, type_key=0),
            until=night_begins(night, timezone),
            timezone=timezone,
            samples=LISTED,
        )
    except UnableToReadSources as error:
        return Checked(table.NAME, table.place, stops=str(error))
    return Checked(
        table.NAME,
        table.place,
        read=taken.read,
        kept=taken.kept,
        later=taken.later,
        rows_set_aside=taken.rows_set_aside,
        set_aside=taken.set_aside,
    )


def _beside(
    sources: Sources,
    customers: Taken | UnableToReadSources | None,
    products: Taken | UnableToReadSources | None,
    night: date,
    timezone: str,
) -> list[Checked]:
    if any(isinstance(one, UnableToReadSources) for one in (customers, products)):
        return []  # what stops the night is told already, and whom they are about is not known

    def consents(*of: Any, products: pd.DataFrame, **known: Any) -> Taken:
        del products  # a consent is about none
        return read_consents(*of, **known, timezone=timezone)

    def read_one(table: Table[Any], read: Callable[..., Taken]) -> Taken:
        keyed = _keys(sources, table, "customer_id", customers)
        sold = _keys(sources, table, "product_id", products)
        return read(
            sources,
            table,
            customers=keyed.assign(customer_key=keyed.index),
            products=sold.assign(product_key=sold.index),
            night=night,
        )

    return [
        _of_taken(table, _taken(partial(read_one, table, read)))
        for name, read in (readers(timezone) | {"consents": consents}).items()
        if (table := getattr(sources, name)) is not None
    ]


def _keys(
    sources: Sources, table: Table[Any], name: str, taken: Taken | UnableToReadSources | None
) -> pd.DataFrame:
    """Keys that rows may name: those kept or, where none are to be had, all they name."""
    if isinstance(taken, Taken):
        return taken.kept[[name]].reset_index(drop=True)
    opened = open_table(connect(), sources, table)
    named = opened.rows.select(**{name: optional_key(opened, name)}).distinct()
    frame: pd.DataFrame = named.to_pyarrow().to_pandas().dropna().reset_index(drop=True)
    return frame.astype("str")
