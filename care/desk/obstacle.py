"""What would stop messages that wait, if they were to leave now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Connection

from care.last_look import LastLook
from care.runtime import Runtime
from care.storage import leaving
from care.storage.database import reading

LOOKED_AT = 200
"""So many messages of a campaign are looked at for its page; a small one is looked at whole."""


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Of ``looked_at`` messages of a campaign, how many would be stopped: ``why`` → how many."""

    looked_at: int
    why: Mapping[str, int]

    @property
    def stopped(self) -> int:
        """How many in all."""
        return sum(self.why.values())


def obstacles(runtime: Runtime, message_ids: Sequence[str], *, now: datetime) -> dict[str, str]:
    """Message id → why it would be stopped, in words; those that would leave are not in it."""
    if not message_ids:
        return {}
    with reading(runtime.engine) as connection:
        return _stopped(runtime, connection, leaving.read_waiting(connection, message_ids), now)


def obstacles_of(runtime: Runtime, night: date, campaign: str, *, now: datetime) -> Obstacles:
    """What would stop the first messages of a campaign."""
    with reading(runtime.engine) as connection:
        rows = leaving.read_first_waiting(connection, night, campaign, limit=LOOKED_AT)
        found = _stopped(runtime, connection, rows, now)
    counted = pd.Series(list(found.values()), dtype="str").value_counts()
    return Obstacles(len(rows), {str(why): int(n) for why, n in counted.items()})


def _stopped(
    runtime: Runtime, connection: Connection, rows: pd.DataFrame, now: datetime
) -> dict[str, str]:
    found = LastLook(runtime, now=now).stopped(connection, rows)
    ending = rows.assign(why=found["why"]).loc[found["why"] != ""]
    return dict(zip(ending["message_id"], ending["why"], strict=True))
