"""What a touch's letter may say beyond what every letter may."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("touches", sa.Column("facts", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("touches", "facts")
