"""IMAP against a real server: which mail is read, from which folders, and what is left as it was."""

import re

import pytest

from connectors.errors import FolderError
from connectors.imap.account import ImapAccount
from tests.connectors.imap.alice import SENT, account, numbers, plain, send
from tests.connectors.samples import raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.wire import Wire, wire_to


@pytest.mark.server
def test_leaves_mail_unseen(server: Dovecot) -> None:
    """Reading changes nothing on the server."""
    send(server, 1)
    assert numbers(account(server)) == [1]
    with server.login("alice") as client:
        client.select_folder(SENT, readonly=True)
        assert client.search("UNSEEN") == [1]


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
