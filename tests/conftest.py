"""What all tests share: servers that are started once and only where a test asks for them."""

from collections.abc import Iterator

import pytest

from tests import dovecot as server
from tests.parts import require


@pytest.fixture(scope="session")
def dovecot() -> Iterator[server.Dovecot]:
    """A real IMAP server."""
    require("Dovecot", is_there=server.is_installed(), install="apt-get install --no-install-recommends dovecot-imapd")
    with server.running_dovecot() as running:
        yield running
