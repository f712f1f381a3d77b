"""Suppressions know the import that brought them, and those of a few customers are found quickly."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BY_IMPORT = sa.text("import_id IS NOT NULL")


def upgrade() -> None:
    """Add the column and the indexes."""
    op.add_column("suppressions", sa.Column("import_id", sa.Text(), nullable=True))
    op.create_index(
        op.f("ix_suppressions_import"),
        "suppressions",
        ["import_id", "lifts", "suppression_id"],
        sqlite_where=BY_IMPORT,
        postgresql_where=BY_IMPORT,
    )
    op.create_index(
        op.f("ix_suppressions_address_hash_customer_key"),
        "suppressions",
        ["address_hash", "customer_key"],
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_index(op.f("ix_suppressions_address_hash_customer_key"), "suppressions")
    op.drop_index(op.f("ix_suppressions_import"), "suppressions")
    op.drop_column("suppressions", "import_id")
