"""How much of a night left, counted out of an index."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(op.f("ix_messages_night_state"), "messages", ["night", "state"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index(op.f("ix_messages_night_state"), "messages")
