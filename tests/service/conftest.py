"""What tests of the service share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, text

from connectors import schema
from connectors.archive import Archive
from service.http import HttpSettings
from service.web import create_app
from tests.parts import require
from tests.service.refresh import databases
from tests.service.stand_ins import House, add_people, make_database
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Engine]:
    """A PostgreSQL server's database, with all tables."""
    require("PostgreSQL", is_there=databases.is_installed(), install=databases.INSTALL)
    with databases.running_postgres() as url, databases.opened(url) as engine:
        yield engine


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.server, pytest.mark.process])])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A database with the accounts "ana" and "bob", of both kinds there are."""
    if request.param == "sqlite":
        return make_database(tmp_path)
    engine: Engine = request.getfixturevalue("postgres")
    with engine.begin() as connection:
        names = ", ".join(f'"{table.name}"' for table in schema.metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names}"))
    add_people(engine)
    return engine


@pytest.fixture
def house(engine: Engine) -> House:
    """A drafter with its stand-ins."""
    return House(engine=engine)


@pytest.fixture
def client(house: House) -> FlaskClient:
    """A client of the service; it shows no token by itself."""
    return create_app(house.parts(), HttpSettings()).test_client()


@pytest.fixture
def world(archive: Archive) -> World:
    """A watched mailbox."""
    return World(archive)
