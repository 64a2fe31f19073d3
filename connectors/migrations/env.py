"""What Alembic runs to migrate over the connection it is given; the transaction is the caller's."""

from alembic import context

from connectors.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
