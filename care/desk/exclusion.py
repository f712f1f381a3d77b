"""Taking customers out of a campaign of the night."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from care.desk.change import Changed, change
from care.desk.revival import revive
from care.desk.verdict import UnableToDecide, find
from care.domain.decision import Decision, Verdict
from care.runtime import Runtime
from care.storage import exclusions, gifts, listing, messages, people
from care.storage.database import reading
from care.storage.listing import Chosen
from care.storage.reviews import CampaignNight

__all__ = ["Chosen", "exclude"]

WITHDRAWN_AS = "taken out in review"


def exclude(
    runtime: Runtime,
    night: date,
    campaign: str,
    *,
    customers: Sequence[str] = (),
    message_ids: Sequence[str] = (),
    chosen: Chosen | None = None,
    expected: int | None = None,
    actor: str,
    reason: str,
    now: datetime,
    seen: str | None = None,
) -> Changed:
    """Take customers out of a campaign of the night, with the reviewer's words.

    Named by one of three: ``customers`` (customer_id or pseudonym), ``message_ids``, or all that a
    filter finds, ``chosen``. Their messages are withdrawn, their gifts given back, each is on
    record as ``excluded_by_reviewer``; the campaign's approval is void. ``expected``: how many that
    must be. ``seen``: as of a verdict.

    Raises:
        UnableToDecide: nobody is named or found, no reason, content changed, or already on its way.
    """
    if sum(map(bool, (customers, message_ids, chosen is not None))) != 1:
        raise UnableToDecide("say whom to take out: customers, messages, or a filter, one of them")
    if chosen is not None and not chosen.narrows:
        raise UnableToDecide("a filter that is empty finds everybody; reject the campaign instead")

    def make(connection: Connection, stood: CampaignNight) -> tuple[int, Mapping[str, Any]]:
        ids = _found(connection, stood, customers, message_ids, chosen)
        if expected is not None and len(ids) != expected:
            raise UnableToDecide(
                f"{len(ids)} messages are found, not {expected} as you saw; look again"
            )
        touched = messages.end_messages(connection, ids, "withdrawn", WITHDRAWN_AS)
        gifts.settle(connection, touched, "release")
        exclusions.take_out(connection, touched, words=reason, actor=actor, at=now)
        return len(ids), {"messages": len(ids), "message_ids_sha256": _listed(ids)}

    return change(
        runtime,
        night,
        campaign,
        Verdict.EXCLUDE,
        make,
        actor=actor,
        reason=reason,
        now=now,
        seen=seen,
    )


def count_found(runtime: Runtime, night: date, campaign: str, chosen: Chosen) -> int:
    """How many unsent messages a filter finds, all of them looked through.

    Raises:
        UnableToDecide: no such campaign.
    """
    with reading(runtime.engine) as connection:
        find(connection, night, campaign)
        return len(listing.unsent(connection, night, campaign, chosen))


def put_back(
    runtime: Runtime,
    connection: Connection,
    stood: CampaignNight,
    line: Decision,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Put everybody back who was taken out by a line of the trail, with the gifts they had.

    Raises:
        UnableToDecide: who they were cannot be told, or their messages cannot wait again.
    """
    out = exclusions.taken_out_at(connection, stood.night, stood.campaign, line.decided_at)
    ids = out["message_id"].tolist()
    if _listed(ids) != line.told["message_ids_sha256"]:
        raise UnableToDecide(
            f"whom {line.actor} took out of {stood.campaign} of {stood.night} cannot be told from "
            "what else was taken out at that moment. Nothing is taken back."
        )
    exclusions.put_back(connection, out["touch_id"].unique().tolist(), actor=actor, at=now)
    revive(runtime, connection, stood, ids)


def _listed(message_ids: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(message_ids).encode()).hexdigest()


def _found(
    connection: Connection,
    stood: CampaignNight,
    customers: Sequence[str],
    message_ids: Sequence[str],
    chosen: Chosen | None,
) -> list[str]:
    """The unsent messages that are meant, in order; every name must be known.

    Raises:
        UnableToDecide: naming what is not there.
    """
    name = f"{stood.campaign} of {stood.night}"
    if chosen is not None:
        ids = listing.unsent(connection, stood.night, stood.campaign, chosen)
        if not ids:
            raise UnableToDecide(f"the filter finds nobody in {name} who could be taken out")
        return ids
    keys = []
    for customer in dict.fromkeys(customers):
        found = people.find_customer(connection, customer)
        if found is None:
            raise UnableToDecide(
                f"there is no customer {customer!r}. Give the shop's customer_id, or the pseudonym."
            )
        keys.append(found.customer_key)
    ids, lacking = messages.find_unsent(
        connection, stood.night, stood.campaign, customer_keys=keys, message_ids=message_ids
    )
    if lacking:
        raise UnableToDecide(
            f"{lacking} of those named have no message in {name} that could be taken out. "
            "Look again, then name the others."
        )
    return ids
