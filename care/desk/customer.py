"""One customer as the desk knows her, and what staff may write down for her."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from care.consent import Answer
from care.domain.channel import Channel
from care.domain.consent import Purpose
from care.explanation import Considered
from care.runtime import Runtime
from care.storage.nights import Life


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """Everything on one page.

    ``identity``: canonical columns, what names her masked unless ``revealed``. ``household``:
    pseudonyms of who lives with her. ``consents``, ``words``, ``suppressions``: as
    ``care.consent.standing`` and ``care.suppression.listed`` tell them. ``standing``: tier, spend,
    orders, points. ``purchases``: newest first. ``rhythms``: what she buys regularly. ``touches``:
    every touch, newest first; ``considered``: what became of her in the last night, and the next
    day of each occasion that is ahead (``next_on``). ``excluded``: when and why she got nothing.
    """

    customer_ref: str
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
) -> CustomerRecord:
    """The record of a customer (customer_id or pseudonym). Revealing needs a reason and is logged.

    Raises:
        UnableToExplain: no such customer, or no night is planned yet.
        UnableToDecide: revealed without a reason.
    """
    raise NotImplementedError


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
        UnableToSuppress: no such customer.
    """
    raise NotImplementedError


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
) -> Answer:
    """Write down what she said to staff about being written to.

    Raises:
        UnableToRecordConsent: no such customer, or a channel where there is none.
    """
    raise NotImplementedError


def opt_out(
    runtime: Runtime, customer: str, *, occasion: str, note: str, actor: str, now: datetime
) -> int:
    """Let her hear nothing of one occasion any more; the suppression's number.

    Raises:
        UnableToSuppress: no such customer or occasion.
    """
    raise NotImplementedError
