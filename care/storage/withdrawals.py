"""Messages that were withdrawn in review, and let wait again."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
from sqlalchemy import Connection, bindparam, select, update

from care.storage.bulk import read_frame, rows_alike
from care.storage.exclusions import is_out
from care.storage.tables import messages, touches


def withdrawn_of(connection: Connection, night: date, campaign: str, reason: str) -> list[str]:
    """Messages of a campaign that were withdrawn for one reason, but not who was taken out."""
    query = select(messages.c.message_id).where(
        messages.c.night == night,
        messages.c.campaign == campaign,
        messages.c.state == "withdrawn",
        messages.c.state_reason == reason,
        ~is_out(messages.c.touch_id),
    )
    return list(connection.scalars(query.order_by(messages.c.message_id)))


def restore(connection: Connection, message_ids: Sequence[str]) -> None:
    """Let messages that were withdrawn wait again."""
    if message_ids:
        connection.execute(
            update(messages)
            .where(messages.c.message_id == bindparam("message"), messages.c.state == "withdrawn")
            .values(state="rendered", state_reason=""),
            [{"message": message_id} for message_id in message_ids],
        )


def read_touches(connection: Connection, message_ids: Sequence[str]) -> pd.DataFrame:
    """``message_id, touch_id, gift_id, gift_cost`` of the touches that messages are of."""
    asked_for = pd.DataFrame({"message_id": pd.Series(list(message_ids), dtype="str")})
    parts = [
        read_frame(
            connection,
            select(messages.c.message_id, *touches.c["touch_id", "gift_id", "gift_cost"])
            .join(touches, touches.c.touch_id == messages.c.touch_id)
            .join(asked, matches),
        )
        for asked, matches in rows_alike(connection, messages, asked_for)
    ]
    return pd.concat(parts).sort_values("touch_id", ignore_index=True)
