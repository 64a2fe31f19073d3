"""IMAP against a real server: the ways of connecting, and what is said where it fails."""

import socket
import threading
from pathlib import Path

import pytest

from connectors.errors import AccountError, AuthError, ConfigError, Unreachable
from connectors.imap.account import ImapAccount
from tests.connectors.imap.alice import account, numbers, record, send
from tests.connectors.samples import account_record
from tests.dovecot import Dovecot
from tests.wire import wire_to


@pytest.mark.server
@pytest.mark.parametrize("security", ["tls", "starttls", "plain"])
def test_reads_over_every_kind_of_connection(server: Dovecot, security: str) -> None:
    """TLS, STARTTLS, and plain connections to this machine."""
    send(server, 1)
    port = server.tls_port if security == "tls" else server.port
    assert numbers(account(server, security=security, port=port)) == [1]


@pytest.mark.server
def test_starttls_hides_the_password(server: Dovecot) -> None:
    """What goes over the wire before TLS names no password."""
    with wire_to(server.port) as wire:
        assert numbers(account(server, security="starttls", port=wire.port)) == []
        assert b"STARTTLS" in wire.sent
        assert b"secret-a" not in wire.sent


@pytest.mark.server
def test_says_that_the_password_is_wrong(server: Dovecot) -> None:
    """The hint names app passwords: that is what it most often is."""
    with pytest.raises(AuthError, match="refused") as caught:
        numbers(ImapAccount(record(server), "wrong"))
    assert caught.value.permanent
    assert "app password" in caught.value.hint


@pytest.mark.server
def test_a_password_may_have_any_letters(server: Dovecot) -> None:
    """Umlauts reach the server, which here refuses them as it would any wrong password."""
    with pytest.raises(AuthError, match="refused"):
        numbers(ImapAccount(record(server), "pässwört"))


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ("[ALERT] Too many simultaneous connections. (Failure)", Unreachable, "now"),
        ("[UNAVAILABLE] Temporary authentication failure.", Unreachable, "now"),
        ("[PRIVACYREQUIRED] Plaintext authentication disallowed.", AuthError, "plain connection"),
        ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", AuthError, "refused user name or password"),
    ],
)
def test_tells_a_wrong_password_from_other_refusals(answer: str, error: type[AccountError], words: str) -> None:
    """A server that is only busy must not look like a wrong password: a watcher would give up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = {"host": "127.0.0.1", "port": listener.getsockname()[1], "user": "alice", "security": "plain"}
        refusal = threading.Thread(target=_refuse_login, args=(listener, answer))
        refusal.start()
        with pytest.raises(error, match=words):
            numbers(ImapAccount(account_record(**settings), "x"))
        refusal.join()


def test_says_that_nobody_answers() -> None:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings = {"host": "127.0.0.1", "port": port, "user": "alice", "security": "plain"}
    with pytest.raises(Unreachable, match="cannot be reached") as caught:
        numbers(ImapAccount(account_record(**settings), "x"))
    assert not caught.value.permanent


def test_says_that_there_is_no_such_host() -> None:
    """A name that cannot exist (RFC 6761)."""
    with pytest.raises(Unreachable, match="no server"):
        numbers(ImapAccount(account_record(host="imap.invalid", user="alice"), "x"))


@pytest.mark.server
def test_trusts_no_unknown_certificate(server: Dovecot) -> None:
    """A certificate that nobody vouches for ends the connection before the password is told."""
    with wire_to(server.tls_port) as wire, pytest.raises(Unreachable, match="not trusted") as caught:
        numbers(account(server, port=wire.port, ca_file=""))
    assert "--ca-file" in caught.value.hint


@pytest.mark.server
def test_says_that_a_port_speaks_no_tls(server: Dovecot) -> None:
    """TLS against the plain port."""
    with pytest.raises(Unreachable, match="TLS") as caught:
        numbers(account(server, port=server.port))
    assert "starttls" in caught.value.hint


def test_tells_no_password_in_the_clear() -> None:
    """A plain connection to another machine is refused before it is made."""
    with pytest.raises(ConfigError, match="plain"):
        numbers(ImapAccount(account_record(host="192.0.2.1", user="alice", security="plain"), "x"))


def test_says_that_the_certificate_file_is_missing(tmp_path: Path) -> None:
    """A wrong path is no reason to trust the system's certificates instead."""
    settings = {"host": "localhost", "user": "alice", "ca_file": str(tmp_path / "nothing.pem")}
    with pytest.raises(ConfigError, match=r"nothing\.pem"):
        numbers(ImapAccount(account_record(**settings), "x"))


@pytest.mark.server
def test_refuses_settings_it_does_not_know(server: Dovecot) -> None:
    """A misspelt setting is no silent default."""
    with pytest.raises(ConfigError, match="hots"):
        account(server, hots="x")


def test_garbage_is_no_server() -> None:
    """Something that answers, but not IMAP, is an error in words."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = {"host": "127.0.0.1", "port": listener.getsockname()[1], "user": "alice", "security": "plain"}
        web = threading.Thread(target=_answer_like_a_web_server, args=(listener,))
        web.start()
        with pytest.raises(AccountError):
            numbers(ImapAccount(account_record(**settings), "x"))
        web.join()


def _refuse_login(listener: socket.socket, answer: str) -> None:
    end, _ = listener.accept()
    with end, end.makefile("rwb") as wire:
        wire.write(b"* OK Ready.\r\n")
        wire.flush()
        for line in wire:
            tag, command = line.decode().split()[:2]
            said = f"NO {answer}" if command == "LOGIN" else "OK Done."
            wire.write(f"* CAPABILITY IMAP4rev1\r\n{tag} {said}\r\n".encode())
            wire.flush()


def _answer_like_a_web_server(listener: socket.socket) -> None:
    end, _ = listener.accept()
    with end:
        end.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
