"""What customers say about being written to, written down: the one door to the ledger of consent.

Whatever hears a word (the terminal, an import, a page) says it here. Every word is known by its
event, so what is told twice is written once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Connection

from care.domain.act import Act
from care.domain.channel import Channel
from care.domain.consent import ANY, ENTRIES, WEB_FORM, Held, Purpose, Word, entries_of
from care.intake.consent_sheet import read_consent_sheet
from care.intake.sheet import Imported
from care.runtime import Runtime
from care.storage import acts, consents, people
from care.storage.acts import Done
from care.storage.database import reading, writing
from care.storage.people import Known
from care.storage.vault import Proof, open_proof, seal_proof


class UnableToRecordConsent(Exception):
    """What was said of consent cannot be written down; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a word: what holds now, and the token that would confirm a request."""

    held: Held
    token: str | None = None


def grant(
    runtime: Runtime,
    customer: str,
    *,
    purpose: Purpose,
    channel: Channel | None = None,
    source: str,
    now: datetime,
    said_at: datetime | None = None,
    proof: Proof | None = None,
    event_id: str | None = None,
    actor: str | None = None,
) -> Answer:
    """Write down that a customer agrees; where policy asks, it is a request until she confirms.

    ``customer``: the shop's customer_id or the pseudonym. ``channel``: needed for marketing alone.
    ``actor``: who of the staff writes it down, if anybody.

    Raises:
        UnableToRecordConsent: no such customer, or a channel where there is none.
    """
    rules = runtime.policy.consent
    asks = source == WEB_FORM and purpose is Purpose.MARKETING and channel in rules.double_opt_in
    word = Word.REQUEST if asks else Word.GRANT
    with writing(runtime.engine) as connection:
        known = _customer(connection, customer)
        place = _place(purpose, channel)
        said = _said(known, place, purpose, word, source, now, said_at, event_id)
        _write_down(runtime, connection, said, proof, actor)
        held = _held(connection, known, place, purpose)
    token = str(_tokens(runtime).dumps(said["event_id"])) if asks else None
    return Answer(held, token)


def withdraw(
    runtime: Runtime,
    customer: str,
    *,
    purpose: Purpose,
    channel: Channel | None = None,
    source: str,
    now: datetime,
    said_at: datetime | None = None,
    proof: Proof | None = None,
    event_id: str | None = None,
    actor: str | None = None,
) -> Answer:
    """Write down that a customer does not agree any more; marketing without a channel is all of it.

    ``actor``: who of the staff writes it down, if anybody.

    Raises:
        UnableToRecordConsent: no such customer, or a channel where there is none.
    """
    everywhere = purpose is Purpose.MARKETING and channel is None
    with writing(runtime.engine) as connection:
        known = _customer(connection, customer)
        for road in tuple(Channel) if everywhere else (channel,):
            place = _place(purpose, road)
            event = f"{event_id}-{place}" if everywhere and event_id else event_id
            said = _said(known, place, purpose, Word.WITHDRAW, source, now, said_at, event)
            _write_down(runtime, connection, said, proof, actor)
        return Answer(_held(connection, known, place, purpose))


def confirm(runtime: Runtime, token: str, *, now: datetime, proof: Proof | None = None) -> Answer:
    """Confirm a request with its token. Done again, nothing; after a withdrawal, nothing either.

    Raises:
        UnableToRecordConsent: the token is none of ours, or its time is over.
    """
    try:
        event_id = str(_tokens(runtime).loads(token))
    except BadSignature:
        raise UnableToRecordConsent(
            "the token was not made here, or was changed on its way; copy the whole of it"
        ) from None
    days = runtime.policy.consent.confirm_within_days
    with writing(runtime.engine) as connection:
        request = consents.find_word(connection, event_id)
        if request is None:
            raise UnableToRecordConsent("nothing was asked for with this token; ask again")
        known = Known(request.customer_key, "")
        place, purpose = str(request.channel), Purpose(request.purpose)
        confirmed = f"confirm-{event_id}"
        if consents.find_word(connection, confirmed) is None:
            if now > request.recorded_at + timedelta(days=days):
                raise UnableToRecordConsent(
                    f"the request of {request.recorded_at:%Y-%m-%d %H:%M} UTC could be confirmed "
                    f"for {days} days (consent.confirm_within_days in the policy); ask again"
                )
            said = _said(
                known, place, purpose, Word.CONFIRM, request.source, now, request.said_at, confirmed
            )
            _write_down(runtime, connection, said, proof)
        return Answer(_held(connection, known, place, purpose))


def import_words(
    runtime: Runtime, path: Path, *, now: datetime, actor: str | None = None
) -> Imported:
    """Add the words of a file, one a row; those that are there already stay as they are.

    ``actor``: who of the staff does it, if anybody.

    A yes from a web form, on a channel that asks for confirmation, is a request here too.

    Raises:
        UnableToReadSheet: the file as a whole cannot be read.
    """
    with reading(runtime.engine) as connection:
        everybody = people.read_keys(connection)
    sheet = read_consent_sheet(path, customers=everybody, now=now, zone=runtime.policy.shop.zone)
    rows = sheet.rows.reset_index(drop=True)
    rows["source"] = rows["source"].fillna("import")
    asks = (
        (rows["word"] == Word.GRANT)
        & (rows["source"] == WEB_FORM)
        & rows["channel"].isin(list(runtime.policy.consent.double_opt_in))
    )
    rows["word"] = rows["word"].mask(asks, str(Word.REQUEST))
    entries = entries_of(rows, event="file-" + rows["said_at"].astype("int64").astype("str"))
    entries["event_id"] = rows["event_id"].fillna(entries["event_id"])
    entries["recorded_at"] = pd.Series(pd.Timestamp(now), entries.index)
    entries["proof"] = _sealed(runtime, rows, entries["event_id"], everybody)
    entries = entries.drop_duplicates("event_id")
    with writing(runtime.engine) as connection:
        if len(entries):
            consents.append(connection, entries)
        if actor:
            act, file = Act.IMPORT_CONSENTS, path.name
            acts.add(connection, Done(act=act, actor=actor, at=now, file=file, count=len(rows)))
    return sheet.imported()


def _sealed(
    runtime: Runtime, rows: pd.DataFrame, event_ids: pd.Series, everybody: pd.DataFrame
) -> pd.Series:
    """The proofs of a file, each under its customer's key; nothing where there is none."""
    data_keys = rows["customer_key"].map(everybody.set_index("customer_key")["data_key"])
    told = rows["proof"].astype(object).where(rows["proof"].notna(), None)
    sealed = [
        None if proof is None else seal_proof(runtime.vault, key, event_id, {"told": proof})
        for key, event_id, proof in zip(data_keys, event_ids, told, strict=True)
    ]
    return pd.Series(sealed, index=rows.index, dtype=object)


