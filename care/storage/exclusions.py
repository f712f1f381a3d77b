"""Touches that a reviewer took out of a campaign of the night, and put back."""

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
)

from care.domain.exclusion import Outcome, Reason
from care.storage.bulk import read_frame
from care.storage.codes import AT_ONCE
from care.storage.tables import Instant, exclusions, messages, taken_out, touches

ABOUT = ("night", "campaign", "customer_key", "occasion_key")
LINE = [column.name for column in taken_out.c]


def is_out(touch_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a touch is taken out: in one of its turns it was, and was not put back."""
    out = taken_out.alias("out")
    return exists().where(out.c.touch_id == touch_id, _stays(out))


def _stays(out: FromClause) -> ColumnElement[bool]:
    back = taken_out.alias("back")
    put_back = exists().where(
        back.c.touch_id == out.c.touch_id, back.c.turn == out.c.turn, back.c.kind == "back"
    )
    return and_(out.c.kind == "out", ~put_back)


def take_out(
    connection: Connection, touch_ids: Sequence[int], *, words: str, actor: str, at: datetime
) -> None:
    """Put touches among the exclusions of their night, with the reviewer's words.

    Raises:
        IntegrityError: one of them is out already.
    """
    before = taken_out.alias("before")
    turn = select(func.coalesce(func.max(before.c.turn), 0) + 1).where(
        before.c.touch_id == touches.c.touch_id
    )
    for start in range(0, len(touch_ids), AT_ONCE):
        theirs = touches.c.touch_id.in_(touch_ids[start : start + AT_ONCE])
        told = (
            literal(str(Outcome.EXCLUDED)),
            literal(str(Reason.EXCLUDED_BY_REVIEWER)),
            literal(words),
        )
        rows = select(*touches.c[ABOUT], *told).where(theirs)
        connection.execute(
            insert(exclusions).from_select([*ABOUT, "outcome", "reason", "detail"], rows)
        )
        line = (touches.c.touch_id, turn.scalar_subquery(), literal("out"), literal(actor))
        out = select(*line, literal(at, Instant)).where(theirs)
        connection.execute(insert(taken_out).from_select(LINE, out))


def taken_out_at(connection: Connection, night: date, campaign: str, at: datetime) -> pd.DataFrame:
    """``touch_id, message_id`` of what was taken out of a campaign at one moment and is out yet.

    In the order of the messages.
    """
    out = taken_out.alias("out")
    query = (
        select(touches.c.touch_id, messages.c.message_id)
        .join(out, out.c.touch_id == touches.c.touch_id)
        .join(messages, messages.c.touch_id == touches.c.touch_id)
        .where(
            touches.c.night == night, touches.c.campaign == campaign, out.c.at == at, _stays(out)
        )
        .order_by(messages.c.message_id)
    )
    return read_frame(connection, query)


def put_back(connection: Connection, touch_ids: Sequence[int], *, actor: str, at: datetime) -> None:
    """Take touches off the exclusions of their night; what happened to them stays on record."""
    for start in range(0, len(touch_ids), AT_ONCE):
        some = touch_ids[start : start + AT_ONCE]
        hers = select(*touches.c[ABOUT]).where(touches.c.touch_id.in_(some))
        connection.execute(
            delete(exclusions).where(
                exclusions.c.reason == str(Reason.EXCLUDED_BY_REVIEWER),
                tuple_(*exclusions.c[ABOUT]).in_(hers),
            )
        )
        out = taken_out.alias("out")
        line = (out.c.touch_id, out.c.turn, literal("back"), literal(actor), literal(at, Instant))
        back = select(*line).where(out.c.touch_id.in_(some), _stays(out))
        connection.execute(insert(taken_out).from_select(LINE, back))
