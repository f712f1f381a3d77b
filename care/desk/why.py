"""Why this customer, this gift and these items: one message explained in plain words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from care.desk.verdict import UnableToDecide
from care.evidence import Evidence
from care.runtime import Runtime
from care.storage import messages
from care.storage.database import reading


@dataclass(frozen=True, slots=True)
class Why:
    """Sentences: why she is written to and when, why she gets the gift, why each item is named."""

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
        customer=list(_customer(runtime, told, evidence)),
        gift=list(_gift(runtime, told)),
        items=[one.in_words for one in evidence.of(told["recommended"])],
    )


def _customer(runtime: Runtime, told: Mapping[str, Any], evidence: Evidence) -> Iterator[str]:
    on = f", on {told['occasion_on']:%d %B %Y}" if told["occasion_on"] else ""
    yield f"{told['campaign'].replace('_', ' ')}: {told['occasion_key']}{on}"
    if told["product_key"] is not None:
        yield f"it is about {evidence.name(told['product_key'])}"
    if told["window_from"] is not None and told["window_to"] is not None:
        yield f"expected between {told['window_from']:%d %b} and {told['window_to']:%d %b}"
    yield (
        f"she is {told['tier']}, and {told['channel']} is the first road that was open to her"
        if told["message_class"] == "marketing"
        else f"she is {told['tier']}; a service message, by {told['channel']}"
    )
    chosen = runtime.policy.campaigns.get(told["campaign"])
    if chosen is not None:
        yield f"the campaign has priority {chosen.priority}"
    yield (
        f"for {told['send_on']:%d %b}, between {told['not_before']:%d %b %H:%M} and "
        f"{told['not_after']:%d %b %H:%M} UTC"
    )


def _gift(runtime: Runtime, told: Mapping[str, Any]) -> Iterator[str]:
    ladder = runtime.policy.ladders.get(told["campaign"], {}).get(told["tier"], ())
    gift_id = told["gift_id"]
    if gift_id is None:
        yield "no gift" if ladder else "no gift: there is no ladder for her tier in this campaign"
    elif gift_id in ladder:
        yield f"{gift_id} is step {ladder.index(gift_id) + 1} of {len(ladder)} for {told['tier']}"
    else:
        yield f"{gift_id}, as the ladder had it that night"
    yield from filter(None, told["gift_note"].split("; "))
