"""A file of what customers said of consent: evidence that another system kept."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from care.domain.channel import Channel
from care.domain.consent import ANY, Purpose, Word
from care.domain.setaside import Flaw
from care.intake.sheet import Sheet, moments, read_sheet

REQUIRED = ("customer_id", "purpose", "word", "said_at")
OPTIONAL = ("channel", "source", "proof", "event_id")


def read_consent_sheet(
    path: Path, *, customers: pd.DataFrame, now: datetime, zone: ZoneInfo
) -> Sheet:
    """Read words, one a row; those kept have ``customer_key`` and ``said_at`` as an instant.

    ``customers``: ``customer_id, customer_key``. A word without a channel that needs one, with a
    moment still to come, or about nobody known is set aside.

    Raises:
        UnableToReadSheet: the file as a whole cannot be read.
    """
    sheet = read_sheet(path, "consents", required=REQUIRED, optional=OPTIONAL)
    for column, words in (("purpose", Purpose), ("word", Word)):
        sheet.rows[column] = sheet.rows[column].str.lower()
        told = f"write one of {', '.join(words)}"
        sheet.refuse(~sheet.rows[column].isin(list(words)), column, Flaw.UNKNOWN_VALUE, remedy=told)
    sheet.rows["channel"] = sheet.rows["channel"].str.lower()
    marketing = sheet.rows["purpose"] == Purpose.MARKETING
    sheet.rows["channel"] = sheet.rows["channel"].mask(
        ~marketing & sheet.rows["channel"].isna(), ANY
    )
    known = sheet.rows["channel"].isin(list(Channel))
    sheet.refuse(
        (marketing & ~known) | (~marketing & (sheet.rows["channel"] != ANY)),
        "channel",
        Flaw.UNKNOWN_VALUE,
        remedy=f"write {' or '.join(Channel)} for marketing, and nothing for other purposes",
    )
    at = moments(sheet.rows["said_at"], zone)
    sheet.refuse(at.isna(), "said_at", Flaw.BAD_TIME)
    at = at[sheet.rows.index]
    sheet.refuse(
        at > now, "said_at", Flaw.FUTURE_DATE, remedy="correct the moment; it is still to come"
    )
    keys = customers.set_index("customer_id")["customer_key"]
    sheet.refuse(~sheet.rows["customer_id"].isin(keys.index), "customer_id", Flaw.UNKNOWN_CUSTOMER)
    sheet.rows = sheet.rows.assign(
        customer_key=sheet.rows["customer_id"].map(keys), said_at=at[sheet.rows.index]
    )
    return sheet
