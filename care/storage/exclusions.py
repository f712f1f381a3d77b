"""Touches that a reviewer took out of a campaign of the night."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, literal, select

from care.domain.exclusion import Outcome, Reason
from care.storage.codes import AT_ONCE
from care.storage.tables import Instant, exclusions, taken_out, touches


def take_out(
    connection: Connection, touch_ids: Sequence[int], *, words: str, actor: str, at: datetime
) -> None:
    """Put touches among the exclusions of their night, with the reviewer's words.

    Raises:
        IntegrityError: one of them was taken out already.
    """
    about = ("night", "campaign", "customer_key", "occasion_key")
    for start in range(0, len(touch_ids), AT_ONCE):
        theirs = touches.c.touch_id.in_(touch_ids[start : start + AT_ONCE])
        told = (
            literal(str(Outcome.EXCLUDED)),
            literal(str(Reason.EXCLUDED_BY_REVIEWER)),
            literal(words),
        )
        rows = select(*touches.c[about], *told).where(theirs)
        connection.execute(
            insert(exclusions).from_select([*about, "outcome", "reason", "detail"], rows)
        )
        out = select(touches.c.touch_id, literal(actor), literal(at, Instant)).where(theirs)
        connection.execute(insert(taken_out).from_select(["touch_id", "actor", "at"], out))
