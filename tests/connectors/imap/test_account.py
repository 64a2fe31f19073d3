"""IMAP against a real server: the ways of connecting, what can go wrong, and what is done about it."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.account import AccountRecord, RawMessage
from connectors.errors import AccountError, AuthError, ConfigError, FolderError, Unreachable
from connectors.imap.account import ImapAccount
from tests.connectors.samples import account_record, raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.wire import Wire, wire_to

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
def test_asks_for_marks_that_are_told_only_to_those_who_ask(server: Dovecot) -> None:
    """RFC 6154 lets a server keep SPECIAL-USE out of a plain LIST."""
    send(server, 1)
    with wire_to(server.port) as wire:
        wire.to_client = lambda block: (
            block if b"RETURN (SPECIAL-USE)" in wire.sent else re.sub(rb" ?\\\\(Sent|Drafts|Archive)", b"", block)
        )
        assert numbers(ImapAccount(plain(wire), PASSWORDS["alice"])) == [1]


@pytest.mark.server
def test_a_folder_whose_name_is_broken_is_passed_over(server: Dovecot) -> None:
    """Modified UTF-7 that is none hides no other folder."""
    send(server, 1)
    with wire_to(server.port) as wire:
        wire.to_client = lambda block: block.replace(b'"Archiv"', b'"Archi&v"').replace(b" Archiv\r", b" Archi&v\r")
        assert numbers(ImapAccount(plain(wire), PASSWORDS["alice"])) == [1]
        assert list(ImapAccount(plain(wire), PASSWORDS["alice"]).received(["m9@example.org"])) == []


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
    """A huge attachment is not even fetched; that it was left out is said, and the cursor goes past it."""
    with server.login("alice") as client:
        client.append(SENT, raw_mail(1, body="x" * 50_000).replace(b"\n", b"\r\n"))
    send(server, 2)
    with wire_to(server.port) as wire:
        reading = ImapAccount(plain(wire), PASSWORDS["alice"], max_message_bytes=20_000)
        large, small = reading.sent_since(None)
        assert b"UID FETCH 2 (UID BODY" in wire.sent
    assert large.raw == b""
    assert "0.1 MB" in large.left_out
    assert small.left_out == ""
    assert numbers(account(server), large.cursor) == [2]


@pytest.mark.server
@pytest.mark.parametrize("last_words", [b"", b"* BYE Server is going down.\r\n"])
@pytest.mark.parametrize("cut_after_bytes", [0, 30, 200, 300, 400])
def test_a_server_that_hangs_up_early_is_unreachable(server: Dovecot, cut_after_bytes: int, last_words: bytes) -> None:
    """Before the first message there is nothing to go on with: the next sync tries again."""
    send(server, *range(3))
    with wire_to(server.port) as wire:
        wire.cut_after_bytes, wire.last_words = cut_after_bytes, last_words
        with pytest.raises(Unreachable):
            numbers(ImapAccount(plain(wire), PASSWORDS["alice"]))
        wire.cut_after_bytes = None
        assert numbers(ImapAccount(plain(wire), PASSWORDS["alice"])) == [0, 1, 2]


@pytest.mark.server
@pytest.mark.parametrize("last_words", [b"", b"\r\n* BYE Server is going down.\r\n"])
@pytest.mark.parametrize("cut_after_bytes", [5_000, 9_999, 40_000])
def test_goes_on_after_a_cut_connection(server: Dovecot, cut_after_bytes: int, last_words: bytes) -> None:
    """Wherever the wire breaks, again and again, every message comes once, in order."""
    send(server, *range(120))
    with wire_to(server.port) as wire:
        wire.cut_after_bytes, wire.last_words = cut_after_bytes, last_words
        assert numbers(ImapAccount(plain(wire), PASSWORDS["alice"])) == list(range(120))
        assert wire.connections > 1


@pytest.mark.server
def test_gives_up_a_server_that_always_hangs_up(server: Dovecot) -> None:
    """What came before stands; the reading ends, and nothing is left out for it."""
    send(server, *range(120))
    read: list[RawMessage] = []
    with wire_to(server.port) as wire:
        reading = ImapAccount(plain(wire), PASSWORDS["alice"]).sent_since(None)
        read.extend(next(reading) for _ in range(50))
        wire.to_server = lambda block: None if b"BODY.PEEK[]" in block else block
        with pytest.raises(Unreachable):
            read.extend(reading)
        wire.to_server = bytes
        read.extend(ImapAccount(plain(wire), PASSWORDS["alice"]).sent_since(read[-1].cursor))
    assert len({each.ref for each in read}) == len(read) == 120
    assert not any(each.left_out for each in read)


@pytest.mark.server
@pytest.mark.parametrize("refuse", [lambda _block: None, lambda block: block.replace(b"BODY.PEEK[]", b"BODY.PEEK[X]")])
@pytest.mark.parametrize("bad", [[0], [60], [119], [3, 4, 117]])
def test_a_message_that_is_not_handed_over_is_left_out_alone(
    server: Dovecot, refuse: Callable[[bytes], bytes | None], bad: list[int]
) -> None:
    """The server refuses it, or hangs up when asked for it: all others come, in order, and it is told which did not."""
    send(server, *range(120))

    def to_server(block: bytes) -> bytes | None:
        asked = re.search(rb"UID FETCH ([0-9,]+) \(UID BODY", block)
        uids = asked[1].split(b",") if asked else []
        return refuse(block) if any(b"%d" % (number + 1) in uids for number in bad) else block

    with wire_to(server.port) as wire:
        wire.to_server = to_server
        found = list(ImapAccount(plain(wire), PASSWORDS["alice"]).sent_since(None))
    assert [int(each.cursor.partition(":")[2]) for each in found] == list(range(1, 121))
    assert [at for at, each in enumerate(found) if each.left_out] == bad
    assert all("does not hand it over" in found[at].left_out and found[at].raw == b"" for at in bad)


@pytest.mark.server
def test_a_server_that_refuses_everything_is_an_error(server: Dovecot) -> None:
    """Then it is not the messages' fault, and none is left out."""
    send(server, *range(5))
    with wire_to(server.port) as wire:
        wire.to_server = lambda block: block.replace(b"BODY.PEEK[]", b"BODY.PEEK[X]")
        with pytest.raises(AccountError, match="answered"):
            list(ImapAccount(plain(wire), PASSWORDS["alice"]).sent_since(None))


