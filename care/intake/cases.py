"""Cases as the shop delivers them → cases as the house knows them, as a night begins."""

from datetime import date

import numpy as np
import pandas as pd

from care.domain.case import CASES, KINDS
from care.domain.setaside import Flaw
from care.intake.birthday import read_dates
from care.intake.keys import keys_of, screen_keys
from care.intake.number import read_whole_numbers
from care.intake.sources import Cases, Sources
from care.intake.table import connect, open_table, optional_key
from care.intake.taken import Issues, Taken

BEST = 5


def read_cases(
    sources: Sources,
    table: Cases,
    *,
    customers: pd.DataFrame,
    products: pd.DataFrame,
    night: date,
) -> Taken:
    """Read the cases opened before a night; those closed from the night on are still open.

    ``customers``: ``customer_id, customer_key``. ``products``: ``product_id, product_key``. Set
    aside are rows without a key, a customer, a kind or a day of opening that the house knows.
    ``kept`` has the columns of ``CASES``; what was opened later counts nowhere.

    Raises:
        UnableToReadSources: a file or a required column is not there.
    """
    opened = open_table(connect(), sources, table)
    rows = opened.read(
        case_id=opened.key("case_id"),
        customer_id=opened.key("customer_id"),
        product_id=optional_key(opened, "product_id"),
    )
    issues = Issues.of(opened, rows, key="case_id")
    said = screen_keys(rows, "case_id", issues)
    days = {
        name: read_dates(said, name, issues=issues, night=date.max)
        for name in ("opened_on", "closed_on")
    }
    later = days["opened_on"] >= pd.Timestamp(night)
    judged = said.assign(
        opened_on=days["opened_on"],
        closed_on=days["closed_on"].where(days["closed_on"] < pd.Timestamp(night)),
        customer_key=said["customer_id"].map(keys_of(customers, "customer")).astype("Int64"),
        product_key=said["product_id"].map(keys_of(products, "product")).astype("Int64"),
        kind=said["kind"].str.lower(),
    )
    sound = ~later
    for bad, name, flaw in (
        (judged["customer_key"].isna(), "customer_id", Flaw.UNKNOWN_CUSTOMER),
        (~judged["kind"].isin(KINDS), "kind", Flaw.UNKNOWN_VALUE),
        (judged["opened_on"].isna(), "opened_on", Flaw.BAD_DATE),
    ):
        issues.note_rows(sound & bad, name, said[name], flaw)
        sound &= ~bad
    said, judged = said[sound], judged[sound]
    strange = said["product_id"].notna() & judged["product_key"].isna()
    issues.note_fields(strange, "product_id", said["product_id"], Flaw.UNKNOWN_PRODUCT)
    too_early = (judged["closed_on"] < judged["opened_on"]).fillna(False)
    issues.note_fields(too_early, "closed_on", said["closed_on"], Flaw.BAD_DATE)
    kept = judged.assign(
        closed_on=judged["closed_on"].mask(too_early),
        satisfaction=read_whole_numbers(said, "satisfaction", issues, first=1, last=BEST),
    )
    kept = kept[list(CASES.dtypes)].astype(dict(CASES.dtypes)).reset_index(drop=True)
    read = len(rows) + len(opened.torn) - int(np.count_nonzero(later))
    return Taken(CASES.check(kept), issues.frame(), read=read)
