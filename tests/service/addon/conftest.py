"""What the tests of the add-on share."""

from pathlib import Path

import pytest

from tests.service.addon.house import AddonHouse
from tests.service.stand_ins import House, make_database


@pytest.fixture
def house(tmp_path: Path) -> AddonHouse:
    """The add-on on the real HTTP application, with stand-ins for the model, Gmail and Google's keys."""
    return AddonHouse(house=House(engine=make_database(tmp_path)))
