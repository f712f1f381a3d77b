"""Messages on their way out, with all that may still stop them."""

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Connection, and_, select

from care.storage.batches import Share
from care.storage.bulk import read_frame
from care.storage.exclusions import is_out
from care.storage.tables import (
    batches,
    campaign_nights,
    consents,
    identities,
    messages,
    touches,
)

_LEAVING = (
    select(
        *(messages.c[n] for n in ("message_id", "night", "campaign", "channel", "batch_id")),
        messages.c.not_after,
        messages.c.items_source,
        touches.c.customer_key,
        touches.c.message_class,
        touches.c.occasion_key,
        touches.c.product_key,
        touches.c.type_key,
        identities.c.household_id,
        identities.c.email,
        identities.c.phone,
        consents.c.granted,
    )
    .join(touches, touches.c.touch_id == messages.c.touch_id)
    .join(identities, identities.c.customer_key == touches.c.customer_key)
    .outerjoin(
        consents,
        and_(
            consents.c.customer_key == touches.c.customer_key,
            consents.c.channel == messages.c.channel,
            consents.c.purpose == "marketing",
        ),
    )
    .order_by(messages.c.message_id)
)


def read_leaving(connection: Connection, share: Share, *, opens_before: datetime) -> pd.DataFrame:
    """A share of approved messages about to be sealed, as the last look at consent needs them.

    ``message_id, night, campaign, channel, batch_id, not_after, items_source, customer_key,
    message_class, occasion_key, product_key, type_key, household_id, email, phone, granted`` (her
    consent to marketing by this channel, missing where there is none).
    """
    query = _LEAVING.join(
        campaign_nights,
        and_(
            campaign_nights.c.night == messages.c.night,
            campaign_nights.c.campaign == messages.c.campaign,
        ),
    ).where(
        share.holds(),
        messages.c.state == "rendered",
        campaign_nights.c.state == "approved",
        messages.c.not_before <= opens_before,
    )
    return read_frame(connection, query)


def read_claimed(connection: Connection) -> pd.DataFrame:
    """Messages in batches that no gateway can see yet; columns as in ``read_leaving``."""
    query = _LEAVING.join(batches, batches.c.batch_id == messages.c.batch_id).where(
        messages.c.state == "sealed",
        batches.c.state == "sealing",
        batches.c.manifest_sha256 == "",
    )
    return read_frame(connection, query)


def read_waiting(connection: Connection, message_ids: Sequence[str]) -> pd.DataFrame:
    """Those of some messages that wait, approved or not; columns as in ``read_leaving``."""
    some = messages.c.message_id.in_(message_ids)
    return read_frame(connection, _LEAVING.where(some, messages.c.state == "rendered"))


def read_first_waiting(
    connection: Connection, night: date, campaign: str, *, limit: int
) -> pd.DataFrame:
    """The first messages of a campaign that wait, by id; columns as in ``read_leaving``."""
    query = _LEAVING.where(
        messages.c.night == night,
        messages.c.campaign == campaign,
        messages.c.state == "rendered",
        ~is_out(messages.c.touch_id),
    )
    return read_frame(connection, query.limit(limit))
