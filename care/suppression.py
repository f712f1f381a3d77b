"""What must not be sent, written down and lifted: the one door to the ledger of suppressions.

Whatever hears of it (the terminal, an import, a receipt, a desk) says it here. Every suppression is
known by its event, so what is told twice is written once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from care.domain.act import Act
from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import ADDRESS_COLUMN, Channel
from care.domain.suppression import COVERED, SUPPRESSIONS, Covers, Why
from care.intake.email import check_emails
from care.intake.phone import check_phones
from care.policy import Policy
from care.runtime import Runtime
from care.storage import acts, people, suppressions
from care.storage.acts import Done
from care.storage.database import reading, writing
from care.storage.suppressions import Suppression
from care.storage.vault import open_proof, seal_proof

LARGEST_NUMBER = 2**31


class UnableToSuppress(Exception):
    """A suppression cannot be written down or lifted as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a suppression is about; what is left out is every one. At least one thing is named.

    ``customer``: customer_id or pseudonym. ``address``: whoever has it. ``occasion``: a campaign,
    or one of its occasions such as festival:mothers-day.
    """

    customer: str | None = None
    address: str | None = None
    channel: Channel | None = None
    occasion: str | None = None


def suppress(
    runtime: Runtime,
    scope: Scope,
    *,
    reason: Why,
    source: str,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    covers: Covers | None = None,
    note: str | None = None,
    event_id: str | None = None,
    actor: str | None = None,
) -> int:
    """Let nothing of a scope be sent any more; return the suppression's number.

    ``covers``: what its reason covers unless told. ``note``: why, in words; sealed with the
    customer's key and so for a customer alone. ``actor``: who of the staff does it, if anybody.

    Raises:
        UnableToSuppress: no such customer, address or occasion, or a scope that names nothing.
    """
    began = since or now
    place = _scope(runtime, scope)
    with writing(runtime.engine) as connection:
        key = None if scope.customer is None else _suppressible(connection, scope.customer)
        if note and key is None:
            raise UnableToSuppress(
                "a note about nobody we know could never be erased; leave it out, or name the "
                "customer"
            )
        if until is not None and until <= began:
            raise UnableToSuppress("it would end before it begins; give a later --until")
        told = {
            **place,
            "customer_key": key,
            "purpose": str(covers or COVERED[reason]),
            "reason": str(reason),
            "source": source,
            "since": began,
            "until": until,
        }
        told["event_id"] = event_id or event_of(told)
        if note and key is not None:
            data_key = people.find_data_key(connection, key)
            if data_key is not None:
                told["note"] = seal_proof(runtime.vault, data_key, told["event_id"], {"note": note})
        number, new = suppressions.add(connection, told)
        if actor and new:
            act = Act.OPT_OUT if reason is Why.OPT_OUT else Act.SUPPRESS
            done = Done(act=act, actor=actor, at=now, suppression_id=number)
            acts.add(connection, done, customer_keys=[key])
        return number


def lift(
    runtime: Runtime,
    suppression_id: int,
    *,
    reason: str,
    source: str,
    now: datetime,
    actor: str | None = None,
) -> None:
    """Let what was suppressed be sent again. The suppression stays on record; done again, nothing.

    ``reason``: why, in words that may stay in the open for ever. ``actor``: who of the staff does
    it, if anybody.

    Raises:
        UnableToSuppress: there is no suppression of that number, or no reason.
    """
    why = reason_of(reason)
    with writing(runtime.engine) as connection:
        known = 0 < suppression_id < LARGEST_NUMBER  # a database takes no larger one
        found = known and suppressions.list_suppressions(connection, suppression_id=suppression_id)
        if not found:
            raise UnableToSuppress(
                f"there is no suppression {suppression_id}; `care suppress list` shows their "
                "numbers"
            )
        (one,) = found
        if one.lifted_at is not None:
            return
        told = {
            "event_id": f"lift-{suppression_id}",
            "customer_key": one.customer_key,
            "purpose": one.purpose,
            "reason": why,
            "source": source,
            "since": now,
            "lifts": suppression_id,
            "import_id": one.import_id,
        }
        suppressions.add(connection, told)
        if actor:
            done = Done(
                act=Act.LIFT, actor=actor, at=now, reason=why, suppression_id=suppression_id
            )
            acts.add(connection, done, customer_keys=[one.customer_key])


def reason_of(said: str) -> str:
    """Why something is lifted, without blanks around it.

    Raises:
        UnableToSuppress: nothing is said.
    """
    if not said.strip():
        raise UnableToSuppress("say why it is lifted; the reason stays on record")
    return said.strip()


def listed(
    runtime: Runtime,
    customer: str | None = None,
    *,
    at: datetime | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Suppressions as people read them, notes in the open; those that hold at a moment, or all.

    In the order they came; with a ``limit`` the newest first, from below the number ``before`` on.

    Raises:
        UnableToSuppress: no such customer.
    """
    with reading(runtime.engine) as connection:
        key = None if customer is None else _suppressible(connection, customer)
        found = suppressions.list_suppressions(
            connection, at=at, customer_key=key, before=before, limit=limit
        )
    hidden = ("data_key", "note", "customer_key")
    return [
        {name: value for name, value in asdict(one).items() if name not in hidden}
        | {"note": _note_of(runtime, one)}
        for one in found
    ]


