"""Reviews as the shop delivers them → reviews as the house knows them, as a night begins."""

from datetime import date

import numpy as np
import pandas as pd

from care.domain.review import BEST, REVIEWS
from care.domain.setaside import Flaw
from care.intake.birthday import read_dates
from care.intake.keys import keys_of, screen_keys
from care.intake.number import read_whole_numbers
from care.intake.sources import Reviews, Sources
from care.intake.table import connect, open_table, optional_key
from care.intake.taken import Issues, Taken


def read_reviews(
    sources: Sources,
    table: Reviews,
    *,
    customers: pd.DataFrame,
    products: pd.DataFrame,
    night: date,
) -> Taken:
    """Read the reviews that were written before a night.

    ``customers``: ``customer_id, customer_key``. ``products``: ``product_id, product_key``. Set
    aside are rows without a key, a customer, a day or stars that the house can use. ``kept`` has
    the columns of ``REVIEWS``; what was written later counts nowhere.

    Raises:
        UnableToReadSources: a file or a required column is not there.
    """
    opened = open_table(connect(), sources, table)
    rows = opened.read(
        review_id=opened.key("review_id"),
        customer_id=opened.key("customer_id"),
        product_id=optional_key(opened, "product_id"),
    )
    issues = Issues.of(opened, rows, key="review_id")
    said = screen_keys(rows, "review_id", issues)
    written = read_dates(said, "reviewed_on", issues=issues, night=date.max)
    later = written >= pd.Timestamp(night)
    customer = said["customer_id"].map(keys_of(customers, "customer")).astype("Int64")
    judged = said.assign(reviewed_on=written, customer_key=customer)[~later]
    for name, found, flaw in (
        ("customer_id", "customer_key", Flaw.UNKNOWN_CUSTOMER),
        ("reviewed_on", "reviewed_on", Flaw.BAD_DATE),
    ):
        issues.note_rows(judged[found].isna(), name, said[name], flaw)
        judged = judged[judged[found].notna()]
    stars = read_whole_numbers(judged, "stars", issues, first=1, last=BEST, required=True)
    judged = judged.assign(stars=stars)[stars.notna()]
    product = judged["product_id"].map(keys_of(products, "product")).astype("Int64")
    strange = judged["product_id"].notna() & product.isna()
    issues.note_fields(strange, "product_id", judged["product_id"], Flaw.UNKNOWN_PRODUCT)
    kept = judged.assign(product_key=product, helpful=read_whole_numbers(judged, "helpful", issues))
    kept = kept[list(REVIEWS.dtypes)].astype(dict(REVIEWS.dtypes)).reset_index(drop=True)
    read = len(rows) + len(opened.torn) - int(np.count_nonzero(later))
    return Taken(REVIEWS.check(kept), issues.frame(), read=read)
