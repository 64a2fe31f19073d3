"""Opening the one database: SQLite or PostgreSQL, brought to the newest tables, its errors said in plain words.

The rules this module keeps:
1. A commit that returned is on the disk; half a migration is none.
2. No error of the database driver gets past the engine untranslated, except a broken constraint.
"""

import logging
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, inspect, text
from sqlalchemy.engine import URL, ExceptionContext, make_url

from connectors import migrations
from connectors.errors import ConfigError, StoreBusy, StoreError

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 10.0

_TAKE_TURNS = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": f"SELECT pg_advisory_xact_lock({int.from_bytes(b'cyrano')})",
}

_SAID_BY_SQLITE: dict[int, tuple[type[StoreError], str, str]] = {
    sqlite3.SQLITE_FULL: (StoreError, "The disk is full.", "Free some disk space, then run the command again."),
    sqlite3.SQLITE_BUSY: (
        StoreBusy,
        "The database is locked by another process.",
        "Wait until it has finished or stop it, then run the command again.",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreError,
        "The database may not be written.",
        "Give this user the right to write the file and its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreError,
        "The database cannot be opened.",
        "Check that its folder exists and that this user may write it.",
    ),
    sqlite3.SQLITE_NOTADB: (
        StoreError,
        "The file is not a database of Cyrano's.",
        "Move it away, or name another one.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        StoreError,
        "The database is damaged.",
        "Put back a copy, or move the file away and sync again.",
    ),
}


def open_database(url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """Open the database named by a SQLAlchemy URL and bring its tables up to date.

    Raises:
        ConfigError: the URL names no database this program can use.
        StoreError: the database cannot be opened, or a newer Cyrano made it.
    """
    try:
        target = make_url(url)
        is_sqlite = target.get_backend_name() == "sqlite"
        connect_args = {"timeout": busy_timeout_s} if is_sqlite else {}
        # Else errors quote what was to be stored, and that is mail.
        engine = create_engine(target, connect_args=connect_args, hide_parameters=True)
    except (exc.ArgumentError, exc.NoSuchModuleError, ModuleNotFoundError) as error:
        hint = 'Use "sqlite:///path/to/cyrano.db", or "postgresql+psycopg://…" with cyrano-mail[postgres] installed.'
        raise ConfigError(f"The database URL cannot be used: {error}", hint=hint) from error
    event.listen(engine, "handle_error", _translate)
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        _make_private(target)
    if _version(engine) != migrations.HEAD:
        _migrate(engine)
    return engine


def _make_private(target: URL) -> None:
    """Create the file before SQLite does, so that only its owner may read the mail in it."""
    if target.database and not Path(target.database).exists():
        try:
            Path(target.database).touch(mode=0o600)
        except OSError as error:
            hint = "Check that its folder exists and that this user may write it."
            raise StoreError(f"The database cannot be created: {error}", hint=hint) from error


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # FULL: a draft must not be forgotten after it was appended, not even when the power goes.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _version(engine: Engine) -> str:
    """Return the version of the tables; "" for an empty database. Spares the import of Alembic where all is well."""
    with engine.connect() as connection:
        return _version_on(connection)


def _version_on(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _migrate(engine: Engine) -> None:
    """Run the missing migrations, in one transaction; of several processes, one does it and the others wait."""
    from alembic import command  # noqa: PLC0415  half a second that only a new database pays
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    with engine.begin() as connection:
        connection.exec_driver_sql(_TAKE_TURNS[engine.dialect.name])
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            hint = "Install the newest Cyrano, or name another database."
            raise StoreError("The database was made by a newer Cyrano.", hint=hint) from error
    logger.info("The database is at version %s.", migrations.HEAD)


def _translate(context: ExceptionContext) -> None:
    error = context.original_exception
    dbapi: Any = context.dialect.dbapi
    if not isinstance(error, dbapi.Error) or isinstance(error, dbapi.IntegrityError):
        return
    # The low byte is the primary code; the rest tells variants apart (SQLITE_BUSY_SNAPSHOT).
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    kind, message, hint = _SAID_BY_SQLITE.get(code, (StoreError, f"The database failed: {error}", ""))
    raise kind(message, hint=hint or "See the message; cyrano doctor checks the database.") from error
