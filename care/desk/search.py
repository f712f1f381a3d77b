"""Somebody looked for by her name: asked with a reason, and on record whoever is found."""

from dataclasses import replace
from datetime import datetime

from care.desk.touch import Revealed, as_revealed, refuse_unasked
from care.desk.verdict import UnableToDecide
from care.domain.act import Act
from care.runtime import Runtime
from care.storage import acts, people
from care.storage.acts import Done
from care.storage.database import reading, writing

SHORTEST, MOST = 2, 20
"""Letters that are asked for, and customers that are shown: who looks for one needs no more."""


def find_by_name(
    runtime: Runtime, name: str, *, actor: str, reason: str, now: datetime
) -> list[Revealed]:
    """Customers who have a text in their name, in the open; that it was asked stays on record.

    Raises:
        UnableToDecide: no reason, too short a text, or more are found than anybody looks for.
    """
    refuse_unasked(reason)
    wanted = name.strip()
    if len(wanted) < SHORTEST:
        raise UnableToDecide(f"write at least {SHORTEST} letters of the name")
    with reading(runtime.engine) as connection:
        rows = people.find_named(connection, wanted, limit=MOST + 1)
    shown = rows if len(rows) <= MOST else []
    with writing(runtime.engine) as connection:
        done = Done(act=Act.SEARCH, actor=actor, at=now, reason=reason, count=len(shown))
        acts.add(connection, done)
        keys = [row["customer_key"] for row in shown]
        acts.add(connection, replace(done, act=Act.NAME, count=None), customer_keys=keys)
    if len(rows) > MOST:
        raise UnableToDecide(
            f"more than {MOST} customers have that in their name; write more of it, or look for "
            "her by her number"
        )
    return [as_revealed(row) for row in shown]
