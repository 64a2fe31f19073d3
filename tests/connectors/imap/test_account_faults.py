"""IMAP against a real server that hangs up, refuses, falls silent or answers late: no mail is lost for it."""

import re
from collections.abc import Callable

import pytest

from connectors.account import RawMessage
from connectors.errors import AccountError, Unreachable
from connectors.imap.account import ImapAccount
from tests.connectors.imap.alice import SENT, account, numbers, plain, send
from tests.dovecot import PASSWORDS, Dovecot
from tests.wire import wire_to


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
    read = list[RawMessage]()
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
