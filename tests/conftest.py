"""What all tests share: servers that are started once and only where a test asks for them."""

import os
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import settings

from tests import dovecot as server
from tests.gmail import emulate as google
from tests.gmail.standin import COMPOSE, READONLY, Gmail, running_gmail
from tests.parts import require

# Tests run side by side: threads of two of them on one core spin while they wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# They also take turns: how long an example took says nothing of the code.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[server.Dovecot]:
    """A real IMAP server."""
    require("Dovecot", is_there=server.is_installed(), install="apt-get install --no-install-recommends dovecot-imapd")
    with server.running_dovecot() as running:
        yield running


@pytest.fixture(scope="session")
def emulate() -> Iterator[google.Emulate]:
    """A stand-in for Google's APIs."""
    require("The npm package emulate", is_there=google.is_installed(), install=google.INSTALL)
    with google.running_emulate() as running:
        yield running


_MAILBOX = count()


@pytest.fixture
def gmail(emulate: google.Emulate) -> Iterator[Gmail]:
    """An empty Gmail mailbox, open to the token "good"; at the end, nothing may have been asked wrongly."""
    with running_gmail(emulate, next(_MAILBOX)) as running:
        running.tokens["good"] = frozenset({READONLY, COMPOSE})
        yield running
