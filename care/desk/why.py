"""Why this customer, this gift and these items: one message explained in plain words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from care.desk.verdict import UnableToDecide
from care.domain.gift import label_of
from care.evidence import Evidence
from care.explanation import why_now
from care.policy import Policy
from care.runtime import Runtime
from care.storage import messages
from care.storage.database import reading


@dataclass(frozen=True, slots=True)
class Why:
    """Sentences: why she is written to and when, why she gets the gift, why each item is named.

    The first one says her occasion.
    """

    message_id: str
    customer_ref: str
    customer: list[str]
    gift: list[str]
    items: list[str]


def why(runtime: Runtime, message_id: str) -> Why:
    """Explain one message.

    Raises:
        UnableToDecide: there is no such message.
    """
    with reading(runtime.engine) as connection:
        told = messages.find_told(connection, message_id)
    if told is None:
        raise UnableToDecide(f"there is no message {message_id}; look again")
    evidence = Evidence(runtime, told["night"])
    return Why(
        message_id=message_id,
        customer_ref=told["customer_ref"],
        customer=[why_now(told, evidence), *_way(told, runtime.policy.shop.zone)],
        gift=list(_gift(runtime.policy, told)),
        items=[one.in_words for one in evidence.of(told["recommended"])],
    )


def _way(told: Mapping[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """By which channel, and when; in the shop's time, as everything that staff read."""
    by = f"Is {told['tier']} and gets it by {told['channel']}"
    if told["message_class"] == "marketing":
        yield f"{by}, for which there is a consent and an address."
    else:
        yield f"{by}, as a service message, which needs no consent."
    first, last = (told[one].astimezone(zone) for one in ("not_before", "not_after"))
    yield f"Leaves between {first:%d %b %H:%M} and {last:%d %b %H:%M}."


def _gift(policy: Policy, told: Mapping[str, Any]) -> Iterator[str]:
    gifts, tier, gift_id = policy.gifts, told["tier"], told["gift_id"]
    ladder = policy.ladders.get(told["campaign"], {}).get(tier, ())
    if gift_id is None:
        yield "No gift." if ladder else f"No gift: this campaign has none for {tier}."
    elif gift_id not in ladder:
        yield f"{label_of(gifts, gift_id)}, as it was meant that night."
    elif gift_id == ladder[0]:
        yield f"{label_of(gifts, gift_id)}, the first choice for {tier}."
    else:
        place = ladder.index(gift_id) + 1
        yield f"{label_of(gifts, gift_id)}, choice {place} of {len(ladder)} for {tier}."
    for note in filter(None, told["gift_note"].split("; ")):
        about, _, said = note.partition(" ")
        yield f"{label_of(gifts, about)} {said}"
