"""Migrations and the opening of the database."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

from connectors import migrations, schema
from connectors.database import open_database
from connectors.errors import ConfigError, StoreBusy, StoreError


def url_of(path: Path) -> str:
    """Name a SQLite file as SQLAlchemy does."""
    return f"sqlite:///{path}"


def defaults(engine: Engine, table: str) -> dict[str, str | None]:
    """Return the default of each column."""
    return {column["name"]: column["default"] for column in inspect(engine).get_columns(table)}


def test_migrations_make_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    """A database that was migrated differs in nothing from the schema."""
    migrated, made = open_database(url_of(tmp_path / "cyrano.db")), create_engine("sqlite://")
    schema.metadata.create_all(made)
    with migrated.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    # Alembic cannot compare defaults on SQLite.
    for table in schema.metadata.tables:
        assert defaults(migrated, table) == defaults(made, table)
    migrated.dispose()


def test_the_newest_version_is_named() -> None:
    """HEAD spares a start the import of Alembic, so it must be right."""
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == migrations.HEAD


def test_an_up_to_date_database_opens_without_alembic(tmp_path: Path) -> None:
    """Every start but the first is spared half a second."""
    open_database(url_of(tmp_path / "cyrano.db")).dispose()
    code = (
        "import sys\nfrom connectors.database import open_database\n"
        f"open_database({url_of(tmp_path / 'cyrano.db')!r})\n"
        "assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_processes_may_make_the_database_at_once(tmp_path: Path) -> None:
    """One migrates, the other waits and finds it done."""
    code = f"from connectors.database import open_database\nopen_database({url_of(tmp_path / 'cyrano.db')!r})"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]


def test_only_its_owner_may_read_the_database(tmp_path: Path) -> None:
    """Mail is private, whatever the umask says."""
    open_database(url_of(tmp_path / "cyrano.db")).dispose()
    assert (tmp_path / "cyrano.db").stat().st_mode & 0o077 == 0


def test_commits_are_durable_and_keys_are_checked(tmp_path: Path) -> None:
    """WAL, full syncs and foreign keys are on for every connection."""
    engine = open_database(url_of(tmp_path / "cyrano.db"))
    with engine.connect() as connection:
        said = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    engine.dispose()
    assert said == ["wal", 2, 1]


def test_refuses_the_database_of_a_newer_program(tmp_path: Path) -> None:
    """An old program must not write into tables it does not know."""
    engine = open_database(url_of(tmp_path / "cyrano.db"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="newer Cyrano"):
        open_database(url_of(tmp_path / "cyrano.db"))


def test_says_that_a_file_is_no_database(tmp_path: Path) -> None:
    """A foreign file is left alone."""
    (tmp_path / "cyrano.db").write_bytes(b"Not a database. " * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_database(url_of(tmp_path / "cyrano.db"))


def test_says_that_the_folder_is_missing(tmp_path: Path) -> None:
    """A database cannot be made in a folder that is not there."""
    with pytest.raises(StoreError, match="cannot be created"):
        open_database(url_of(tmp_path / "nowhere" / "cyrano.db"))


@pytest.mark.parametrize("url", ["nonsense", "sqlserver9://x", "postgresql+nosuchdriver://localhost/x"])
def test_says_that_the_url_is_wrong(url: str) -> None:
    """A URL that names no usable database is a mistake in the configuration."""
    with pytest.raises(ConfigError, match="URL"):
        open_database(url)


def test_says_that_another_process_holds_the_database(tmp_path: Path) -> None:
    """Waiting has an end, and the end has a message."""
    engine = open_database(url_of(tmp_path / "cyrano.db"), busy_timeout_s=0.1)
    other = sqlite3.connect(tmp_path / "cyrano.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="another process"), engine.begin() as connection:
        connection.execute(schema.account.delete())
    other.close()
    engine.dispose()


def test_says_that_the_disk_is_full(tmp_path: Path) -> None:
    """A full disk is an error with a way out; SQLite's own limit of pages stands in for it."""
    engine = open_database(url_of(tmp_path / "cyrano.db"))
    with engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count = 1"))
        with pytest.raises(StoreError, match="disk is full") as caught:
            connection.execute(text("CREATE TABLE more AS SELECT randomblob(100000) AS x"))
    assert caught.value.hint
    engine.dispose()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everything")
def test_says_that_the_file_may_not_be_written(tmp_path: Path) -> None:
    """A read-only database is said to be one."""
    open_database(url_of(tmp_path / "cyrano.db")).dispose()
    (tmp_path / "cyrano.db").chmod(0o400)
    engine = open_database(url_of(tmp_path / "cyrano.db"))
    with pytest.raises(StoreError, match="may not be written"), engine.begin() as connection:
        connection.execute(schema.account.delete())
