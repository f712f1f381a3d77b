"""The ledger as the first version keeps it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def forbid_changes(table: str) -> None:
    """Make a table append-only in the database itself."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
    )


def allow_changes(table: str) -> None:
    """Undo ``forbid_changes``."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(f"DROP TRIGGER {table}_no_{verb.lower()}")
        return
    op.execute(f"DROP TRIGGER {table}_no_change ON {table}")
    op.execute(f"DROP FUNCTION {table}_is_append_only")


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("supersedes", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manifest_sha256", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('sealing', 'submitted', 'accepted', 'partial', 'rejected')",
            name=op.f("ck_batches_state_known"),
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_state"), "batches", ["state"], unique=False)
    op.create_table(
        "customers",
        sa.Column("customer_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_ref", sa.Text(), nullable=False),
        sa.Column("first_night", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("customer_key", name=op.f("pk_customers")),
        sa.UniqueConstraint("customer_ref", name=op.f("uq_customers_customer_ref")),
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("entry_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("entry_hash", name=op.f("uq_decisions_entry_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_decisions_previous_hash")),
    )
    op.create_table(
        "gifts",
        sa.Column("gift_id", sa.Text(), nullable=False),
        sa.Column("stock", sa.BigInteger(), nullable=True),
        sa.Column("taken", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "taken >= 0 AND (stock IS NULL OR taken <= stock)", name=op.f("ck_gifts_within_stock")
        ),
        sa.PrimaryKeyConstraint("gift_id", name=op.f("pk_gifts")),
    )
    op.create_table(
        "models",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("artifact_sha256", sa.Text(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("champion", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('items', 'timing')", name=op.f("ck_models_kind_known")),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_models")),
        sa.UniqueConstraint("kind", "night", name=op.f("uq_models_kind_night")),
    )
    op.create_index(
        "uq_models_one_champion",
        "models",
        ["kind"],
        unique=True,
        sqlite_where=sa.text("champion"),
        postgresql_where=sa.text("champion"),
    )
    op.create_table(
        "nights",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("snapshot_sha256", sa.Text(), nullable=False),
        sa.Column("policy_sha256", sa.Text(), nullable=False),
        sa.Column("champions", sa.JSON(), nullable=False),
        sa.Column("paused", sa.JSON(), nullable=False),
        sa.Column("due", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("night", name=op.f("pk_nights")),
        sa.UniqueConstraint("sequence", name=op.f("uq_nights_sequence")),
    )
    op.create_table(
        "product_types",
        sa.Column("type_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("type_key", name=op.f("pk_product_types")),
        sa.UniqueConstraint("product_type", name=op.f("uq_product_types_product_type")),
    )
    op.create_table(
        "products",
        sa.Column("product_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("product_key", name=op.f("pk_products")),
        sa.UniqueConstraint("product_id", name=op.f("uq_products_product_id")),
    )
    op.create_table(
        "campaign_nights",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("gift_cost", sa.BigInteger(), nullable=False),
        sa.Column("fallback_share", sa.Float(), nullable=False),
        sa.Column("needs_person", sa.JSON(), nullable=False),
        sa.Column("decide_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unanswered", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state <> 'approved' OR approval_id IS NOT NULL",
            name=op.f("ck_campaign_nights_approved_by_somebody"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'held', 'approved', 'rejected', 'expired')",
            name=op.f("ck_campaign_nights_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["decisions.decision_id"], name=op.f("fk_campaign_nights_approval_id")
        ),
        sa.ForeignKeyConstraint(["night"], ["nights.night"], name=op.f("fk_campaign_nights_night")),
        sa.PrimaryKeyConstraint("night", "campaign", name=op.f("pk_campaign_nights")),
    )
    op.create_table(
        "consents",
        sa.Column("customer_key", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_key"], ["customers.customer_key"], name=op.f("fk_consents_customer_key")
        ),
        sa.PrimaryKeyConstraint("customer_key", "channel", "purpose", name=op.f("pk_consents")),
    )
    op.create_table(
        "exclusions",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("customer_key", sa.BigInteger(), nullable=False),
        sa.Column("occasion_key", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('deferred', 'excluded')", name=op.f("ck_exclusions_outcome_known")
        ),
        sa.ForeignKeyConstraint(
            ["customer_key"], ["customers.customer_key"], name=op.f("fk_exclusions_customer_key")
        ),
        sa.ForeignKeyConstraint(["night"], ["nights.night"], name=op.f("fk_exclusions_night")),
        sa.PrimaryKeyConstraint(
            "night", "campaign", "customer_key", "occasion_key", name=op.f("pk_exclusions")
        ),
    )
    op.create_index(
        op.f("ix_exclusions_customer_key"), "exclusions", ["customer_key"], unique=False
    )
    op.create_table(
        "identities",
        sa.Column("customer_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("honorific", sa.Text(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("birth_year", sa.SmallInteger(), nullable=True),
        sa.Column("birth_month", sa.SmallInteger(), nullable=True),
        sa.Column("birth_day", sa.SmallInteger(), nullable=True),
        sa.Column("birth_calendar", sa.Text(), nullable=True),
        sa.Column("birth_leap", sa.Boolean(), nullable=True),
        sa.Column("wedding_on", sa.Date(), nullable=True),
        sa.Column("spouse_name", sa.Text(), nullable=True),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("preferred_channel", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_key"], ["customers.customer_key"], name=op.f("fk_identities_customer_key")
        ),
        sa.PrimaryKeyConstraint("customer_key", name=op.f("pk_identities")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_identities_customer_id")),
    )
    op.create_table(
        "suppressions",
        sa.Column("suppression_id", sa.Integer(), nullable=False),
        sa.Column("customer_key", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_key"], ["customers.customer_key"], name=op.f("fk_suppressions_customer_key")
        ),
        sa.PrimaryKeyConstraint("suppression_id", name=op.f("pk_suppressions")),
    )
    op.create_index(
        op.f("ix_suppressions_customer_key"), "suppressions", ["customer_key"], unique=False
    )
    op.create_table(
        "touches",
        sa.Column("touch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("customer_key", sa.BigInteger(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("occasion_key", sa.Text(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("message_class", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("occasion_on", sa.Date(), nullable=True),
        sa.Column("send_on", sa.Date(), nullable=False),
        sa.Column("send_until", sa.Date(), nullable=False),
        sa.Column("years", sa.SmallInteger(), nullable=True),
        sa.Column("type_key", sa.BigInteger(), nullable=True),
        sa.Column("product_key", sa.BigInteger(), nullable=True),
        sa.Column("window_from", sa.Date(), nullable=True),
        sa.Column("window_to", sa.Date(), nullable=True),
        sa.Column("gift_id", sa.Text(), nullable=True),
        sa.Column("gift_cost", sa.BigInteger(), nullable=False),
        sa.Column("gift_note", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint(
            "(arm = 'held_out') = (state = 'held_out')", name=op.f("ck_touches_held_out_stays_so")
        ),
        sa.CheckConstraint(
            "arm = 'treated' OR gift_id IS NULL", name=op.f("ck_touches_held_out_gets_no_gift")
        ),
        sa.CheckConstraint("arm IN ('treated', 'held_out')", name=op.f("ck_touches_arm_known")),
        sa.CheckConstraint(
            "state IN ('planned', 'rendered', 'failed', 'held_out')",
            name=op.f("ck_touches_state_known"),
        ),
        sa.CheckConstraint("gift_cost >= 0", name=op.f("ck_touches_gift_cost_not_negative")),
        sa.ForeignKeyConstraint(
            ["customer_key"], ["customers.customer_key"], name=op.f("fk_touches_customer_key")
        ),
        sa.ForeignKeyConstraint(["night"], ["nights.night"], name=op.f("fk_touches_night")),
        sa.ForeignKeyConstraint(
            ["product_key"], ["products.product_key"], name=op.f("fk_touches_product_key")
        ),
        sa.ForeignKeyConstraint(
            ["type_key"], ["product_types.type_key"], name=op.f("fk_touches_type_key")
        ),
        sa.PrimaryKeyConstraint("touch_id", name=op.f("pk_touches")),
        sa.UniqueConstraint(
            "customer_key",
            "campaign",
            "occasion_key",
            name=op.f("uq_touches_customer_key_campaign_occasion_key"),
        ),
    )
    op.create_index(
        op.f("ix_touches_night_campaign"), "touches", ["night", "campaign"], unique=False
    )
    op.create_index(op.f("ix_touches_send_on"), "touches", ["send_on"], unique=False)
    op.create_table(
        "gift_moves",
        sa.Column("touch_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.PrimaryKeyConstraint("touch_id", "kind", name=op.f("pk_gift_moves")),
    )
    op.create_index(
        "uq_gift_moves_settled_once",
        "gift_moves",
        ["touch_id"],
        unique=True,
        sqlite_where=sa.text("kind != 'reserve'"),
        postgresql_where=sa.text("kind != 'reserve'"),
    )
    op.create_table(
        "messages",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("touch_id", sa.BigInteger(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("template_version", sa.Text(), nullable=False),
        sa.Column("render_sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("segments", sa.SmallInteger(), nullable=False),
        sa.Column("items_source", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('rendered', 'sealed', 'accepted', 'rejected', 'suppressed', 'expired', 'withdrawn')",
            name=op.f("ck_messages_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.batch_id"], name=op.f("fk_messages_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["touch_id"], ["touches.touch_id"], name=op.f("fk_messages_touch_id")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_messages_idempotency_key")),
        sa.UniqueConstraint("touch_id", "channel", name=op.f("uq_messages_touch_id_channel")),
    )
    op.create_index(op.f("ix_messages_batch_id"), "messages", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_messages_night_campaign"), "messages", ["night", "campaign"], unique=False
    )
    op.create_index(op.f("ix_messages_state"), "messages", ["state"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('sending', 'accepted', 'rejected')", name=op.f("ck_deliveries_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["decisions.decision_id"], name=op.f("fk_deliveries_approval_id")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.batch_id"], name=op.f("fk_deliveries_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.message_id"], name=op.f("fk_deliveries_message_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", "message_id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_message_id"), "deliveries", ["message_id"], unique=False)
    op.create_index(
        "uq_deliveries_accepted_once",
        "deliveries",
        ["message_id"],
        unique=True,
        sqlite_where=sa.text("state = 'accepted'"),
        postgresql_where=sa.text("state = 'accepted'"),
    )

    forbid_changes("decisions")


def downgrade() -> None:
    allow_changes("decisions")
    op.drop_index(
        "uq_deliveries_accepted_once",
        table_name="deliveries",
        sqlite_where=sa.text("state = 'accepted'"),
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.drop_index(op.f("ix_deliveries_message_id"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_index(op.f("ix_messages_state"), table_name="messages")
    op.drop_index(op.f("ix_messages_night_campaign"), table_name="messages")
    op.drop_index(op.f("ix_messages_batch_id"), table_name="messages")
    op.drop_table("messages")
    op.drop_index(
        "uq_gift_moves_settled_once",
        table_name="gift_moves",
        sqlite_where=sa.text("kind != 'reserve'"),
        postgresql_where=sa.text("kind != 'reserve'"),
    )
    op.drop_table("gift_moves")
    op.drop_index(op.f("ix_touches_send_on"), table_name="touches")
    op.drop_index(op.f("ix_touches_night_campaign"), table_name="touches")
    op.drop_table("touches")
    op.drop_index(op.f("ix_suppressions_customer_key"), table_name="suppressions")
    op.drop_table("suppressions")
    op.drop_table("identities")
    op.drop_index(op.f("ix_exclusions_customer_key"), table_name="exclusions")
    op.drop_table("exclusions")
    op.drop_table("consents")
    op.drop_table("campaign_nights")
    op.drop_table("products")
    op.drop_table("product_types")
    op.drop_table("nights")
    op.drop_index(
        "uq_models_one_champion",
        table_name="models",
        sqlite_where=sa.text("champion"),
        postgresql_where=sa.text("champion"),
    )
    op.drop_table("models")
    op.drop_table("gifts")
    op.drop_table("decisions")
    op.drop_table("customers")
    op.drop_index(op.f("ix_batches_state"), table_name="batches")
    op.drop_table("batches")
