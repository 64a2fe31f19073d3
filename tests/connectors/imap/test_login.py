"""Logging in: passwords and tokens at a real Dovecot, and what a refusal means."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

import pytest
from imapclient import IMAPClient

from connectors.errors import AccountError, AuthError, Unreachable
from connectors.imap.login import log_in
from connectors.imap.session import ImapSettings, close_session, open_session
from tests.dovecot import PASSWORDS, Dovecot
from tests.oauth_authority import SCOPE


@dataclass(kw_only=True)
class Given:
    """A source with the tokens of a test, one after the other; the last for ever."""

    tokens: list[str]
    asked: list[bool] = field(default_factory=list)

    def access_token(self, *, fresh: bool = False) -> str:
        """Return a token."""
        self.asked.append(fresh)
        if fresh and len(self.tokens) > 1:
            self.tokens.pop(0)
        return self.tokens[0]


def settings(server: Dovecot) -> ImapSettings:
    """Alice's account, over TLS."""
    return ImapSettings(host="localhost", port=server.tls_port, user="alice", ca_file=str(server.ca_file))


@pytest.mark.server
def test_a_token_opens_the_mailbox(dovecot: Dovecot) -> None:
    """As a password does, by the mechanism the server has."""
    token, _ = dovecot.oauth.authority.consent(SCOPE)
    tokens = Given(tokens=[token])
    for credential in (tokens, PASSWORDS["alice"]):
        client = open_session(settings(dovecot), credential)
        client.select_folder("INBOX", readonly=True)
        close_session(client)
    assert tokens.asked == [False]


@pytest.mark.server
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_both_mechanisms_serve(dovecot: Dovecot, mechanism: str) -> None:
    """Microsoft has only the older one; a refused token is exchanged on the same connection with either."""
    token, _ = dovecot.oauth.authority.consent(SCOPE)
    with _only(dovecot, mechanism) as client:
        tokens = Given(tokens=["ended", token])
        log_in(client, "alice", tokens)
        assert tokens.asked == [False, True]
        client.select_folder("INBOX", readonly=True)


@pytest.mark.server
def test_a_token_that_stays_refused_is_explained(dovecot: Dovecot) -> None:
    """After one exchange; the hint names what a person can look at."""
    with pytest.raises(AuthError, match="refused the token") as caught:
        open_session(settings(dovecot), Given(tokens=["bad-one", "bad-two"]))
    assert caught.value.permanent
    assert "account login" in caught.value.hint
    assert "bad-" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.server
def test_the_token_of_somebody_else_opens_nothing(dovecot: Dovecot) -> None:
    """Signed in with the wrong account: the provider says who it is."""
    token, _ = dovecot.oauth.authority.consent(SCOPE)
    with pytest.raises(AuthError, match="refused the token") as caught:
        open_session(settings(dovecot).model_copy(update={"user": "bob"}), Given(tokens=[token]))
    assert "this very account" in caught.value.hint


@pytest.mark.server
def test_no_token_goes_to_a_server_that_takes_none(dovecot: Dovecot) -> None:
    """The source is not even asked."""
    tokens = Given(tokens=["secret"])
    with _only(dovecot, "PLAIN") as client, pytest.raises(AuthError, match="takes no tokens") as caught:
        log_in(client, "alice", tokens)
    assert "app password" in caught.value.hint
    assert not tokens.asked


@contextmanager
def _only(server: Dovecot, mechanism: str) -> Iterator[IMAPClient]:
    """Connect to a server as if it had one mechanism only."""
    client = IMAPClient("127.0.0.1", server.port, ssl=False)
    client._cached_capabilities = (b"IMAP4REV1", f"AUTH={mechanism}".encode())
    try:
        yield client
    finally:
        client.shutdown()


GMAILS_REASON = "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ=="
REFUSAL = "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)"
BUSY = "NO [ALERT] Too many simultaneous connections. (Failure)"


@pytest.mark.parametrize(
    ("answers", "error", "asked"),
    [
        (["+ ", f"+ {GMAILS_REASON}", REFUSAL] * 2, AuthError, [False, True]),
        (["+ ", REFUSAL] * 2, AuthError, [False, True]),
        (["+ ", BUSY], Unreachable, [False]),
        (["+ ", f"+ {GMAILS_REASON}", REFUSAL, "+ ", BUSY], Unreachable, [False, True]),
        (["+ "], Unreachable, [False]),
        (["+ ", "+ bm9uc2Vuc2U=", REFUSAL] * 2, AuthError, [False, True]),
    ],
)
def test_a_busy_server_is_no_ended_consent(answers: list[str], error: type[AccountError], asked: list[bool]) -> None:
    """A lost connection and a busy server are told apart from a refusal; the reason Gmail gives is acknowledged."""
    tokens = Given(tokens=["one", "two"])
    with scripted(answers) as port, pytest.raises(error):
        open_session(ImapSettings(host="127.0.0.1", port=port, user="alice", security="plain"), tokens)
    assert tokens.asked == asked


@contextmanager
def scripted(answers: list[str]) -> Iterator[int]:
    """Run a server that answers each line with the next of its own, and hangs up after the last."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_serve, args=(listener, answers))
        serving.start()
        yield int(listener.getsockname()[1])
        serving.join()


def _serve(listener: socket.socket, answers: list[str]) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb") as stream:
        _say(stream, "* OK ready")
        tag, left = "", list(answers)
        while left and (line := stream.readline().decode()):
            if " CAPABILITY" in line:
                _say(stream, "* CAPABILITY IMAP4rev1 AUTH=XOAUTH2", f"{line.split()[0]} OK done")
                continue
            tag = line.split()[0] if " AUTHENTICATE " in line else tag
            answer = left.pop(0)
            _say(stream, answer if answer.startswith("+") else f"{tag} {answer}")


def _say(stream: BinaryIO, *lines: str) -> None:
    stream.write("".join(f"{line}\r\n" for line in lines).encode())
    stream.flush()
