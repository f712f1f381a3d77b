"""The ledger of consent: words that are only ever added, and beside them what holds."""

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, Row, func, select

from care.domain.consent import COLUMN_OF, ENTRIES, KEY, Purpose, dated, holding, news
from care.storage.bulk import insert_frame, read_frame, rows_alike
from care.storage.database import lock_table
from care.storage.tables import consent_entries, consents, customers, identities


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
    known = read_frame(connection, select(*(consents.c[name] for name in [*KEY, "as_imported"])))
    said = pd.concat(
        [
            people[["customer_key"]].assign(
                channel=str(channel), purpose=str(purpose), granted=people[column].astype(bool)
            )
            for column, (channel, purpose) in COLUMN_OF.items()
        ],
        ignore_index=True,
    )
    entries = news(said, known, as_of=as_of, before=before)
    noted = entries[KEY].merge(said, on=KEY).rename(columns={"granted": "as_imported"})
    if told is not None and len(told):
        words = dated(told)
        entries = pd.concat(
            [
                entries[~_among(entries, words)],
                words[~words["event_id"].isin(_events_about(connection, words))],
            ],
            ignore_index=True,
        )
    insert_frame(connection, consent_entries, entries.assign(recorded_at=as_of), existing="skip")
    about = pd.concat([entries[KEY], noted[KEY]]).drop_duplicates()
    before_tonight = _among(about, known)
    earlier = read_entries(connection, about[before_tonight])[list(ENTRIES)]
    fresh = entries[~_among(entries, about[before_tonight])]
    held = holding(pd.concat([earlier, fresh], ignore_index=True))
    told_before = known.rename(columns={"as_imported": "told_before"})
    held = held.merge(noted, on=KEY, how="left").merge(told_before, on=KEY, how="left")
    held["as_imported"] = held["as_imported"].astype("boolean").fillna(held.pop("told_before"))
    insert_frame(connection, consents, held, existing="replace")


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


def read_customers_with(connection: Connection, purpose: Purpose, *, granted: bool) -> pd.Index:
    """Keys of the customers who agreed to, or who took back, what is no marketing."""
    query = select(consents.c.customer_key).where(
        consents.c.purpose == str(purpose),
        consents.c.purpose != str(Purpose.MARKETING),  # which the index of the few others asks for
        consents.c.granted == granted,
        consents.c.state != "pending",
    )
    return pd.Index(read_frame(connection, query)["customer_key"].astype("int64"))


def read_all_words(connection: Connection) -> pd.DataFrame:
    """Every word of the ledger with ``customer_id`` and ``data_key`` beside it; for an export.

    Of who was erased both are missing.
    """
    query = (
        select(consent_entries, customers.c.customer_ref)
        .add_columns(identities.c.customer_id, identities.c.data_key)
        .join(customers, customers.c.customer_key == consent_entries.c.customer_key)
        .outerjoin(identities, identities.c.customer_key == consent_entries.c.customer_key)
        .order_by(consent_entries.c.said_at, consent_entries.c.event_id)
    )
    return read_frame(connection, query)


def count_held(connection: Connection) -> list[Row[tuple[str, str, str, int]]]:
    """``channel, purpose, state, count``."""
    names = [consents.c[name] for name in ("channel", "purpose", "state")]
    query = select(*names, func.count().label("count")).group_by(*names).order_by(*names)
    return list(connection.execute(query))


def _events_about(connection: Connection, words: pd.DataFrame) -> pd.Series:
    """Events of the same source: the shop repeats its whole table every night."""
    query = select(consent_entries.c.event_id).where(
        consent_entries.c.source == words["source"].iat[0]
    )
    return read_frame(connection, query)["event_id"]


def _among(rows: pd.DataFrame, others: pd.DataFrame) -> npt.NDArray[np.bool_]:
    if rows.empty or others.empty:
        return np.zeros(len(rows), dtype=bool)
    found: npt.NDArray[np.bool_] = pd.MultiIndex.from_frame(rows[KEY]).isin(
        pd.MultiIndex.from_frame(others[KEY])
    )
    return found
