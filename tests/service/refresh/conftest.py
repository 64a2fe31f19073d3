"""What tests of refreshes begin with."""

from pathlib import Path

import pytest

from connectors.archive import Archive
from tests.service.refresh.house import House


@pytest.fixture
def house(archive: Archive, tmp_path: Path) -> House:
    """A home with a first adapter, and three mails sent since."""
    house = House(archive, tmp_path / "home")
    house.learn_first()
    house.send(3)
    house.sync()
    return house
