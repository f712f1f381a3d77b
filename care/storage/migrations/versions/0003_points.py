"""Points: moves that are only ever added; no balance falls below zero."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQLITE = (
    """CREATE TRIGGER point_moves_never_negative AFTER INSERT ON point_moves
WHEN NEW.points < 0 BEGIN
  SELECT RAISE(ABORT, 'points: the balance would fall below zero')
  WHERE (SELECT sum(points) FROM point_moves WHERE customer_key = NEW.customer_key) < 0;
END""",
    """CREATE TRIGGER point_moves_not_changed BEFORE UPDATE ON point_moves BEGIN
  SELECT RAISE(ABORT, 'points: a move is never changed; add an adjusting one');
END""",
    """CREATE TRIGGER point_moves_not_removed BEFORE DELETE ON point_moves BEGIN
  SELECT RAISE(ABORT, 'points: a move is never removed; add an adjusting one');
END""",
)
# Whoever takes points waits for whoever takes them from the same customer, and then sees it.
POSTGRESQL = (
    """CREATE FUNCTION point_moves_never_negative() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM customers WHERE customer_key IN (SELECT customer_key FROM moved WHERE points < 0)
  ORDER BY customer_key FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT 1 FROM point_moves
    WHERE customer_key IN (SELECT customer_key FROM moved WHERE points < 0)
    GROUP BY customer_key HAVING sum(points) < 0
  ) THEN
    RAISE EXCEPTION 'points: the balance would fall below zero' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER point_moves_never_negative AFTER INSERT ON point_moves
REFERENCING NEW TABLE AS moved FOR EACH STATEMENT
EXECUTE FUNCTION point_moves_never_negative()""",
    """CREATE FUNCTION point_moves_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'points: a move is never changed or removed; add an adjusting one'
  USING ERRCODE = 'check_violation';
END $$""",
    """CREATE TRIGGER point_moves_not_changed BEFORE UPDATE OR DELETE ON point_moves
FOR EACH ROW EXECUTE FUNCTION point_moves_not_changed()""",
)


def upgrade() -> None:
    op.create_table(
        "point_moves",
        sa.Column("customer_key", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('earn', 'redeem', 'expire', 'adjust')",
            name=op.f("ck_point_moves_kind_known"),
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'earn' THEN points > 0 WHEN 'adjust' THEN points <> 0 ELSE points < 0 END",
            name=op.f("ck_point_moves_right_way"),
        ),
        sa.CheckConstraint(
            "expires_on IS NULL OR points > 0", name=op.f("ck_point_moves_only_points_expire")
        ),
        sa.ForeignKeyConstraint(
            ["customer_key"],
            ["customers.customer_key"],
            name=op.f("fk_point_moves_customer_key"),
        ),
        sa.PrimaryKeyConstraint("customer_key", "kind", "reference", name=op.f("pk_point_moves")),
    )
    op.create_index(op.f("ix_point_moves_kind_on_day"), "point_moves", ["kind", "on_day"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(op.f("ix_point_moves_kind_on_day"), table_name="point_moves")
    op.drop_table("point_moves")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION point_moves_never_negative()")
        op.execute("DROP FUNCTION point_moves_not_changed()")
