"""Who lives with her, who looks after her, and which festivals she wants to hear of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = ("household_id", "advisor", "advisor_phone", "advisor_email", "festivals")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("identities", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("identities", name)
