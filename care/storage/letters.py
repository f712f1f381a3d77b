"""Messages to be opened, each with the identity that it speaks to."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from care.storage.tables import customers, identities, messages, touches, voucher_codes


def read_letters(connection: Connection, message_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Messages by their ids, bodies still sealed, each with the identity that it speaks to.

    ``code``: the voucher code that is its touch's now, if there is one.
    """
    names = ("name", "family_name", "given_name", "spouse_name", "email", "phone", "data_key")
    query = (
        select(
            *messages.c["message_id", "channel", "body"],
            customers.c.customer_ref,
            *identities.c[names],
            voucher_codes.c.code,
        )
        .join(touches, touches.c.touch_id == messages.c.touch_id)
        .join(customers, customers.c.customer_key == touches.c.customer_key)
        .join(identities, identities.c.customer_key == touches.c.customer_key)
        .outerjoin(voucher_codes, voucher_codes.c.touch_id == touches.c.touch_id)
        .where(messages.c.message_id.in_(message_ids))
    )
    return [row._asdict() for row in connection.execute(query)]
