"""The ledger's schema: brought to the version this code needs, forward and back, by Alembic."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from care.storage.database import UnableToOpenLedger, writing

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0016"
LOCK = 0x6361_7265  # "care": one migration at a time on PostgreSQL; SQLite locks by itself


def upgrade(engine: Engine, revision: str = HEAD) -> None:
    """Bring the schema to a revision, ``head`` unless told; nothing happens if it is there."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        current = revision_of(connection)
        if current == revision:
            return
        if current is not None and current > HEAD:
            raise UnableToOpenLedger(
                f"the ledger's schema is {current}, newer than {HEAD}, which this version of care "
                "knows. Upgrade care on this machine."
            )
        from alembic import command

        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to an earlier revision (``base`` empties the database)."""
    from alembic import command

    with writing(engine) as connection:
        command.downgrade(_config(connection), revision)


def revision_of(connection: Connection) -> str | None:
    """The schema's revision, or nothing for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
