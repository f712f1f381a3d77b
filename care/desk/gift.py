"""Another gift for one message: what may be given instead, and the exchange itself."""

from dataclasses import dataclass
from datetime import date, datetime

from care.desk.change import Changed
from care.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Choice:
    """One gift of her ladder, or going without (``gift_id`` None).

    ``rung``: 0 is the ladder's first. ``cost``: minor units. ``left``: pieces or codes, None for
    always enough. ``current``: she has it now. ``why_not``: why it cannot be given, in words; empty
    where it can.
    """

    gift_id: str | None
    label: str
    rung: int
    cost: int
    left: int | None
    current: bool
    why_not: str


def eligible_gifts(runtime: Runtime, message_id: str) -> list[Choice]:
    """Every gift of the ladder of a message's customer, in order, and last going without.

    Raises:
        UnableToDecide: there is no such message.
    """
    raise NotImplementedError


def swap_gift(
    runtime: Runtime,
    night: date,
    campaign: str,
    *,
    message_id: str,
    gift_id: str | None,
    actor: str,
    reason: str,
    now: datetime,
    seen: str | None = None,
) -> Changed:
    """Give one message another gift, or none, and write it anew; the approval is void.

    Raises:
        UnableToDecide: not one of ``eligible_gifts``, none left, over budget, no reason, content
            changed, or already on its way.
    """
    raise NotImplementedError
