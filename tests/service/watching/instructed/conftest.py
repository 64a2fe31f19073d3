"""A mailbox whose owner asks for something."""

import pytest

from connectors.archive import Archive
from tests.service.watching.fake_mailbox import DRAFTS
from tests.service.watching.instructed.asking import OPTIONS, Mailbox, asking
from tests.service.watching.watched import World


@pytest.fixture
def world(archive: Archive) -> World:
    """A mailbox with one such draft in it."""
    made = World(archive, server=Mailbox(), options=dict(OPTIONS))
    made.server.put(DRAFTS, asking())
    return made
