"""What tests of the service share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from connectors.archive import Archive
from tests.service.watching.watched import ANA, World


@pytest.fixture(scope="session")
def database_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one account, to be copied: making one takes a while."""
    path = tmp_path_factory.mktemp("database") / "cyrano.db"
    archive = Archive.open(f"sqlite:///{path}")
    archive.add_account(ANA)
    archive.close()
    return path


@pytest.fixture
def archive(database_file: Path, tmp_path: Path) -> Iterator[Archive]:
    """A database with one account. It need not survive a loss of power, and does not wait for the disk."""
    path = shutil.copy(database_file, tmp_path / "cyrano.db")
    opened = Archive.open(f"sqlite:///{path}")
    event.listen(opened.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    opened.engine.dispose()
    yield opened
    opened.close()


@pytest.fixture
def world(archive: Archive) -> World:
    """A watched mailbox."""
    return World(archive)