@pytest.mark.server
def test_a_file_the_server_cannot_read_is_left_out_alone(server: Dovecot) -> None:
    """A real one: Dovecot hangs up on a message that it may not read."""
    send(server, *range(20))
    with server.login("alice") as client:
        client.select_folder(SENT)
    for path in (server.folder / "mail/alice/Maildir/.Gesendet/cur").iterdir():
        if b"Subject: Mail 7\r\n" in path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"):
            path.chmod(0)
    found = list(account(server).sent_since(None))
    assert [at for at, each in enumerate(found) if each.left_out] == [7]
    assert len(found) == 20


@pytest.mark.server
def test_a_server_that_says_nothing_more_is_given_up(server: Dovecot) -> None:
    """It does not hold the sync for ever."""
    send(server, *range(60))
    with wire_to(server.port) as wire:
        wire.hang_after_bytes = 400
        reading = ImapAccount(plain(wire), PASSWORDS["alice"], read_timeout_s=0.2)
        with pytest.raises(Unreachable):
            numbers(reading)
        wire.hang_after_bytes = None
        assert len(numbers(reading)) == 60


@pytest.mark.server
def test_a_server_that_falls_silent_in_a_message_is_asked_anew(server: Dovecot) -> None:
    """Over another connection, and for less at once."""
    send(server, *range(60))
    with wire_to(server.port) as wire:
        wire.hang_after_bytes = 9_000
        assert numbers(ImapAccount(plain(wire), PASSWORDS["alice"], read_timeout_s=0.2)) == list(range(60))


