"""How the tables came to be, step by step. Alembic runs these; `connectors.database` decides when."""

HEAD = "0006"
"""The newest version, named here so that a database that is up to date need not load Alembic."""
