"""The desk: changes to what waits, who looked at whom, and sums that spare counting."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ONLY_ADDED = ("taken_out", "wordings", "access_log", "kept_texts", "kept_policies")
NOT_RESERVE = sa.text("kind != 'reserve'")
TALLY_MESSAGES = """
INSERT INTO message_tallies (night, campaign, tier, channel, locale, gift_id, messages, gift_cost,
    with_items, fallbacks, not_before, not_after)
SELECT messages.night, messages.campaign, tier, messages.channel, locale, coalesce(gift_id, ''),
    count(*), sum(gift_cost), sum(CASE WHEN items_source <> 'none' THEN 1 ELSE 0 END),
    sum(CASE WHEN items_source IN ('popular', 'segment') THEN 1 ELSE 0 END),
    min(not_before), max(not_after)
FROM messages JOIN touches ON touches.touch_id = messages.touch_id
GROUP BY 1, 2, 3, 4, 5, 6
"""
TALLY_EXCLUSIONS = """
INSERT INTO exclusion_tallies (night, campaign, outcome, reason, count)
SELECT night, campaign, outcome, reason, count(*) FROM exclusions GROUP BY 1, 2, 3, 4
UNION ALL
SELECT night, campaign, state, '', count(*) FROM touches WHERE state IN ('held_out', 'failed')
GROUP BY 1, 2, 3
"""


def upgrade() -> None:
    op.add_column("decisions", sa.Column("details", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_decisions_night_campaign"), "decisions", ["night", "campaign"])
    op.drop_index(op.f("ix_messages_night_campaign"), table_name="messages")
    op.create_index(
        op.f("ix_messages_night_campaign_message_id"),
        "messages",
        ["night", "campaign", "message_id"],
    )
    _move_again(turns=True)
    op.create_table(
        "taken_out",
        sa.Column("touch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["touch_id"], ["touches.touch_id"], name=op.f("fk_taken_out_touch_id")
        ),
        sa.PrimaryKeyConstraint("touch_id", name=op.f("pk_taken_out")),
    )
    op.create_table(
        "wordings",
        sa.Column("wording_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "part IN ('subject', 'txt', 'html')", name=op.f("ck_wordings_part_known")
        ),
        sa.ForeignKeyConstraint(["night"], ["nights.night"], name=op.f("fk_wordings_night")),
        sa.PrimaryKeyConstraint("wording_id", name=op.f("pk_wordings")),
    )
    op.create_index(op.f("ix_wordings_night_campaign"), "wordings", ["night", "campaign"])
    op.create_table(
        "access_log",
        sa.Column("access_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("customer_key", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("what IN ('name', 'record')", name=op.f("ck_access_log_what_known")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_access_log_says_why")),
        sa.ForeignKeyConstraint(
            ["customer_key"], ["customers.customer_key"], name=op.f("fk_access_log_customer_key")
        ),
        sa.PrimaryKeyConstraint("access_id", name=op.f("pk_access_log")),
    )
    op.create_index(op.f("ix_access_log_customer_key"), "access_log", ["customer_key"])
    op.create_table(
        "kept_texts",
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("template_version", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("template", "template_version", "part", name=op.f("pk_kept_texts")),
    )
    op.create_table(
        "kept_policies",
        sa.Column("policy_sha256", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("policy_sha256", name=op.f("pk_kept_policies")),
    )
    _create_tallies()
    op.execute(TALLY_MESSAGES)
    op.execute(TALLY_EXCLUSIONS)
    dialect = op.get_bind().dialect.name
    for table in ONLY_ADDED:
        for statement in _only_added(table, dialect):
            op.execute(statement)


def downgrade() -> None:
    for table in ("message_tallies", "exclusion_tallies", *ONLY_ADDED):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in ONLY_ADDED:
            op.execute(f"DROP FUNCTION {table}_not_changed()")
    _move_again(turns=False)
    op.drop_index(op.f("ix_messages_night_campaign_message_id"), table_name="messages")
    op.create_index(op.f("ix_messages_night_campaign"), "messages", ["night", "campaign"])
    op.drop_index(op.f("ix_decisions_night_campaign"), table_name="decisions")
    op.drop_column("decisions", "details")


def _move_again(*, turns: bool) -> None:
    """Let a touch reserve in turns, or, going back, keep the last one of each."""
    op.execute("CREATE TABLE gift_moves_before AS SELECT * FROM gift_moves")
    op.drop_table("gift_moves")
    turn = [sa.Column("turn", sa.SmallInteger(), server_default="1", nullable=False)]
    keys = ["touch_id", *(["turn"] if turns else [])]
    op.create_table(
        "gift_moves",
        sa.Column("touch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(turn if turns else []),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("gift_id", sa.Text(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('reserve', 'commit', 'release')", name=op.f("ck_gift_moves_kind_known")
        ),
        sa.ForeignKeyConstraint(["gift_id"], ["gifts.gift_id"], name=op.f("fk_gift_moves_gift_id")),
        sa.ForeignKeyConstraint(
            ["touch_id"], ["touches.touch_id"], name=op.f("fk_gift_moves_touch_id")
        ),
        sa.PrimaryKeyConstraint(*keys, "kind", name=op.f("pk_gift_moves")),
    )
    last = (
        ""
        if turns
        else " AS m WHERE turn = (SELECT max(turn) FROM gift_moves_before AS n "
        "WHERE n.touch_id = m.touch_id)"
    )
    op.execute(
        "INSERT INTO gift_moves (touch_id, kind, gift_id, cost) "
        f"SELECT touch_id, kind, gift_id, cost FROM gift_moves_before{last}"
    )
    op.drop_table("gift_moves_before")
    op.create_index(
        "uq_gift_moves_settled_once",
        "gift_moves",
        keys,
        unique=True,
        sqlite_where=NOT_RESERVE,
        postgresql_where=NOT_RESERVE,
    )


def _create_tallies() -> None:
    op.create_table(
        "message_tallies",
        sa.Column("night", sa.Date(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("campaign", "tier", "channel", "locale", "gift_id")
        ),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("gift_cost", sa.BigInteger(), nullable=False),
        sa.Column("with_items", sa.Integer(), nullable=False),
        sa.Column("fallbacks", sa.Integer(), nullable=False),
        sa.Column("not_before", INSTANT, nullable=False),
        sa.Column("not_after", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["night"], ["nights.night"], name=op.f("fk_message_tallies_night")),
        sa.PrimaryKeyConstraint(
            "night", "campaign", "tier", "channel", "locale", "gift_id",
            name=op.f("pk_message_tallies"),
        ),
    )  # fmt: skip
    op.create_table(
        "exclusion_tallies",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["night"], ["nights.night"], name=op.f("fk_exclusion_tallies_night")
        ),
        sa.PrimaryKeyConstraint(
            "night", "campaign", "outcome", "reason", name=op.f("pk_exclusion_tallies")
        ),
    )


def _only_added(table: str, dialect: str) -> tuple[str, ...]:
    told = f"{table}: what happened is never changed or removed; add what happens now"
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} BEGIN "
            f"SELECT RAISE(ABORT, '{told}'); END"
            for name, event in (("not_changed", "UPDATE"), ("not_removed", "DELETE"))
        )
    return (
        f"CREATE FUNCTION {table}_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{told}' USING ERRCODE = 'check_violation'; END $$",
        f"CREATE TRIGGER {table}_not_changed BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_not_changed()",
    )
