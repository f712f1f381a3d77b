"""What customers agreed to, told row by row, each with its moment."""

from datetime import date

import pandas as pd

from care.domain.consent import TOLD_AS
from care.domain.setaside import Flaw
from care.intake.line import moments
from care.intake.localday import night_begins
from care.intake.sources import Consents, Sources
from care.intake.table import connect, open_table
from care.intake.taken import Issues, Taken

_ANSWERS = {"true": True, "1": True, "false": False, "0": False}


def read_consents(
    sources: Sources,
    table: Consents,
    *,
    customers: pd.DataFrame,
    night: date,
    timezone: str,
) -> Taken:
    """Read every consent and every withdrawal.

    ``customers``: ``customer_id``. A consent from the night on is not read yet; a withdrawal is, as
    it is never too early to heed one. ``kept`` has ``customer_id`` and ``purpose`` str, ``given``
    bool and ``given_at`` instant, in the order of the files.

    Raises:
        UnableToReadSources: a file or a required column is not there, or of a type that cannot be
            used.
    """
    opened = open_table(connect(), sources, table)
    rows = opened.read(
        customer_id=opened.key("customer_id"),
        instant=moments(opened, sources, "given_at"),
    )
    answers = rows["given"].str.lower().map(_ANSWERS)
    at = pd.to_datetime(rows["instant"], utc=True)
    later = answers.eq(True) & (at >= pd.Timestamp(night_begins(night, timezone)))
    rows, answers, at = rows[~later], answers[~later], at[~later]
    issues = Issues.of(opened, rows, key="customer_id")
    purpose = rows["purpose"].str.lower()
    sound = pd.Series(True, index=rows.index)
    for bad, name, flaw in (
        (rows["customer_id"].isna(), "customer_id", Flaw.MISSING_KEY),
        (~rows["customer_id"].isin(customers["customer_id"]), "customer_id", Flaw.UNKNOWN_CUSTOMER),
        (~purpose.isin(list(TOLD_AS)), "purpose", Flaw.UNKNOWN_VALUE),
        (answers.isna(), "given", Flaw.UNKNOWN_VALUE),
        (at.isna(), "given_at", Flaw.BAD_TIME),
    ):
        issues.note_rows(sound & bad, name, rows[name], flaw)
        sound &= ~bad
    kept = pd.DataFrame(
        {
            "customer_id": rows.loc[sound, "customer_id"],
            "purpose": purpose[sound],
            "given": answers[sound].astype("bool"),
            "given_at": at[sound],
        }
    ).reset_index(drop=True)
    return Taken(kept, issues.frame(), read=len(rows) + len(opened.torn))