@pytest.mark.server
def test_a_server_that_answers_late_is_waited_for(server: Dovecot) -> None:
    """Slow is not broken."""
    send(server, *range(60))
    with wire_to(server.port) as wire:
        wire.delay_s = 0.05
        assert len(numbers(ImapAccount(plain(wire), PASSWORDS["alice"], read_timeout_s=5))) == 60


@pytest.mark.server
def test_literals_that_may_hold_nul_are_read(server: Dovecot) -> None:
    """RFC 3516: some servers answer with "~{…}" where a message has bytes that ordinary literals may not have."""
    send(server, 1, 2)
    with wire_to(server.port) as wire:
        wire.to_client = lambda block: block.replace(b"BODY[] {", b"BODY[] ~{")
        assert numbers(ImapAccount(plain(wire), PASSWORDS["alice"])) == [1, 2]


@pytest.mark.server
def test_lasting_ids_spare_reading_again(server: Dovecot) -> None:
    """With X-GM-EXT-1 a renumbered folder costs the messages that the archive does not hold, and no others."""
    send(server, *range(4))
    with wire_to(server.port) as wire:
        like_gmail(wire)
        first = list(ImapAccount(plain(wire), PASSWORDS["alice"]).sent_since(None))
        assert [each.server_id for each in first] == ["9001", "9002", "9003", "9004"]
        known = ImapAccount(plain(wire), PASSWORDS["alice"], is_known=lambda ids: ids & {"9001", "9002", "9004"})
        again = list(known.sent_since("77:4"))
    assert [bool(each.raw) for each in again] == [False, False, True, False]
    assert [each.cursor for each in again] == [each.cursor for each in first]
    assert not any(each.left_out for each in again)


def like_gmail(wire: Wire) -> None:
    """Have a server look as if it gave lasting ids."""
    wire.to_server = lambda block: block.replace(b" X-GM-MSGID", b"")
    wire.to_client = lambda block: re.sub(
        rb"\(UID (\d+)", rb"(X-GM-MSGID 900\1 UID \1", block.replace(b"IMAP4rev1 ", b"IMAP4rev1 X-GM-EXT-1 ")
    )


@pytest.mark.server
def test_finds_the_mail_that_was_answered(server: Dovecot) -> None:
    """In the inbox, the archive and wherever it was filed, but not among junk or drafts; byte for byte, left unseen."""
    with server.login("alice") as client:
        client.create_folder("Büro/Post & Eingang")
        client.create_folder("Spam")
    folders = ("INBOX", "Archiv", "Büro/Post & Eingang", "Spam", "Entwürfe", SENT)
    for number, folder in enumerate(folders):
        send(server, number, folder=folder)
    reading = account(server)
    wanted = [f"m{number}@example.org" for number in range(9)]
    found = {each.ref.partition(";")[0]: each.raw for each in reading.received(wanted)}
    assert found == {folders[number]: raw_mail(number).replace(b"\n", b"\r\n") for number in range(3)}
    assert list(reading.received(["m0", 'x" OR ALL', "a\r\nb", "(", "", "ü", "m1@example.or"])) == []
    reading.close()
    with server.login("alice") as client:
        client.select_folder("INBOX", readonly=True)
        assert client.search("UNSEEN") == [1]


@pytest.mark.server
def test_after_a_lost_connection_another_is_made(server: Dovecot) -> None:
    """Looking for answered mail does not go on over a line that is dead."""
    send(server, 1, folder="INBOX")
    with wire_to(server.port) as wire:
        reading = ImapAccount(plain(wire), PASSWORDS["alice"])
        wire.cut_after_bytes = 300
        with pytest.raises(Unreachable):
            list(reading.received(["m1@example.org"]))
        wire.cut_after_bytes = None
        assert len(list(reading.received(["m1@example.org"]))) == 1
        reading.close()


def plain(wire: Wire) -> AccountRecord:
    """Make Alice's account at the other end of a wire."""
    return account_record(kind="imap", host="127.0.0.1", port=wire.port, user="alice", security="plain")


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
