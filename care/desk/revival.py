"""Messages that were withdrawn from a campaign of the night and wait again, gifts and all."""

from collections.abc import Mapping, Sequence

import pandas as pd
from sqlalchemy import Connection

from care.correspondence import Rewriter
from care.desk.verdict import UnableToDecide
from care.runtime import Runtime
from care.storage import codes, gifts, nights, withdrawals, wordings
from care.storage.reviews import CampaignNight
from care.wording import renderer_with


def revive(
    runtime: Runtime, connection: Connection, campaign: CampaignNight, message_ids: Sequence[str]
) -> None:
    """Let withdrawn messages wait again, each with the gift it had.

    Raises:
        UnableToDecide: a later night counted on their not going out, gifts, codes or money are
            gone, or a message with another code cannot be written.
    """
    touched = withdrawals.read_touches(connection, message_ids)
    _refuse_crowded(connection, campaign, touched)
    gifts.lock_gifts(connection)
    withdrawals.restore(connection, message_ids)
    reserve(runtime, connection, campaign, touched)
    coded = touched[touched["gift_id"].isin(codes.needed(connection))]
    rewrite(runtime, connection, campaign, coded["message_id"].tolist())


def reserve(
    runtime: Runtime, connection: Connection, campaign: CampaignNight, given: pd.DataFrame
) -> None:
    """Reserve again for touches what they had.

    ``given``: ``touch_id, gift_id, gift_cost``; a gift that is missing is none.

    Raises:
        UnableToDecide: there are not so many pieces, codes or so much money.
    """
    left = gifts.pieces_left(connection, runtime.policy.gifts)
    for gift_id, count in given["gift_id"].value_counts().sort_index().items():
        if left.get(str(gift_id), count) < count:
            raise UnableToDecide(
                f"nothing on {campaign.campaign} of {campaign.night} is taken back: it needs "
                f"{count} of {gift_id}, and {left[str(gift_id)]} are left"
            )
    cost = int(given["gift_cost"].sum())
    for budget, spent in gifts.budgets_of(connection, campaign.night):
        if budget is not None and spent + cost > budget:
            raise UnableToDecide(
                f"nothing on {campaign.campaign} of {campaign.night} is taken back: its gifts cost "
                f"{cost}, and the budget has {budget - spent} left"
            )
    gifts.reserve_again(connection, given, night=campaign.night)


def rewrite(
    runtime: Runtime, connection: Connection, campaign: CampaignNight, message_ids: Sequence[str]
) -> None:
    """Write messages anew, in the words and with the gifts that count now.

    Raises:
        UnableToDecide: one cannot be written.
    """
    if not message_ids:
        return
    edits = wordings.read_edited(connection, campaign.night, campaign.campaign)
    rewriter = Rewriter(runtime, campaign.night, renderer=renderer_with(runtime, edits))
    failed: Mapping[int, str] = rewriter.rewrite(connection, message_ids)
    for why in failed.values():
        raise UnableToDecide(
            f"nothing on {campaign.campaign} of {campaign.night} is taken back: "
            f"a message cannot be written again: {why}"
        )


def _refuse_crowded(connection: Connection, campaign: CampaignNight, touched: pd.DataFrame) -> None:
    later = nights.touched_since(connection, campaign.night, campaign.campaign)
    theirs = later["touch_id"].isin(touched["touch_id"])
    if crowded := later.loc[theirs, "customer_key"].nunique():
        raise UnableToDecide(
            f"{crowded} customers of {campaign.campaign} of {campaign.night} were planned other "
            "messages by a later night, as if these would not go. Nothing is taken back."
        )