EXPORTED = (
    *("customer_id", "channel", "purpose", "word", "said_at"),
    *("recorded_at", "source", "proof", "event_id"),
)


def export_words(runtime: Runtime) -> pd.DataFrame:
    """Every word of the ledger as text, columns ``EXPORTED``, oldest first, proofs in the open.

    Of who was erased the customer and the proof are missing.
    """
    with reading(runtime.engine) as connection:
        found = consents.read_all_words(connection)
    proofs = [
        open_proof(runtime.vault, data_key, event_id, proof)
        for data_key, event_id, proof in zip(
            found["data_key"], found["event_id"], found["proof"], strict=True
        )
    ]
    moment = "%Y-%m-%dT%H:%M:%S.%fZ"
    told = {name: found[name].dt.strftime(moment) for name in ("said_at", "recorded_at")}
    texts = [None if one is None else orjson.dumps(one).decode() for one in proofs]
    return found.assign(proof=pd.Series(texts, dtype="str"), **told)[list(EXPORTED)].astype("str")


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's consents: what holds, and every word they rest on, oldest first."""

    customer_ref: str
    held: list[dict[str, Any]]
    words: list[dict[str, Any]]


def standing(runtime: Runtime, customer: str) -> Standing:
    """Tell everything a customer has said about being written to.

    Raises:
        UnableToRecordConsent: no such customer.
    """
    with reading(runtime.engine) as connection:
        known = _customer(connection, customer)
        data_key = people.find_data_key(connection, known.customer_key)
        held = consents.read_held_of(connection, known.customer_key)
        words = consents.read_words_of(connection, known.customer_key)
    shown = ("channel", "purpose", "state", "source", "since")
    said = ("said_at", "word", "channel", "purpose", "source", "recorded_at", "event_id")
    return Standing(
        known.customer_ref,
        [{name: getattr(row, name) for name in shown} for row in held],
        [
            {name: getattr(row, name) for name in said}
            | {"proof": open_proof(runtime.vault, data_key, row.event_id, row.proof)}
            for row in words
        ],
    )


