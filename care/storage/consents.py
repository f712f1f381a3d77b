"""The ledger of consent: words that are only ever added, and beside them what holds."""

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, Row, select

from care.domain.consent import (
    COLUMN_OF,
    ENTRIES,
    KEY,
    SHOP_CONSENTS,
    Purpose,
    Word,
    dated,
    holding,
    news,
)
from care.storage.bulk import Existing, insert_frame, read_frame, rows_alike
from care.storage.database import lock_table
from care.storage.tables import consent_entries, consents, identities


def sync_consents(
    connection: Connection,
    people: pd.DataFrame,
    told: pd.DataFrame | None,
    *,
    as_of: datetime,
    before: datetime | None,
) -> None:
    """Add what the shop says of consent otherwise than before; done again, nothing.

    ``people``: ``customer_key`` and a column per consent, as the customer file has them. ``told``:
    ``customer_key, purpose, given, given_at``, the shop's table of consents, which speaks for
    itself of whomever it names: what the customer file says of the same purpose is noted only.
    ``as_of``: the night's first instant. ``before``: that of the night imported before.
    """
    lock_table(connection, consents)
    entries = pd.concat(
        [
            news(
                people[["customer_key"]].assign(granted=people[column].astype(bool)),
                _imported_before(connection, about),
                about=about,
                as_of=as_of,
                before=before,
            )
            for column, about in COLUMN_OF.items()
        ],
        ignore_index=True,
    )
    noted = entries[KEY].assign(as_imported=entries["word"] == str(Word.GRANT))
    if told is not None and len(told):
        words = dated(told)
        entries = pd.concat(
            [
                entries[~_among(entries, words)],
                words[~words["event_id"].isin(_events_of(connection, SHOP_CONSENTS))],
            ],
            ignore_index=True,
        )
    first = connection.execute(select(consents.c.customer_key).limit(1)).first() is None
    # Into the empty tables of a first night, which are locked, everybody comes; nothing to compare.
    insert_frame(
        connection,
        consent_entries,
        entries.assign(recorded_at=pd.Timestamp(as_of)),
        existing="refuse" if first else "skip",
    )
    about_them = pd.concat([entries[KEY], noted[KEY]]).drop_duplicates()
    said = entries if first else read_entries(connection, about_them)[list(ENTRIES)]
    held = holding(said)
    # What is only written down leaves alone what the customer file is known to have said.
    there: Existing = "refuse" if first else "replace"
    insert_frame(connection, consents, held[~_among(held, noted)], existing=there)
    insert_frame(connection, consents, held.merge(noted, on=KEY), existing=there)


def append(connection: Connection, entries: pd.DataFrame) -> None:
    """Add words, and bring what holds up to them; one that is there, by its event, stays as it is.

    ``entries``: columns ``ENTRIES``, ``recorded_at`` and the sealed ``proof``.
    """
    lock_table(connection, consents)
    insert_frame(connection, consent_entries, entries, existing="skip")
    said = read_entries(connection, entries[KEY].drop_duplicates())
    insert_frame(connection, consents, holding(said[list(ENTRIES)]), existing="replace")


def read_entries(connection: Connection, about: pd.DataFrame) -> pd.DataFrame:
    """All words (``ENTRIES``, ``recorded_at``, ``proof``) about consents (``KEY``)."""
    parts = [
        read_frame(connection, select(consent_entries).join(asked, alike))
        for asked, alike in rows_alike(connection, consent_entries, about[KEY])
    ]
    return pd.concat(parts, ignore_index=True)


def read_words_of(connection: Connection, customer_key: int) -> list[Row[tuple[object, ...]]]:
    """All words of one customer, in the order in which they were said."""
    query = select(consent_entries).where(consent_entries.c.customer_key == customer_key)
    return list(
        connection.execute(query.order_by(consent_entries.c.said_at, consent_entries.c.event_id))
    )


def read_held_of(connection: Connection, customer_key: int) -> list[Row[tuple[object, ...]]]:
    """What holds of one customer's consents."""
    query = select(consents).where(consents.c.customer_key == customer_key)
    return list(connection.execute(query.order_by(consents.c.purpose, consents.c.channel)))


def find_word(connection: Connection, event_id: str) -> Row[tuple[object, ...]] | None:
    """One word by its event, or nothing."""
    return connection.execute(
        select(consent_entries).where(consent_entries.c.event_id == event_id)
    ).first()


def read_customers_with(
    connection: Connection, purpose: Purpose, *, granted: bool, among: pd.Series | None = None
) -> pd.Index:
    """Keys of the customers who agreed to, or who took back, what is no marketing.

    ``among``: of these customers alone.
    """
    query = select(consents.c.customer_key).where(
        consents.c.purpose == str(purpose),
        consents.c.purpose != str(Purpose.MARKETING),  # which the index of the few others asks for
        consents.c.granted == granted,
        consents.c.state != "pending",
    )
    if among is None:
        return pd.Index(read_frame(connection, query)["customer_key"].astype("int64"))
    asked_for = among.drop_duplicates().to_frame("customer_key")
    found = [
        read_frame(connection, query.join(asked, matches))["customer_key"]
        for asked, matches in rows_alike(connection, consents, asked_for)
    ]
    keys: pd.Series = pd.concat(found)
    return pd.Index(keys.astype("int64"))


def read_all_words(connection: Connection) -> pd.DataFrame:
    """Every word of the ledger with ``customer_id`` and ``data_key`` beside it; for an export.

    Of who was erased both are missing.
    """
    query = (
        select(consent_entries)
        .add_columns(identities.c.customer_id, identities.c.data_key)
        .outerjoin(identities, identities.c.customer_key == consent_entries.c.customer_key)
        .order_by(consent_entries.c.said_at, consent_entries.c.event_id)
    )
    return read_frame(connection, query)


def _imported_before(connection: Connection, about: tuple[str, Purpose]) -> pd.DataFrame:
    """``customer_key, as_imported``: what the customer file said of one consent the last time."""
    channel, purpose = map(str, about)
    query = select(consents.c.customer_key, consents.c.as_imported).where(
        consents.c.channel == channel,
        consents.c.purpose == purpose,
        consents.c.as_imported.is_not(None),
    )
    return read_frame(connection, query).astype({"customer_key": "int64"})


def _events_of(connection: Connection, source: str) -> pd.Series:
    """What came of a source before: the shop repeats its whole table every night."""
    query = select(consent_entries.c.event_id).where(consent_entries.c.source == source)
    return read_frame(connection, query)["event_id"]


def _among(rows: pd.DataFrame, others: pd.DataFrame) -> npt.NDArray[np.bool_]:
    if rows.empty or others.empty:
        return np.zeros(len(rows), dtype=bool)
    found: npt.NDArray[np.bool_] = pd.MultiIndex.from_frame(rows[KEY]).isin(
        pd.MultiIndex.from_frame(others[KEY])
    )
    return found
