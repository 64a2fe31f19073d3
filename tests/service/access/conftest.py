"""What tests of access share."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from service.http import HttpSettings
from service.web import create_app
from tests.service.stand_ins import House


@pytest.fixture
def house(engine: Engine) -> House:
    """A drafter with its stand-ins."""
    return House(engine=engine)


@pytest.fixture
def client(house: House) -> FlaskClient:
    """A client of the service; it shows no token by itself."""
    return create_app(house.parts(), HttpSettings()).test_client()
