"""What staff did about customers in one table: who was revealed, stopped, heard or brought in."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ACTS = (
    *("name", "record", "search", "suppress", "opt_out", "lift", "consent"),
    *("import_suppressions", "import_consents", "import_codes"),
)
# Who laid a suppression by hand, or heard a word, is in what is sealed; here the desk stands for it.
BEFORE = """
INSERT INTO staff_acts (act_id, at, actor, act, customer_key, suppression_id, event_id, reason)
SELECT row_number() OVER (ORDER BY at, place, customer_key, suppression_id, event_id, number),
    at, actor, act, customer_key, suppression_id, event_id, reason
FROM (
    SELECT at, 1 AS place, access_id AS number, actor, what AS act, customer_key,
        CAST(NULL AS INTEGER) AS suppression_id, CAST(NULL AS TEXT) AS event_id, reason
    FROM access_log
    UNION ALL
    SELECT since, 2, 0, source, CASE reason WHEN 'opt-out' THEN 'opt_out' ELSE 'suppress' END,
        customer_key, suppression_id, NULL, ''
    FROM suppressions WHERE lifts IS NULL AND source = 'desk'
    UNION ALL
    SELECT since, 3, 0, source, 'lift', customer_key, lifts, NULL, ''
    FROM suppressions WHERE lifts IS NOT NULL
    UNION ALL
    SELECT recorded_at, 4, 0, source, 'consent', customer_key, NULL, event_id, ''
    FROM consent_entries WHERE source = 'desk'
) AS done
"""
REVEALED = """
INSERT INTO access_log (access_id, at, actor, customer_key, what, reason)
SELECT row_number() OVER (ORDER BY act_id), at, actor, customer_key, act, reason
FROM staff_acts WHERE act IN ('name', 'record')
"""


def upgrade() -> None:
    """Take over who was revealed to whom, and what else staff are known to have done."""
    listed = ", ".join(f"'{act}'" for act in ACTS)
    op.create_table(
        "staff_acts",
        sa.Column("act_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("customer_key", sa.BigInteger(), nullable=True),
        sa.Column("suppression_id", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("gift_id", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(f"act IN ({listed})", name=op.f("ck_staff_acts_act_known")),
        sa.CheckConstraint(
            "reason <> '' OR act NOT IN ('name', 'record', 'search')",
            name=op.f("ck_staff_acts_says_why"),
        ),
        sa.CheckConstraint(
            "customer_key IS NOT NULL OR act NOT IN ('name', 'record', 'consent')",
            name=op.f("ck_staff_acts_says_whom"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_staff_acts_{column}"))
            for column, target in (
                ("customer_key", "customers.customer_key"),
                ("suppression_id", "suppressions.suppression_id"),
                ("event_id", "consent_entries.event_id"),
                ("gift_id", "gifts.gift_id"),
            )
        ),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_staff_acts")),
    )
    op.create_index(op.f("ix_staff_acts_customer_key"), "staff_acts", ["customer_key"])
    op.execute(BEFORE)
    _only_added("staff_acts")
    _drop("access_log")


def downgrade() -> None:
    """Keep who was revealed to whom."""
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
    op.execute(REVEALED)
    _only_added("access_log")
    _drop("staff_acts")


def _drop(table: str) -> None:
    op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {table}_not_changed()")


def _only_added(table: str) -> None:
    told = f"{table}: what happened is never changed or removed; add what happens now"
    if op.get_bind().dialect.name == "sqlite":
        for name, event in (("not_changed", "UPDATE"), ("not_removed", "DELETE")):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} BEGIN "
                f"SELECT RAISE(ABORT, '{told}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{told}' USING ERRCODE = 'check_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_not_changed BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_not_changed()"
    )
