"""What staff did about customers, for who answers for it: read in pages, the newest first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from care.desk.customer import key_of
from care.desk.letter import hide, names_in
from care.desk.page import Page
from care.domain.act import Act
from care.runtime import Runtime
from care.storage import acts
from care.storage.acts import Asked
from care.storage.database import reading
from care.storage.vault import open_proof

__all__ = ["Asked", "StaffAct", "acts_of_staff"]


@dataclass(frozen=True, slots=True)
class StaffAct:
    """One thing that somebody did; what an act has nothing of is missing.

    ``words``: the reason or the note, the customer's name in it hidden. ``channel``, ``occasion``,
    ``until``: of the suppression. ``channel``, ``purpose``, ``word``: of the consent. ``count``:
    rows taken of a ``file``, or customers found.
    """

    act_id: int
    at: datetime
    actor: str
    act: Act
    customer_ref: str | None
    words: str
    suppression_id: int | None
    channel: str | None
    occasion: str | None
    until: datetime | None
    purpose: str | None
    word: str | None
    gift_id: str | None
    file: str | None
    count: int | None


def acts_of_staff(
    runtime: Runtime,
    *,
    asked: Asked | None = None,
    customer: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[StaffAct]:
    """A page of what staff did, the newest first; ``customer``: her customer_id or pseudonym.

    Raises:
        UnableToExplain: no such customer.
    """
    with reading(runtime.engine) as connection:
        wanted = asked or Asked()
        if customer:
            wanted = replace(wanted, customer_key=key_of(connection, customer))
        before = None if after is None else int(after)
        rows = acts.read_page(connection, wanted, before=before, limit=limit + 1)
    shown = [_opened(runtime, row) for row in rows[:limit]]
    return Page(shown, str(shown[-1].act_id) if len(rows) > limit else None)


def _opened(runtime: Runtime, row: Mapping[str, Any]) -> StaffAct:
    act = Act(row["act"])
    said = row["reason"] or (None if act is Act.LIFT else _note(runtime, row))
    return StaffAct(
        act=act,
        words=hide({"said": said or ""}, names_in(row))["said"],
        channel=row["stop_channel"] or row["word_channel"],
        **{
            name: row[name]
            for name in StaffAct.__slots__
            if name not in ("act", "words", "channel")
        },
    )


def _note(runtime: Runtime, row: Mapping[str, Any]) -> str | None:
    """What was written down with it, if its customer was not erased."""
    vault, key = runtime.vault, row["data_key"]
    if note := open_proof(vault, key, str(row["stop_event"]), row["note"]):
        return str(note["note"]).removeprefix(f"{row['actor']}: ")
    proof = open_proof(vault, key, str(row["event_id"]), row["proof"])
    return str(proof.get("note") or proof.get("told") or "") if proof else None
