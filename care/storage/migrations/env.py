"""Alembic's entry: runs on the connection that ``care.storage.schema`` hands over."""

from alembic import context

from care.storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
