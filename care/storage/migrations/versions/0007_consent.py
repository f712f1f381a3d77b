"""Consent as a ledger of words, and suppressions that reach an address and can be lifted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ONLY_ADDED = ("consent_entries", "suppressions")
MIDNIGHT = {
    "sqlite": "recorded_on || ' 00:00:00.000000'",
    "postgresql": "recorded_on::timestamp AT TIME ZONE 'UTC'",
}
DAY = {"sqlite": "substr(since, 1, 10)", "postgresql": "(since AT TIME ZONE 'UTC')::date"}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table in ("consents", "suppressions"):
        _set_aside(table)
    _create_consent_entries()
    _create_consents()
    _create_suppressions()
    # What was known becomes the first words, each as of the night that it came with.
    op.execute(
        "INSERT INTO consent_entries (event_id, customer_key, channel, purpose, word, source, "
        "said_at, recorded_at) SELECT 'before-' || customer_key || '-' || channel || '-' || "
        "purpose, customer_key, channel, purpose, CASE WHEN granted THEN 'grant' ELSE 'withdraw' "
        f"END, source, {MIDNIGHT[dialect]}, {MIDNIGHT[dialect]} FROM consents_before"
    )
    op.execute(
        "INSERT INTO consents (customer_key, channel, purpose, state, granted, source, since, "
        "as_imported) SELECT customer_key, channel, purpose, CASE WHEN granted THEN 'granted' ELSE "
        f"'withdrawn' END, granted, source, {MIDNIGHT[dialect]}, granted FROM consents_before"
    )
    op.execute(
        "INSERT INTO suppressions (suppression_id, customer_key, channel, occasion, purpose, "
        "reason, source, since) SELECT suppression_id, customer_key, channel, campaign, "
        "'everything', reason, 'staff', since FROM suppressions_before"
    )
    _count_on(dialect)
    for table in ("consents", "suppressions"):
        op.drop_table(f"{table}_before")
    for table in ONLY_ADDED:
        for statement in _only_added(table, dialect):
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table in ("consents", "suppressions"):
        _set_aside(table)
    op.drop_index(op.f("ix_consent_entries_customer_key"), table_name="consent_entries")
    op.drop_table("consent_entries")
    if dialect == "postgresql":
        for table in ONLY_ADDED:
            op.execute(f"DROP FUNCTION {table}_not_changed()")
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
        "suppressions",
        sa.Column("suppression_id", sa.Integer(), nullable=False),
        sa.Column("customer_key", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_key"], ["customers.customer_key"], name=op.f("fk_suppressions_customer_key")
        ),
        sa.PrimaryKeyConstraint("suppression_id", name=op.f("pk_suppressions")),
    )
    op.create_index(op.f("ix_suppressions_customer_key"), "suppressions", ["customer_key"])
    op.execute(
        "INSERT INTO consents SELECT customer_key, channel, purpose, granted, source, "
        f"{DAY[dialect]} FROM consents_before"
    )
    op.execute(
        "INSERT INTO suppressions SELECT suppression_id, customer_key, channel, occasion, reason, "
        "since FROM suppressions_before WHERE customer_key IS NOT NULL AND lifts IS NULL AND "
        "suppression_id NOT IN (SELECT lifts FROM suppressions_before WHERE lifts IS NOT NULL)"
    )
    _count_on(dialect)
    for table in ("consents", "suppressions"):
        op.drop_table(f"{table}_before")


def _set_aside(table: str) -> None:
    """Keep the rows, and give the names of the table and of all that belongs to it free."""
    op.execute(f"CREATE TABLE {table}_before AS SELECT * FROM {table}")
    op.drop_table(table)


def _create_consent_entries() -> None:
    op.create_table(
        "consent_entries",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("customer_key", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "word IN ('grant', 'request', 'confirm', 'withdraw')",
            name=op.f("ck_consent_entries_word_known"),
        ),
        sa.CheckConstraint(
            "purpose IN ('marketing', 'sensitive', 'personalisation')",
            name=op.f("ck_consent_entries_purpose_known"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_key"],
            ["customers.customer_key"],
            name=op.f("fk_consent_entries_customer_key"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_consent_entries")),
    )
    op.create_index(op.f("ix_consent_entries_customer_key"), "consent_entries", ["customer_key"])


def _create_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("customer_key", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("as_imported", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "state IN ('granted', 'pending', 'withdrawn')", name=op.f("ck_consents_state_known")
        ),
        sa.CheckConstraint(
            "granted = (state = 'granted')", name=op.f("ck_consents_granted_says_so")
        ),
        sa.ForeignKeyConstraint(
            ["customer_key"], ["customers.customer_key"], name=op.f("fk_consents_customer_key")
        ),
        sa.PrimaryKeyConstraint("customer_key", "channel", "purpose", name=op.f("pk_consents")),
    )
    op.create_index(
        "ix_consents_beside_marketing",
        "consents",
        ["purpose", "customer_key"],
        sqlite_where=sa.text("purpose != 'marketing'"),
        postgresql_where=sa.text("purpose != 'marketing'"),
    )


def _create_suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("suppression_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("customer_key", sa.BigInteger(), nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("occasion", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), server_default="everything", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default="staff", nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("lifts", sa.Integer(), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('marketing', 'everything')", name=op.f("ck_suppressions_purpose_known")
        ),
        sa.CheckConstraint(
            "note IS NULL OR customer_key IS NOT NULL",
            name=op.f("ck_suppressions_note_can_be_forgotten"),
        ),
        sa.CheckConstraint(
            "until IS NULL OR until > since", name=op.f("ck_suppressions_ends_after_it_began")
        ),
        sa.ForeignKeyConstraint(
            ["customer_key"], ["customers.customer_key"], name=op.f("fk_suppressions_customer_key")
        ),
        sa.PrimaryKeyConstraint("suppression_id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("event_id", name=op.f("uq_suppressions_event_id")),
        sa.UniqueConstraint("lifts", name=op.f("uq_suppressions_lifts")),
    )
    op.create_index(op.f("ix_suppressions_customer_key"), "suppressions", ["customer_key"])


def _count_on(dialect: str) -> None:
    """Numbers go on where they were; SQLite takes the highest by itself."""
    if dialect == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('suppressions', 'suppression_id'), "
            "(SELECT coalesce(max(suppression_id), 0) + 1 FROM suppressions), false)"
        )


def _only_added(table: str, dialect: str) -> tuple[str, ...]:
    told = f"{table}: what was said is never changed or removed; add what is said now"
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
