"""One customer as the desk knows her, and what staff may write down for her."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from care import consent, suppression
from care.consent import UnableToRecordConsent
from care.desk.touch import refuse_unasked
from care.domain.act import Act
from care.domain.channel import Channel
from care.domain.consent import Purpose
from care.domain.mask import HIDDEN, masked, masked_email, masked_phone
from care.domain.standing import no_standings
from care.domain.suppression import Why
from care.explanation import Considered, UnableToExplain, explain
from care.policy import Wording
from care.rhythms import read_rhythms_of
from care.runtime import Runtime
from care.standing import find_standing
from care.storage import acts, nights, people
from care.storage.acts import Done
from care.storage.bulk import records
from care.storage.database import reading, writing
from care.storage.history import last_lines, lines_of, open_history, spend
from care.storage.nights import Life
from care.storage.people import Known
from care.storage.points import balance_of
from care.storage.snapshot import read_kept, read_manifest
from care.suppression import UnableToSuppress

PURCHASES = 50
"""So many of her last order lines, and of the times she got nothing, are shown."""
NAMES = ("name", "family_name")
PRIVATE = (
    *("given_name", "spouse_name"),
    *("customer_id", "household_id", "birth_year", "birth_month", "birth_day"),
    *("birth_calendar", "birth_leap", "wedding_on"),
)
DESK = "desk"
"""The source of what staff write down here."""


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """Everything on one page.

    ``identity``: canonical columns, what names her masked unless ``revealed``; nothing of who was
    erased. ``household``: pseudonyms of who lives with her. ``consents``, ``words``,
    ``suppressions``: as ``care.consent.standing`` and ``care.suppression.listed`` tell them, notes
    and proofs only if ``revealed``. ``standing``: her tier and until when, ``segment`` aside,
    ``orders``, ``spend`` (minor units, ever), ``points``. ``purchases``: ``product, quantity,
    amount_minor, day``, newest first. ``rhythms``: ``product_type, product, purchases,
    mean_interval, last_day, expected_day, probability``. In both, what the policy calls sensitive
    or never names is named only if ``revealed``. ``cases``: ``kind, opened_on, closed_on,
    satisfaction``. ``touches``: every touch, newest first; ``excluded``: when and why she got
    nothing. ``considered``: what became of her on the last night, and the next day of each occasion
    that is ahead (``next_on``).
    """

    customer_ref: str
    as_of: date
    revealed: bool
    identity: Mapping[str, Any]
    household: list[str]
    consents: list[dict[str, Any]]
    words: list[dict[str, Any]]
    suppressions: list[dict[str, Any]]
    standing: Mapping[str, Any]
    purchases: list[dict[str, Any]]
    rhythms: list[dict[str, Any]]
    cases: list[dict[str, Any]]
    touches: list[Life]
    excluded: list[dict[str, Any]]
    considered: list[Considered]


def customer_record(
    runtime: Runtime,
    customer: str,
    *,
    actor: str,
    now: datetime,
    reveal: bool = False,
    reason: str = "",
    granted: bool = False,
) -> CustomerRecord:
    """The record of a customer (customer_id or pseudonym), as of the last night planned.

    Revealing needs a reason, and is on record. ``granted``: that it was asked for was written down
    as leave was given, and this only shows it.

    Raises:
        UnableToExplain: no such customer, or no night is planned yet.
        UnableToDecide: revealed without a reason.
    """
    asks = reveal and not granted
    if asks:
        refuse_unasked(reason)
    explained = explain(runtime, customer)
    with reading(runtime.engine) as connection:
        key = key_of(connection, explained.customer_ref)
        (person,) = records(people.read_people(connection, customer_key=key)) or [{}]
        household = people.read_refs(connection, _members(connection, key, person))
        lives = nights.read_lives(connection, key)
        excluded = nights.read_last_exclusions(connection, key, limit=PURCHASES)
        points = None
        if runtime.policy.points is not None and person:
            points = balance_of(connection, person["customer_id"])[1]
    if asks:
        with writing(runtime.engine) as connection:
            done = Done(act=Act.RECORD, actor=actor, at=now, reason=reason)
            acts.add(connection, done, customer_keys=[key])
    said = consent.standing(runtime, explained.customer_ref)
    past = _Past(runtime, key, explained.night, reveal=reveal)
    return CustomerRecord(
        customer_ref=explained.customer_ref,
        as_of=explained.night,
        revealed=reveal,
        identity=_identity(person, reveal=reveal),
        household=[one for one in household if one != explained.customer_ref],
        consents=said.held,
        words=[one if reveal else one | {"proof": None} for one in said.words],
        suppressions=[
            one if reveal else one | {"note": None, "customer_id": None}
            for one in suppression.listed(runtime, explained.customer_ref)
        ],
        standing=past.standing() | {"points": points},
        purchases=past.purchases(),
        rhythms=past.rhythms(),
        cases=past.cases(),
        touches=lives,
        excluded=records(excluded),
        considered=explained.considered,
    )


def pseudonym_of(runtime: Runtime, customer: str) -> str:
    """The pseudonym of a customer by either of her names.

    Raises:
        UnableToExplain: no such customer.
    """
    with reading(runtime.engine) as connection:
        return _known(connection, customer).customer_ref


def key_of(connection: Connection, customer: str) -> int:
    """The house's key of a customer by either of her names.

    Raises:
        UnableToExplain: no such customer.
    """
    return _known(connection, customer).customer_key


def _known(connection: Connection, customer: str) -> Known:
    found = people.find_customer(connection, customer)
    if found is None:
        raise UnableToExplain(f"there is no customer {customer!r}")
    return found


def _members(connection: Connection, key: int, person: Mapping[str, Any]) -> list[int]:
    hers = pd.DataFrame(
        {
            "customer_key": [key],
            "household_id": pd.Series([person.get("household_id")], dtype="str"),
        }
    )
    return people.read_households(connection, hers)["member_key"].tolist()


def _identity(person: Mapping[str, Any], *, reveal: bool) -> dict[str, Any]:
    shown = {name: person[name] for name in ("customer_id", *people.DESCRIBING) if name in person}
    if reveal:
        return shown
    hidden: dict[str, Any] = {name: masked(shown.get(name)) for name in NAMES}
    hidden |= {"email": masked_email(shown.get("email"))}
    hidden |= {"phone": masked_phone(shown.get("phone"))}
    hidden |= {name: None if shown.get(name) is None else HIDDEN for name in PRIVATE}
    return {name: hidden.get(name, value) for name, value in shown.items()}


def _discreet(sold: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Products without the names of those that say something of whoever buys them."""
    delicate = sold["category"].isin([*wording.never_name, *wording.sensitive])
    hidden = {name: sold[name].mask(delicate, HIDDEN) for name in ("name", "product_type")}
    return sold.assign(**hidden)


