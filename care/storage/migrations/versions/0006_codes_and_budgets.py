"""Voucher codes, each for one touch; what gifts cost in a night and a month; what she dislikes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SQLITE = (
    """CREATE TRIGGER voucher_codes_stay_out BEFORE UPDATE ON voucher_codes
WHEN OLD.state IN ('issued', 'spent') BEGIN
  SELECT RAISE(ABORT, 'voucher codes: one that is out of the house never comes back');
END""",
    """CREATE TRIGGER voucher_codes_not_removed BEFORE DELETE ON voucher_codes
WHEN OLD.state <> 'free' BEGIN
  SELECT RAISE(ABORT, 'voucher codes: one that belongs to a touch is never removed');
END""",
)
POSTGRESQL = (
    """CREATE FUNCTION voucher_codes_stay_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'voucher codes: one that is out of the house never comes back'
  USING ERRCODE = 'check_violation';
END $$""",
    """CREATE TRIGGER voucher_codes_stay_out BEFORE UPDATE ON voucher_codes FOR EACH ROW
WHEN (OLD.state IN ('issued', 'spent')) EXECUTE FUNCTION voucher_codes_stay_out()""",
    """CREATE FUNCTION voucher_codes_not_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'voucher codes: one that belongs to a touch is never removed'
  USING ERRCODE = 'check_violation';
END $$""",
    """CREATE TRIGGER voucher_codes_not_removed BEFORE DELETE ON voucher_codes FOR EACH ROW
WHEN (OLD.state <> 'free') EXECUTE FUNCTION voucher_codes_not_removed()""",
)


def upgrade() -> None:
    op.add_column("identities", sa.Column("dislikes", sa.Text(), nullable=True))
    op.create_table(
        "gift_budgets",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("budget", sa.BigInteger(), nullable=True),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "spent >= 0 AND (budget IS NULL OR spent <= budget)",
            name=op.f("ck_gift_budgets_within_budget"),
        ),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_gift_budgets")),
    )
    # What gifts cost so far, so that what is given back has something to be taken from.
    for period in ("%s", "substr(%s, 1, 7)"):
        night = "CAST(touches.night AS TEXT)"
        op.execute(
            "INSERT INTO gift_budgets (period, spent) "
            f"SELECT {period % night}, sum(CASE kind WHEN 'reserve' THEN cost "
            "WHEN 'release' THEN -cost ELSE 0 END) "
            "FROM gift_moves JOIN touches ON touches.touch_id = gift_moves.touch_id GROUP BY 1"
        )
    op.create_table(
        "code_pools",
        sa.Column("gift_id", sa.Text(), nullable=False),
        sa.Column("needed", sa.Boolean(), nullable=False),
        sa.Column("free", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("free >= 0", name=op.f("ck_code_pools_not_overdrawn")),
        sa.ForeignKeyConstraint(["gift_id"], ["gifts.gift_id"], name=op.f("fk_code_pools_gift_id")),
        sa.PrimaryKeyConstraint("gift_id", name=op.f("pk_code_pools")),
    )
    op.create_table(
        "voucher_codes",
        sa.Column(
            "code",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("gift_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="free", nullable=False),
        sa.Column("touch_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('free', 'reserved', 'issued', 'spent')",
            name=op.f("ck_voucher_codes_state_known"),
        ),
        sa.CheckConstraint(
            "(state = 'free') = (touch_id IS NULL)",
            name=op.f("ck_voucher_codes_of_one_touch_or_free"),
        ),
        sa.ForeignKeyConstraint(
            ["gift_id"], ["code_pools.gift_id"], name=op.f("fk_voucher_codes_gift_id")
        ),
        sa.ForeignKeyConstraint(
            ["touch_id"], ["touches.touch_id"], name=op.f("fk_voucher_codes_touch_id")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_voucher_codes")),
        sqlite_with_rowid=False,
    )
    for name, columns, unique, where in (
        ("uq_voucher_codes_one_a_touch", ["touch_id"], True, "touch_id IS NOT NULL"),
        ("ix_voucher_codes_free", ["gift_id", "code"], False, "state = 'free'"),
    ):
        op.create_index(
            name,
            "voucher_codes",
            columns,
            unique=unique,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_column("identities", "dislikes")
    op.drop_table("voucher_codes")
    op.drop_table("code_pools")
    op.drop_table("gift_budgets")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION voucher_codes_stay_out()")
        op.execute("DROP FUNCTION voucher_codes_not_removed()")
