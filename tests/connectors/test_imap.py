"""IMAP against a real server: the ways of connecting, what can go wrong, and what is done about it."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.account import AccountRecord, RawMessage
from connectors.errors import AccountError, AuthError, ConfigError, FolderError, Unreachable
from connectors.imap import ImapAccount
from tests.connectors.samples import account_record, raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.wire import wire_to

SENT = "Gesendet"


@pytest.fixture
def server(dovecot: Dovecot) -> Iterator[Dovecot]:
    """A server where Alice has no mail yet."""
    dovecot.forget("alice")
    yield dovecot
    dovecot.forget("alice")


def record(server: Dovecot, **changes: str | int | bool) -> AccountRecord:
    """Make Alice's account, over TLS unless told otherwise."""
    settings = {"host": "localhost", "port": server.tls_port, "user": "alice", "ca_file": str(server.ca_file)}
    return account_record(kind="imap", **settings | changes)


def account(server: Dovecot, **changes: str | int | bool) -> ImapAccount:
    """Open Alice's account."""
    return ImapAccount(record(server, **changes), PASSWORDS["alice"])


def send(server: Dovecot, *numbers: int, folder: str = SENT) -> None:
    """Put mail into Alice's Sent folder."""
    with server.login("alice") as client:
        client.multiappend(folder, [raw_mail(number).replace(b"\n", b"\r\n") for number in numbers])


def numbers(account: ImapAccount, cursor: str | None = None) -> list[int]:
    """Read an account, and name its mail by number."""
    return [int(each.raw.split(b"Subject: Mail ")[1].split()[0]) for each in account.sent_since(cursor)]


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
def test_leaves_mail_unseen(server: Dovecot) -> None:
    """Reading changes nothing on the server."""
    send(server, 1)
    assert numbers(account(server)) == [1]
    with server.login("alice") as client:
        client.select_folder(SENT, readonly=True)
        assert client.search("UNSEEN") == [1]


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
def test_says_which_folders_there_are(server: Dovecot) -> None:
    """Where the folder cannot be found, a person sees what to choose from, umlauts included."""
    with pytest.raises(FolderError, match="Entwürfe") as caught:
        numbers(account(server, sent_folder="Sent"))
    assert "--sent-folder" in caught.value.hint


@pytest.mark.server
def test_a_named_folder_wins(server: Dovecot) -> None:
    """A folder named in the settings is taken instead of the marked one."""
    send(server, 1)
    with server.login("alice") as client:
        client.create_folder("Büro/Post & Ausgang")
    send(server, 2, folder="Büro/Post & Ausgang")
    assert numbers(account(server, sent_folder="Büro/Post & Ausgang")) == [2]


@pytest.mark.server
def test_new_uidvalidity_means_reading_again(server: Dovecot) -> None:
    """A folder that was made anew has the same UIDs for other mail."""
    send(server, 1, 2)
    cursor = list(account(server).sent_since(None))[-1].cursor
    with server.login("alice") as client:
        client.delete_folder(SENT)
        client.create_folder(SENT)
    send(server, 3, 4)
    assert numbers(account(server, sent_folder=SENT), cursor) == [3, 4]


@pytest.mark.server
def test_mail_deleted_on_the_way_is_passed_over(server: Dovecot) -> None:
    """Gaps in the UIDs, and mail that vanishes between search and fetch, stop nothing."""
    send(server, *range(70))
    reading = account(server).sent_since(None)
    next(reading)
    with server.login("alice") as client:
        client.select_folder(SENT)
        client.delete_messages([3, 60])
        client.expunge()
    assert len(list(reading)) >= 67


@pytest.mark.server
def test_leaves_out_what_is_too_large(server: Dovecot) -> None:
    """A huge attachment is not even fetched."""
    with server.login("alice") as client:
        client.append(SENT, raw_mail(1, body="x" * 50_000).replace(b"\n", b"\r\n"))
    send(server, 2)
    assert numbers(ImapAccount(record(server), PASSWORDS["alice"], max_message_bytes=20_000)) == [2]


@pytest.mark.server
@pytest.mark.parametrize("cut_after_bytes", [0, 30, 200, 300, 400, 5_000, 40_000])
def test_goes_on_after_a_cut_connection(server: Dovecot, cut_after_bytes: int) -> None:
    """Wherever the wire breaks, what came before stands, and the next connection brings the rest."""
    send(server, *range(120))
    read: list[RawMessage] = []
    with wire_to(server.port) as wire:
        wire.cut_after_bytes = cut_after_bytes
        reading = account(server, security="plain", port=wire.port)
        with pytest.raises(Unreachable):
            read.extend(reading.sent_since(None))
        wire.cut_after_bytes = None
        read.extend(reading.sent_since(read[-1].cursor if read else None))
    assert len(read) == len({each.ref for each in read}) == 120


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
