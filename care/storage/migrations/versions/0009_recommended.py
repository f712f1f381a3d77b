"""What each message recommends, and the evidence for it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "messages", sa.Column("recommended", sa.Text(), server_default="[]", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("messages", "recommended")