class _Past:
    """What one night's files know of one customer."""

    def __init__(self, runtime: Runtime, key: int, night: date, *, reveal: bool) -> None:
        self._runtime, self._key, self._night = runtime, key, night
        self._snapshot = read_manifest(runtime.store, night)
        history = open_history(runtime.store, self._snapshot.history, night=night)
        self._history = lines_of(history, customer_key=key)
        sold = read_kept(runtime.store, self._snapshot.products)
        self._sold = sold if reveal else _discreet(sold, runtime.policy.wording)

    def standing(self) -> dict[str, Any]:
        """Her tier with what is known of its days, and what she ever bought."""
        policy = self._runtime.policy
        found = find_standing(policy, self._history, self._night)
        if found.empty:
            found = no_standings(pd.Series([self._key]), policy.tiers)
        (row,) = records(found.drop(columns="customer_key"))
        ever = spend(self._history)
        orders, spent = (int(ever[name].sum()) for name in ("orders", "amount_minor"))
        return row | {"orders": orders, "spend": spent}

    def purchases(self) -> list[dict[str, Any]]:
        """Her last order lines."""
        return records(self._named(last_lines(self._history, limit=PURCHASES)))

    def rhythms(self) -> list[dict[str, Any]]:
        """What she buys regularly, and when the next time is expected."""
        habits = read_rhythms_of(self._runtime.store, self._night, customer_key=self._key)
        hers = habits.sort_values("expected_day")
        types = self._sold.drop_duplicates("type_key").set_index("type_key")["product_type"]
        shown = self._named(hers.assign(product_type=hers["type_key"].map(types)))
        about = ("product_type", "product", "purchases", "mean_interval", "last_day")
        return records(shown[[*about, "expected_day", "probability"]])

    def cases(self) -> list[dict[str, Any]]:
        """What she brought to the shop, newest first."""
        if self._snapshot.cases is None:
            return []
        cases = read_kept(self._runtime.store, self._snapshot.cases)
        hers = cases[cases["customer_key"] == self._key].sort_values("opened_on", ascending=False)
        return records(hers[["kind", "opened_on", "closed_on", "satisfaction"]])

    def _named(self, rows: pd.DataFrame) -> pd.DataFrame:
        names = self._sold.set_index("product_key")["name"]
        product = rows["product_key"].map(names)
        return rows.assign(product=product).drop(columns="product_key")


def suppress(
    runtime: Runtime,
    customer: str,
    *,
    channel: Channel | None = None,
    note: str,
    actor: str,
    now: datetime,
    until: datetime | None = None,
) -> int:
    """Let nothing be sent to her any more, by one channel or any; the suppression's number.

    Raises:
        UnableToSuppress: no such customer, no note, or it would end before it begins.
    """
    if not note.strip():
        raise UnableToSuppress("say why: what is stopped needs a note, which is kept")
    scope = suppression.Scope(customer=customer, channel=channel)
    return suppression.suppress(
        runtime,
        scope,
        reason=Why.MANUAL,
        source=DESK,
        now=now,
        until=until,
        note=f"{actor}: {note}",
        actor=actor,
    )


def change_consent(
    runtime: Runtime,
    customer: str,
    *,
    purpose: Purpose,
    channel: Channel | None = None,
    granted: bool,
    note: str,
    actor: str,
    now: datetime,
) -> consent.Answer:
    """Write down what she said to staff about being written to; who heard it is the proof.

    Raises:
        UnableToRecordConsent: no such customer, no note, or a channel where there is none.
    """
    if not note.strip():
        raise UnableToRecordConsent("say why: what was said, and how, is the proof of a consent")
    say = consent.grant if granted else consent.withdraw
    return say(
        runtime,
        customer,
        purpose=purpose,
        channel=channel,
        source=DESK,
        now=now,
        proof={"heard_by": actor, "note": note},
        actor=actor,
    )


def opt_out(
    runtime: Runtime, customer: str, *, occasion: str, note: str, actor: str, now: datetime
) -> int:
    """Let her hear nothing of one occasion any more; the suppression's number.

    Raises:
        UnableToSuppress: no such customer or occasion, or no note.
    """
    if not note.strip():
        raise UnableToSuppress("say why: what is stopped needs a note, which is kept")
    scope = suppression.Scope(customer=customer, occasion=occasion)
    return suppression.suppress(
        runtime,
        scope,
        reason=Why.OPT_OUT,
        source=DESK,
        now=now,
        note=f"{actor}: {note}",
        actor=actor,
    )
