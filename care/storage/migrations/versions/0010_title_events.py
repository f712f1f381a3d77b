"""What happened to the title of champion; refused challengers; what was watched as one trained."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TOLD = "title_events: what happened is never changed or removed; add what happens now"
ADD_ONLY = {
    "sqlite": (
        f"CREATE TRIGGER title_events_not_changed BEFORE UPDATE ON title_events BEGIN SELECT RAISE(ABORT, '{TOLD}'); END",
        f"CREATE TRIGGER title_events_not_removed BEFORE DELETE ON title_events BEGIN SELECT RAISE(ABORT, '{TOLD}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION title_events_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{TOLD}' USING ERRCODE = 'check_violation'; END $$",
        "CREATE TRIGGER title_events_not_changed BEFORE UPDATE OR DELETE ON title_events "
        "FOR EACH ROW EXECUTE FUNCTION title_events_not_changed()",
    ),
}
SO_FAR = """
INSERT INTO title_events
    (event_id, event, kind, model_id, name, night, at, actor, reason, figures, champion_before)
SELECT row_number() OVER (ORDER BY night, kind),
    CASE WHEN artifact = '' THEN 'refused' ELSE 'promoted' END,
    kind, model_id, name, night, {midnight}, 'night', verdict, figures,
    (SELECT before.model_id FROM models AS before
     WHERE before.kind = models.kind AND before.night < models.night AND before.artifact <> ''
     ORDER BY before.night DESC LIMIT 1)
FROM models
"""
MIDNIGHT = {
    "sqlite": "night || ' 00:00:00.000000'",
    "postgresql": "(CAST(night AS timestamp) AT TIME ZONE 'UTC')",
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    with op.batch_alter_table("models") as batch:
        batch.add_column(
            sa.Column("refused", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch.add_column(
            sa.Column("watched", sa.JSON(), server_default=sa.text("'{}'"), nullable=False)
        )
        batch.drop_constraint(op.f("uq_models_kind_night"), type_="unique")
        batch.create_unique_constraint(op.f("uq_models_kind_night_name"), ["kind", "night", "name"])
    op.execute("UPDATE models SET refused = (artifact = '')")
    with op.batch_alter_table("models") as batch:
        batch.create_check_constraint(
            op.f("ck_models_refused_is_no_champion"), "NOT (champion AND refused)"
        )
    op.create_table(
        "title_events",
        sa.Column("event_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("champion_before", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "event IN ('promoted', 'refused', 'appointed', 'rolled_back')",
            name=op.f("ck_title_events_event_known"),
        ),
        sa.CheckConstraint("kind IN ('items', 'timing')", name=op.f("ck_title_events_kind_known")),
        sa.CheckConstraint(
            "event = 'refused' OR model_id IS NOT NULL",
            name=op.f("ck_title_events_title_goes_to_a_model"),
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.model_id"], name=op.f("fk_title_events_model_id")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_title_events")),
    )
    op.create_index(op.f("ix_title_events_model_id"), "title_events", ["model_id"])
    nightly = sa.text("event IN ('promoted', 'refused')")
    op.create_index(
        "uq_title_events_once_a_night",
        "title_events",
        ["kind", "night", "name"],
        unique=True,
        sqlite_where=nightly,
        postgresql_where=nightly,
    )
    op.execute(SO_FAR.format(midnight=MIDNIGHT[dialect]))
    for statement in ADD_ONLY[dialect]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("title_events")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION title_events_not_changed")
    # An older version knows one model a night: the one that was promoted, where one was.
    op.execute(
        "DELETE FROM models WHERE refused AND EXISTS (SELECT 1 FROM models AS other "
        "WHERE other.kind = models.kind AND other.night = models.night AND NOT other.refused)"
    )
    with op.batch_alter_table("models") as batch:
        batch.drop_constraint(op.f("ck_models_refused_is_no_champion"), type_="check")
        batch.drop_constraint(op.f("uq_models_kind_night_name"), type_="unique")
        batch.create_unique_constraint(op.f("uq_models_kind_night"), ["kind", "night"])
        batch.drop_column("refused")
        batch.drop_column("watched")
