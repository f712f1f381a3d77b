"""Who was taken out in review can be put back, and taken out again."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TOLD = "taken_out: what happened is never changed or removed; add what happens now"
STILL_OUT = (
    " AS o WHERE kind = 'out' AND NOT EXISTS (SELECT 1 FROM taken_out_before AS b "
    "WHERE b.touch_id = o.touch_id AND b.turn = o.turn AND b.kind = 'back')"
)


def upgrade() -> None:
    """Give each line a turn and a kind; who is out was taken out in the first turn."""
    _again(turns=True)


def downgrade() -> None:
    """Keep who is out."""
    _again(turns=False)


def _again(*, turns: bool) -> None:
    op.execute("CREATE TABLE taken_out_before AS SELECT * FROM taken_out")
    op.drop_table("taken_out")  # and its triggers with it
    added = [
        sa.Column("turn", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
    ]
    known = [sa.CheckConstraint("kind IN ('out', 'back')", name=op.f("ck_taken_out_kind_known"))]
    op.create_table(
        "taken_out",
        sa.Column("touch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(added if turns else []),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(known if turns else []),
        sa.ForeignKeyConstraint(
            ["touch_id"], ["touches.touch_id"], name=op.f("fk_taken_out_touch_id")
        ),
        sa.PrimaryKeyConstraint(
            "touch_id", *(["turn", "kind"] if turns else []), name=op.f("pk_taken_out")
        ),
    )
    op.execute(
        "INSERT INTO taken_out (touch_id, turn, kind, actor, at) "
        "SELECT touch_id, 1, 'out', actor, at FROM taken_out_before"
        if turns
        else "INSERT INTO taken_out (touch_id, actor, at) "
        f"SELECT touch_id, actor, at FROM taken_out_before{STILL_OUT}"
    )
    op.drop_table("taken_out_before")
    if op.get_bind().dialect.name == "sqlite":
        for name, event in (("not_changed", "UPDATE"), ("not_removed", "DELETE")):
            op.execute(
                f"CREATE TRIGGER taken_out_{name} BEFORE {event} ON taken_out BEGIN "
                f"SELECT RAISE(ABORT, '{TOLD}'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER taken_out_not_changed BEFORE UPDATE OR DELETE ON taken_out "
            "FOR EACH ROW EXECUTE FUNCTION taken_out_not_changed()"
        )
