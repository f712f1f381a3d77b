"""Deliveries as the shop tells of them → deliveries as the house knows them, as a night begins."""

from datetime import date

import pandas as pd

from care.domain.delivery import DELIVERIES
from care.domain.setaside import Flaw
from care.intake.birthday import read_dates
from care.intake.keys import keys_of, screen_keys
from care.intake.sources import Deliveries, Sources
from care.intake.table import connect, open_table, optional_key
from care.intake.taken import Issues, Taken

_HAPPENED = ("failed_on", "delivered_on")


def read_deliveries(
    sources: Sources,
    table: Deliveries,
    *,
    customers: pd.DataFrame,
    products: pd.DataFrame,
    night: date,
) -> Taken:
    """Read every delivery; what happened to it from the night on has not happened yet.

    ``customers``: ``customer_id, customer_key``. ``products``: ``product_id, product_key``. Set
    aside are rows without a usable order, which stands once, or of a customer who is not known; a
    bad day is emptied. ``kept`` has the columns of ``DELIVERIES``.

    Raises:
        UnableToReadSources: a file or a required column is not there.
    """
    opened = open_table(connect(), sources, table)
    rows = opened.read(
        order_id=opened.key("order_id"),
        customer_id=opened.key("customer_id"),
        product_id=optional_key(opened, "product_id"),
    )
    issues = Issues.of(opened, rows, key="order_id")
    said = screen_keys(rows, "order_id", issues)
    customer = said["customer_id"].map(keys_of(customers, "customer")).astype("Int64")
    issues.note_rows(customer.isna(), "customer_id", said["customer_id"], Flaw.UNKNOWN_CUSTOMER)
    said, customer = said[customer.notna()], customer[customer.notna()]
    product = said["product_id"].map(keys_of(products, "product")).astype("Int64")
    strange = said["product_id"].notna() & product.isna()
    issues.note_fields(strange, "product_id", said["product_id"], Flaw.UNKNOWN_PRODUCT)
    days = {
        name: read_dates(said, name, issues=issues, night=date.max)
        for name in ("promised_on", *_HAPPENED)
    }
    days |= {name: days[name].where(days[name] < pd.Timestamp(night)) for name in _HAPPENED}
    kept = said.assign(customer_key=customer, product_key=product, **days)
    kept = kept[list(DELIVERIES.dtypes)].astype(dict(DELIVERIES.dtypes)).reset_index(drop=True)
    return Taken(DELIVERIES.check(kept), issues.frame(), read=len(rows) + len(opened.torn))