def _note_of(runtime: Runtime, one: Suppression) -> str | None:
    told = open_proof(runtime.vault, one.data_key, str(one.event_id), one.note)
    return None if told is None else str(told["note"])


def suppressions_of(
    runtime: Runtime, connection: Connection, reached: pd.DataFrame, *, at: datetime
) -> pd.DataFrame:
    """What holds at a moment (``suppression.SUPPRESSIONS``), addresses told as who has them.

    ``reached``: ``customer_key`` and an address column per channel of those who may be written to.
    Their addresses are hashed only if there is an address among the suppressions.
    """
    return owned(runtime, suppressions.read_suppressions(connection, at=at), reached)


def suppressions_among(
    runtime: Runtime, connection: Connection, few: pd.DataFrame, *, at: datetime
) -> pd.DataFrame:
    """The same of a few, looked up by their keys and addresses: a shop may suppress millions."""
    columns = [few[name].dropna().drop_duplicates() for name in ADDRESS_COLUMN.values()]
    hashes = [runtime.vault.address_hash(one) for column in columns for one in column.tolist()]
    asked = (few["customer_key"], pd.Series(hashes, name="address_hash", dtype="str"))
    return owned(runtime, suppressions.read_suppressions(connection, at=at, among=asked), few)


def owned(runtime: Runtime, held: pd.DataFrame, reached: pd.DataFrame) -> pd.DataFrame:
    """Suppressions (``suppression.SUPPRESSIONS``), addresses told as who of ``reached`` has them.

    ``held``: those columns, and ``address_hash``.
    """
    by_address = held["address_hash"].notna()
    plain = held[~by_address]
    if not by_address.any():
        return plain[list(SUPPRESSIONS)].astype(dict(SUPPRESSIONS))
    parts = [plain]
    for channel in Channel:
        here = held[by_address & (held["channel"].isna() | (held["channel"] == channel))]
        if here.empty:
            continue
        column = ADDRESS_COLUMN[channel]
        known = reached.loc[reached[column].notna(), ["customer_key", column]].drop_duplicates()
        hashes = [runtime.vault.address_hash(address) for address in known[column].tolist()]
        owners = pd.DataFrame(
            {"customer_key": known["customer_key"].to_numpy(), "address_hash": hashes}
        ).astype({"address_hash": "str"})
        named = here.drop(columns="customer_key").merge(owners, on="address_hash")
        parts.append(named.assign(channel=str(channel)))
    return pd.concat(parts, ignore_index=True)[list(SUPPRESSIONS)].astype(dict(SUPPRESSIONS))


def _suppressible(connection: Connection, name: str) -> int:
    found = people.find_customer(connection, name)
    if found is None:
        raise UnableToSuppress(
            f"there is no customer {name!r}. Give the shop's customer_id, the customer_ref of a "
            "batch, or the address itself."
        )
    return found.customer_key


def _scope(runtime: Runtime, scope: Scope) -> dict[str, Any]:
    if not (scope.customer or scope.address or scope.channel or scope.occasion):
        raise UnableToSuppress("it names nothing; say whom, which channel or which occasion")
    if scope.customer and scope.address:
        raise UnableToSuppress("name the customer or the address, not both")
    channel, hashed = scope.channel, None
    if scope.address:
        by, normal = address_of(scope.address)
        if channel not in (None, by):
            raise UnableToSuppress(f"that is an address of {by}; leave the channel out")
        channel, hashed = by, runtime.vault.address_hash(normal)
    if scope.occasion:
        _check_occasion(runtime.policy, scope.occasion)
    return {
        "address_hash": hashed,
        "channel": None if channel is None else str(channel),
        "occasion": scope.occasion,
    }


def address_of(text: str) -> tuple[Channel, str]:
    """Whether a text is an e-mail address or a telephone number, and its normal form.

    Raises:
        UnableToSuppress: it is neither.
    """
    told = pd.Series([text.strip()], dtype="str")
    if "@" in text:
        normal, channel = check_emails(told)[0].iat[0], Channel.EMAIL
    else:
        normal, channel = check_phones(told, None)[0].iat[0], Channel.SMS
    if not isinstance(normal, str):
        raise UnableToSuppress(
            "that is no address; write name@domain, or a mobile number as +<country><number>"
        )
    return channel, normal


def occasions(policy: Policy) -> set[str]:
    """All that may be opted out of: campaigns, and those of their occasions that have a name."""
    return {*CAMPAIGNS, "birthday:lunar", *(f"festival:{name}" for name in policy.festivals)}


def _check_occasion(policy: Policy, occasion: str) -> None:
    """A slip of the pen would stop nothing."""
    there = occasions(policy)
    if occasion in there:
        return
    campaign = occasion.partition(":")[0]
    alike = sorted(one for one in there if one.partition(":")[0] == campaign)
    told = ", ".join(alike or sorted(CAMPAIGNS))
    raise UnableToSuppress(f"there is no occasion {occasion!r}; there are {told}")


def event_of(told: Mapping[str, Any]) -> str:
    """What a suppression is known by that has no name of its own: all that is told of it."""
    parts = (str(told.get(name)) for name in sorted(told))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
