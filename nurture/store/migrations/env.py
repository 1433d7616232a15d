"""Alembic's entry: runs the numbered migrations on the connection that `upgrade` hands over."""

from alembic import context

from nurture.store.tables import Model

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Model.metadata, compare_server_default=True)
with context.begin_transaction():
    context.run_migrations()