def _customer(connection: Connection, name: str) -> Known:
    found = people.find_customer(connection, name)
    if found is None:
        raise UnableToRecordConsent(
            f"there is no customer {name!r}. Give the shop's customer_id, or the customer_ref of a "
            "batch."
        )
    return found


def _place(purpose: Purpose, channel: Channel | None) -> str:
    if purpose is Purpose.MARKETING:
        if channel is None:
            raise UnableToRecordConsent(
                f"consent to marketing is given by channel; name one of {', '.join(Channel)}"
            )
        return str(channel)
    if channel is not None:
        raise UnableToRecordConsent(
            f"consent to what is {purpose} is the same for every channel; leave the channel out"
            if purpose is Purpose.SENSITIVE
            else "personalisation is the same for every channel; leave the channel out"
        )
    return ANY


def _said(
    known: Known,
    place: str,
    purpose: Purpose,
    word: Word,
    source: str,
    now: datetime,
    said_at: datetime | None,
    event_id: str | None,
) -> dict[str, Any]:
    moment = said_at or now
    if moment > now:
        raise UnableToRecordConsent(
            f"{moment:%Y-%m-%d %H:%M %Z} is still to come; nothing was said yet"
        )
    parts = (str(known.customer_key), place, str(purpose), str(word), moment.isoformat(), source)
    return {
        "event_id": event_id or hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32],
        "customer_key": known.customer_key,
        "channel": place,
        "purpose": str(purpose),
        "word": str(word),
        "source": source,
        "said_at": moment,
        "recorded_at": now,
    }


def _write_down(
    runtime: Runtime,
    connection: Connection,
    said: Mapping[str, Any],
    proof: Proof | None,
    actor: str | None = None,
) -> None:
    new = consents.find_word(connection, said["event_id"]) is None
    frame = pd.DataFrame([dict(said)]).astype(dict(ENTRIES))
    sealed = None
    if proof:
        data_key = people.find_data_key(connection, said["customer_key"])
        if data_key is None:
            raise UnableToRecordConsent("she was erased; no proof can be kept of her any more")
        sealed = seal_proof(runtime.vault, data_key, said["event_id"], proof)
    frame["recorded_at"] = frame["recorded_at"].astype("datetime64[us, UTC]")
    consents.append(connection, frame.assign(proof=pd.Series([sealed], dtype=object)))
    if actor and new:
        at, event_id = said["recorded_at"], said["event_id"]
        done = Done(act=Act.CONSENT, actor=actor, at=at, event_id=event_id)
        acts.add(connection, done, customer_keys=[said["customer_key"]])


def _held(connection: Connection, known: Known, place: str, purpose: Purpose) -> Held:
    (state,) = (
        row.state
        for row in consents.read_held_of(connection, known.customer_key)
        if (row.channel, row.purpose) == (place, purpose)
    )
    return Held(state)


def _tokens(runtime: Runtime) -> URLSafeSerializer:
    return URLSafeSerializer(runtime.settings.batch_key.hex(), salt="consent")
