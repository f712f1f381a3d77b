"""A file of suppressions: addresses that bounced elsewhere, people who asked to be left alone."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from care.domain.channel import Channel
from care.domain.setaside import Flaw
from care.domain.suppression import COVERED, Covers, Why
from care.intake.email import check_emails
from care.intake.phone import check_phones
from care.intake.sheet import Sheet, moments, read_sheet

WHOM = ("customer_id", "address")
OPTIONAL = (
    *(*WHOM, "channel", "occasion", "reason", "covers"),
    *("since", "until", "source", "event_id"),
)


def read_suppression_sheet(
    path: Path, *, customers: pd.DataFrame, now: datetime, zone: ZoneInfo, occasions: set[str]
) -> Sheet:
    """Read suppressions, one a row, of a customer or of an address in its normal form.

    ``customers``: ``customer_id, customer_key``. ``occasions``: those that there are. Rows kept
    have ``customer_key`` Int64, ``since`` and ``until`` as instants, and ``said_since``, the text;
    an unnamed reason is ``manual``.

    Raises:
        UnableToReadSheet: the file as a whole cannot be read.
    """
    sheet = read_sheet(path, "suppressions", required=(), optional=OPTIONAL, one_of=WHOM)
    lacks = sheet.rows["customer_id"].isna() == sheet.rows["address"].isna()
    sheet.refuse(
        lacks, "customer_id", Flaw.MISSING_KEY, remedy="give the customer_id or the address"
    )
    keys = customers.set_index("customer_id")["customer_key"]
    her = sheet.rows["customer_id"]
    sheet.refuse(her.notna() & ~her.isin(keys.index), "customer_id", Flaw.UNKNOWN_CUSTOMER)
    _read_addresses(sheet)
    for column, words, usual in (
        ("channel", Channel, None),
        ("reason", Why, str(Why.MANUAL)),
        ("covers", Covers, None),
    ):
        sheet.rows[column] = sheet.rows[column].str.lower()
        if usual:
            sheet.rows[column] = sheet.rows[column].fillna(usual)
        said = sheet.rows[column]
        sheet.refuse(
            said.notna() & ~said.isin(list(words)),
            column,
            Flaw.UNKNOWN_VALUE,
            remedy=f"write one of {', '.join(words)}",
        )
    occasion = sheet.rows["occasion"]
    sheet.refuse(
        occasion.notna() & ~occasion.isin(occasions),
        "occasion",
        Flaw.UNKNOWN_VALUE,
        remedy="write a campaign, or one of its occasions such as festival:mothers-day",
    )
    when = {name: moments(sheet.rows[name], zone) for name in ("since", "until")}
    for name, at in when.items():
        said = sheet.rows[name]
        sheet.refuse(said.notna() & at[sheet.rows.index].isna(), name, Flaw.BAD_TIME)
    since = when["since"].fillna(pd.Timestamp(now))
    until = when["until"]
    sheet.refuse(
        (until <= since)[sheet.rows.index],
        "until",
        Flaw.BAD_TIME,
        remedy="give a moment after since, or none",
    )
    sheet.rows["said_since"] = sheet.rows["since"]
    usual_cover = sheet.rows["reason"].map({str(why): str(COVERED[why]) for why in Why})
    sheet.rows = sheet.rows.assign(
        customer_key=sheet.rows["customer_id"].map(keys).astype("Int64"),
        covers=sheet.rows["covers"].fillna(usual_cover),
        since=since[sheet.rows.index],
        until=until[sheet.rows.index],
    )
    return sheet


def _read_addresses(sheet: Sheet) -> None:
    """Addresses in their normal form, and by which channel each is reached."""
    said = sheet.rows["address"]
    mail = said.str.contains("@", regex=False).fillna(False).astype(bool)
    emails, phones = check_emails(said.where(mail))[0], check_phones(said.mask(mail), None)[0]
    sheet.rows = sheet.rows.assign(
        address=emails.fillna(phones),
        by=pd.Series(str(Channel.EMAIL), said.index, dtype="str").where(mail, str(Channel.SMS)),
        said=said,
    )
    told = "write name@domain, or a mobile number as +<country><number>"
    bad = sheet.rows["said"].notna() & sheet.rows["address"].isna()
    sheet.rows["address"] = sheet.rows["address"].fillna(sheet.rows["said"])
    sheet.refuse(bad, "address", Flaw.BAD_EMAIL, remedy=told, personal=True)
    named = sheet.rows["address"].notna()
    sheet.rows["channel"] = sheet.rows["channel"].mask(named, sheet.rows["by"])
