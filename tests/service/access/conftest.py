"""What tests of access share."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from service.http import HttpSettings
from service.web import create_app
from tests.service.stand_ins import House, make_database


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A database with the accounts "ana" and "bob"."""
    return make_database(tmp_path)


@pytest.fixture
def house(engine: Engine) -> House:
    """A drafter with its stand-ins."""
    return House(engine=engine)


@pytest.fixture
def client(house: House) -> FlaskClient:
    """A client of the service; it shows no token by itself."""
    return create_app(house.parts(), HttpSettings()).test_client()
