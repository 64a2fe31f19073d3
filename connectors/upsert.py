"""An insert that says what to do about rows that are there: each database has its own."""

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = sqlite.Insert | postgresql.Insert


def insert_into(table: Table, database: Engine | Connection) -> Insert:
    """Return an insert that knows conflicts, in the way of a database."""
    return postgresql.insert(table) if database.dialect.name == "postgresql" else sqlite.insert(table)
