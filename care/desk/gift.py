"""Another gift for one message: what may be given instead, and the exchange itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from care.correspondence import Rewriter
from care.desk.change import Changed, change
from care.desk.revival import reserve, rewrite
from care.desk.verdict import UnableToDecide
from care.domain.decision import Decision, Verdict
from care.domain.gift import possible_gifts
from care.domain.segment import prefers_plain
from care.runtime import Runtime
from care.storage import gifts, messages, people, wordings
from care.storage.bulk import records
from care.storage.database import reading
from care.storage.reviews import CampaignNight
from care.wording import renderer_with


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
        UnableToDecide: there is no such message, or it has left review.
    """
    with reading(runtime.engine) as connection:
        return _choices(runtime, connection, _unsent(connection, message_id))


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

    def make(connection: Connection, stood: CampaignNight) -> tuple[int, Mapping[str, Any]]:
        gifts.lock_gifts(connection)  # so that what is left now is left below
        touch = _unsent(connection, message_id)
        if (touch["night"], touch["campaign"]) != (stood.night, stood.campaign):
            raise UnableToDecide(
                f"message {message_id} is of {touch['campaign']} of {touch['night']}"
            )
        choice = _chosen(_choices(runtime, connection, touch), gift_id)
        given = pd.DataFrame(
            {"touch_id": [touch["touch_id"]], "gift_id": [gift_id], "gift_cost": [choice.cost]}
        )
        gifts.settle(connection, [touch["touch_id"]], "release")
        gifts.reserve_again(connection, given, night=stood.night)
        note = f"chosen by {actor}: {reason}"
        gifts.choose(connection, touch["touch_id"], gift_id, cost=choice.cost, note=note)
        edits = wordings.read_edited(connection, stood.night, stood.campaign)
        rewriter = Rewriter(runtime, stood.night, renderer=renderer_with(runtime, edits))
        for why in rewriter.rewrite(connection, [message_id]).values():
            raise UnableToDecide(f"with {choice.label} the message cannot be written: {why}")
        before = {"before": touch["gift_id"], "cost_before": touch["gift_cost"]}
        return 1, {
            "message_id": message_id,
            **before,
            "note_before": touch["gift_note"],
            "after": gift_id,
        }

    return change(
        runtime,
        night,
        campaign,
        Verdict.SWAP_GIFT,
        make,
        actor=actor,
        reason=reason,
        now=now,
        seen=seen,
    )


def give_back(
    runtime: Runtime, connection: Connection, stood: CampaignNight, line: Decision
) -> None:
    """Give one message the gift again that it had before a line of the trail.

    Raises:
        UnableToDecide: the message is gone, or the gift, its code or the money is.
    """
    told = line.told
    gifts.lock_gifts(connection)
    touch = _unsent(connection, told["message_id"])
    gifts.settle(connection, [touch["touch_id"]], "release")
    had = {
        "touch_id": touch["touch_id"],
        "gift_id": told["before"],
        "gift_cost": told.get("cost_before", 0),
    }
    given = pd.DataFrame([had] if told["before"] else [], columns=list(had))
    reserve(runtime, connection, stood, given)
    gifts.choose(
        connection,
        touch["touch_id"],
        told["before"],
        cost=had["gift_cost"],
        note=told.get("note_before", ""),
    )
    rewrite(runtime, connection, stood, [told["message_id"]])


def _chosen(choices: list[Choice], gift_id: str | None) -> Choice:
    found = next((one for one in choices if one.gift_id == gift_id), None)
    if found is None:
        there = ", ".join(one.gift_id or "none" for one in choices)
        raise UnableToDecide(f"{gift_id} is not on her ladder; there is {there}")
    if found.current:
        raise UnableToDecide(f"she has {found.gift_id or 'no gift'} already")
    if found.why_not:
        raise UnableToDecide(f"she cannot have {found.gift_id}: {found.why_not}")
    return found


def _unsent(connection: Connection, message_id: str) -> dict[str, Any]:
    rows = messages.read_composed(connection, [message_id])
    if rows.empty:
        raise UnableToDecide(f"there is no message {message_id} that waits; look again")
    (row,) = records(rows)
    return row


def _choices(runtime: Runtime, connection: Connection, touch: Mapping[str, Any]) -> list[Choice]:
    """Her ladder as it stands now: for whom each gift is, and what stock and money say."""
    policy, night = runtime.policy, touch["night"]
    key = int(touch["customer_key"])
    hers = people.read_people(connection, customer_key=key)
    hers["plain_style"] = prefers_plain(hers, policy.segments, night=night)
    about = pd.DataFrame([{name: touch[name] for name in ("customer_key", "campaign", "tier")}])
    about = about.astype({"customer_key": "int64"}).assign(
        send_from=pd.Timestamp(touch["send_on"]), send_until=pd.Timestamp(touch["send_until"])
    )
    last = gifts.last_gifts(connection, about["customer_key"], but_of=int(touch["touch_id"]))
    possible = possible_gifts(about, policy.ladders, policy.gifts, hers, last, night=night)
    free = set(possible["gift_id"].dropna())
    told = {} if possible.empty else _told(str(possible["note"].iloc[-1]))
    left = gifts.pieces_left(connection, policy.gifts)
    own = _open_cost(connection, touch)
    money = _money_left(connection, night)
    found = []
    for rung, gift_id in enumerate(
        policy.ladders.get(touch["campaign"], {}).get(touch["tier"], ())
    ):
        gift = policy.gifts[gift_id]
        current = gift_id == touch["gift_id"] and own is not None
        why_not = "" if gift_id in free else told.get(gift_id, "it is not for her")
        if not why_not and not current and left.get(gift_id, 1) < 1:
            why_not = "none is left"
        if not why_not and not current and money is not None and gift.cost > money + (own or 0):
            why_not = f"it costs {gift.cost}, and the budget has {money + (own or 0)} left"
        label = gift.label[policy.shop.locales[0]]
        found.append(Choice(gift_id, label, rung, gift.cost, left.get(gift_id), current, why_not))
    without = Choice(None, "no gift", len(found), 0, None, own is None, "")
    return [*found, without]


def _told(note: str) -> dict[str, str]:
    """Why each gift is not possible, by gift, out of a note such as ``tea is her last gift``."""
    parts = (one.partition(" ") for one in note.split("; ") if one)
    return {gift_id: words for gift_id, _, words in parts}


def _open_cost(connection: Connection, touch: Mapping[str, Any]) -> int | None:
    """What the gift she has now costs, which is free again once it is exchanged."""
    held = gifts.read_open(connection, [int(touch["touch_id"])])
    return None if held.empty else int(held["cost"].iloc[0])


def _money_left(connection: Connection, night: date) -> int | None:
    """The least that night and month still allow, as the ledger holds them to it."""
    left = [
        budget - spent
        for budget, spent in gifts.budgets_of(connection, night)
        if budget is not None
    ]
    return min(left) if left else None
