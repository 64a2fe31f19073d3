"""What tests of access share."""

from datetime import datetime

import pytest

from tests.clock import Clock
from tests.service.stand_ins import NOON


@pytest.fixture
def clock() -> Clock[datetime]:
    """Noon, until it is moved."""
    return Clock(NOON)
