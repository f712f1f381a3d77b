"""One campaign of the night as a reviewer sees it: its figures, some messages, its decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from care.desk.verdict import UnableToDecide, find
from care.domain.decision import Decision
from care.evidence import Evidence, Recommended
from care.runtime import Runtime
from care.storage import messages, reviews
from care.storage.database import reading
from care.storage.reviews import CampaignNight


@dataclass(frozen=True, slots=True)
class Sample:
    """One message as the customer will see it, for a reviewer."""

    message_id: str
    channel: str
    locale: str
    tier: str
    gift_id: str | None
    state: str
    content: dict[str, object]
    recommended: list[Recommended]


def show(
    runtime: Runtime, night: date, campaign: str, *, samples: int
) -> tuple[CampaignNight, list[Sample], list[Decision]]:
    """One campaign with sample messages and what was decided about it so far."""
    with reading(runtime.engine) as connection:
        found = find(connection, night, campaign)
        rows = messages.read_samples(connection, night, campaign, samples) if samples else []
        trail = reviews.read_decisions(connection, night=night, campaign=campaign)
    evidence = Evidence(runtime, night)
    return (
        found,
        [opened(runtime, row, evidence) for row in rows],
        [decision for decision, _ in trail],
    )


def opened(runtime: Runtime, row: Mapping[str, Any], evidence: Evidence) -> Sample:
    """A message as ``messages.read_samples`` returns it, its body open."""
    return Sample(
        message_id=row["message_id"],
        channel=row["channel"],
        locale=row["locale"],
        tier=row["tier"],
        gift_id=row["gift_id"],
        state=row["state"],
        content=orjson.loads(
            runtime.vault.open(row["data_key"], row["body"], bound_to=row["message_id"])
        ),
        recommended=evidence.of(row["recommended"]),
    )


def show_message(runtime: Runtime, message_id: str) -> Sample:
    """One message as the customer will see it, whatever became of it.

    Raises:
        UnableToDecide: there is no such message.
    """
    with reading(runtime.engine) as connection:
        rows = messages.read_some(connection, [message_id])
    if not rows:
        raise UnableToDecide(f"there is no message {message_id}; look again")
    return opened(runtime, rows[0], Evidence(runtime, rows[0]["night"]))
