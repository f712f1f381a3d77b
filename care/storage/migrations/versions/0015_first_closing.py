"""When the first message of a campaign must be gone, and how many left, told without counting."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CLOSES_FROM = """
UPDATE message_tallies SET closes_from = found.closes
FROM (
    SELECT messages.night, messages.campaign, tier, messages.channel, locale,
        coalesce(gift_id, '') AS gift_id, min(not_after) AS closes
    FROM messages JOIN touches ON touches.touch_id = messages.touch_id
    WHERE messages.state <> 'withdrawn'
    GROUP BY 1, 2, 3, 4, 5, 6
) AS found
WHERE message_tallies.night = found.night AND message_tallies.campaign = found.campaign
    AND message_tallies.tier = found.tier AND message_tallies.channel = found.channel
    AND message_tallies.locale = found.locale AND message_tallies.gift_id = found.gift_id
"""


def upgrade() -> None:
    """Add the moment, and the campaign to the index over a night's states."""
    op.add_column(
        "message_tallies", sa.Column("closes_from", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute(CLOSES_FROM)
    op.drop_index(op.f("ix_messages_night_state"), "messages")
    op.create_index(
        op.f("ix_messages_night_state_campaign"), "messages", ["night", "state", "campaign"]
    )


def downgrade() -> None:
    """Take both back."""
    op.drop_index(op.f("ix_messages_night_state_campaign"), "messages")
    op.create_index(op.f("ix_messages_night_state"), "messages", ["night", "state"])
    op.drop_column("message_tallies", "closes_from")
