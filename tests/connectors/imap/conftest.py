"""What tests of IMAP share."""

from collections.abc import Iterator

import pytest

from tests.dovecot import Dovecot


@pytest.fixture
def server(dovecot: Dovecot) -> Iterator[Dovecot]:
    """A server where Alice has no mail yet."""
    dovecot.forget("alice")
    yield dovecot
    dovecot.forget("alice")
