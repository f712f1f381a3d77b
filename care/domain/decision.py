"""A reviewer's verdict on a campaign of the night, bound to the exact content it was given on."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import orjson

from care.domain.campaign import Bounds, Unanswered


class State(StrEnum):
    """Where a campaign of the night stands."""

    WAITING = "waiting"
    HELD = "held"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Verdict(StrEnum):
    """What a reviewer, or the policy for her, may say of a campaign, or do to it."""

    APPROVE = "approve"
    HOLD = "hold"
    REJECT = "reject"
    EXPIRE = "expire"
    EXCLUDE = "exclude"
    SWAP_GIFT = "swap_gift"
    EDIT_WORDING = "edit_wording"
    UNDO = "undo"


LEADS_TO: dict[Verdict, State] = {
    Verdict.APPROVE: State.APPROVED,
    Verdict.HOLD: State.HELD,
    Verdict.REJECT: State.REJECTED,
    Verdict.EXPIRE: State.EXPIRED,
}
CHANGES = frozenset({Verdict.EXCLUDE, Verdict.SWAP_GIFT, Verdict.EDIT_WORDING})
"""What changes a campaign's messages, so that whatever was said of them before is void."""
OPEN = frozenset({State.WAITING, State.HELD, State.APPROVED})
"""States that another verdict may still change, as long as nothing was sealed."""

WAITS = frozenset({State.WAITING, State.HELD})
"""States in which a person must decide."""

BY_POLICY = "policy"
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the audit trail; ``entry_hash`` chains it to the line before.

    ``details``: what a change changed, as JSON; empty for a plain verdict.
    """

    decision_id: int
    decided_at: datetime
    actor: str
    verdict: Verdict
    night: date
    campaign: str
    content_hash: str
    reason: str
    previous_hash: str
    details: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """``details`` opened; nothing of a plain verdict."""
        found: dict[str, Any] = orjson.loads(self.details) if self.details else {}
        return found

    @property
    def entry_hash(self) -> str:
        """SHA-256 over the line and the hash of the line before it."""
        fields: tuple[str, ...] = (
            str(self.decision_id),
            self.decided_at.isoformat(),
            self.actor,
            str(self.verdict),
            self.night.isoformat(),
            self.campaign,
            self.content_hash,
            self.reason,
            self.previous_hash,
        )
        if self.details:  # lines older than details have the hash that they always had
            fields += (self.details,)
        return hashlib.sha256("\x1f".join(fields).encode()).hexdigest()


def at_deadline(state: State, unanswered: str, *, seen_by_one: bool) -> Verdict:
    """What the policy says of a campaign that nobody decided in time.

    ``seen_by_one``: a person changed it, and its policy asks for a second one who has not looked.
    """
    released = unanswered == Unanswered.RELEASE and state is State.WAITING and not seen_by_one
    return Verdict.APPROVE if released else Verdict.EXPIRE


def content_hash(messages: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over (message id, render hash) pairs, whatever order they come in."""
    digest = hashlib.sha256()
    for message_id, render_sha256 in sorted(messages):
        digest.update(f"{message_id}:{render_sha256}\n".encode())
    return digest.hexdigest()


def outside_bounds(
    bounds: Bounds | None, *, messages: int, gift_cost: int, fallback_share: float
) -> list[str]:
    """Why a campaign of the night needs a person, in words; empty when policy may approve it."""
    if bounds is None:
        return ["policy asks for a person"]
    found = []
    if messages > bounds.max_messages:
        found.append(f"{messages} messages, more than {bounds.max_messages}")
    if gift_cost > bounds.max_gift_cost:
        found.append(f"gifts cost {gift_cost}, more than {bounds.max_gift_cost} minor units")
    if fallback_share > bounds.max_fallback_share:
        found.append(
            f"{fallback_share:.0%} fallback recommendations, more than "
            f"{bounds.max_fallback_share:.0%}"
        )
    return found
