"""The names the service answers to."""

import pytest

from service.access.hosts import check_host
from service.http import LOOPBACK
from service.problems import WrongHost


@pytest.mark.parametrize("host", ["127.0.0.1:8380", "localhost:8380", "LOCALHOST:8380", "[::1]:8380", "localhost"])
def test_our_own_names_are_let_in(host: str) -> None:
    """Loopback under its names, with our port or, behind a proxy, none."""
    check_host(host, LOOPBACK, 8380)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example:8380", "127.0.0.1:8381", "localhost.evil.example:8380", "127.0.0.1@evil.example",
        "evil.example", "127.0.0.1:8380/x", "127.0.0.1:x", "[::1", "localhost:8380,evil.example",
    ],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    """DNS rebinding gets nothing: the page's own name is in the header."""
    with pytest.raises(WrongHost):
        check_host(host, LOOPBACK, 8380)


def test_name_with_port_holds_for_that_port() -> None:
    """An entry with a port lets in that port only."""
    check_host("mail.example.org:443", ["mail.example.org:443"], 8380)
    for host in ("mail.example.org:8380", "mail.example.org"):
        with pytest.raises(WrongHost):
            check_host(host, ["mail.example.org:443"], 8380)
