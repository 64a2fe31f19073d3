"""What the watcher does over IMAP, against a real server."""

import threading
import time
from collections.abc import Iterator

import pytest
from imapclient import IMAPClient

from connectors.account import AccountRecord
from connectors.errors import FolderError, Unreachable
from connectors.imap_mailbox import INBOX, ImapMailbox
from tests.connectors.samples import account_record, raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.wire import Wire, wire_to

pytestmark = pytest.mark.server

DRAFTS = "Entwürfe"


@pytest.fixture
def client(dovecot: Dovecot) -> Iterator[IMAPClient]:
    """Bob's mail program; his mailbox is empty."""
    dovecot.forget("bob")
    with dovecot.login("bob") as opened:
        yield opened
    dovecot.forget("bob")


@pytest.fixture
def wire(dovecot: Dovecot, client: IMAPClient) -> Iterator[Wire]:  # noqa: ARG001  the mailbox is emptied first
    """The line between mailbox and server."""
    with wire_to(dovecot.port) as opened:
        yield opened


@pytest.fixture
def mailbox(wire: Wire) -> Iterator[ImapMailbox]:
    """Bob's mailbox."""
    with ImapMailbox.open(record(wire.port), PASSWORDS["bob"]) as opened:
        yield opened


def record(port: int, **changes: str) -> AccountRecord:
    """Make Bob's account."""
    return account_record("bob", "imap", host="127.0.0.1", port=port, user="bob", security="plain", **changes)


def put(client: IMAPClient, number: int, folder: str = INBOX, flags: tuple[bytes, ...] = ()) -> None:
    """Deliver a message."""
    client.append(folder, raw_mail(number).replace(b"\n", b"\r\n"), flags)


def test_finds_flagged_mail(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Only flagged mail of INBOX that nobody deleted, with its id."""
    put(client, 1)
    put(client, 2, flags=(rb"\Flagged",))
    put(client, 3, flags=(rb"\Flagged", rb"\Deleted"))
    assert [(entry.folder, entry.uid, entry.message_id) for entry in mailbox.find_flagged()] == [
        (INBOX, 2, "m2@example.org")
    ]


def test_finds_mail_in_a_folder(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """All of it; a folder that is not there is said to be missing."""
    client.create_folder("Bitte beantworten/Größe & Co")
    put(client, 1, "Bitte beantworten/Größe & Co")
    assert [entry.uid for entry in mailbox.find_in("Bitte beantworten/Größe & Co")] == [1]
    with pytest.raises(FolderError, match="Nirgends"):
        mailbox.find_in("Nirgends")


def test_reads_mail_without_marking_it_seen(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """The bytes are the server's; mail that is gone is None."""
    put(client, 1)
    assert mailbox.fetch(INBOX, 1) == raw_mail(1).replace(b"\n", b"\r\n")
    assert mailbox.fetch(INBOX, 99) is None
    client.select_folder(INBOX)
    assert client.search("UNSEEN") == [1]


def test_puts_a_draft_into_the_marked_folder(client: IMAPClient, mailbox: ImapMailbox) -> None:
    r"""It lies in the SPECIAL-USE folder, as \Draft and \Seen, and is found by its id."""
    mailbox.append_draft(raw_mail(5))
    assert mailbox.drafts == DRAFTS
    assert mailbox.find_by_message_id(DRAFTS, "m5@example.org") == [1]
    client.select_folder(DRAFTS)
    assert set(client.fetch([1], ["FLAGS"])[1][b"FLAGS"]) >= {rb"\Draft", rb"\Seen"}


@pytest.mark.parametrize("asked", ["5@example.org", "m5@example.or", "m5", "", 'x" OR ALL', "a\r\nb", "ü@x", "\\"])
def test_finds_only_the_very_id(mailbox: ImapMailbox, asked: str) -> None:
    """Parts of an id, and ids made to trip the server up, find nothing."""
    mailbox.append_draft(raw_mail(5))
    assert mailbox.find_by_message_id(DRAFTS, asked) == []
    assert mailbox.find_by_message_id(DRAFTS, "m5@example.org") == [1]


def test_takes_out_one_message_only(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Mail that somebody else marked for deletion stays."""
    put(client, 1, DRAFTS, (rb"\Deleted",))
    put(client, 2, DRAFTS)
    put(client, 3, DRAFTS)
    mailbox.expunge(DRAFTS, 2)
    client.select_folder(DRAFTS)
    assert client.search() == [1, 3]


@pytest.mark.parametrize(("others_deleted", "left"), [(False, [1]), (True, [1, 2])])
def test_takes_out_no_other_without_uidplus(
    client: IMAPClient, mailbox: ImapMailbox, *, others_deleted: bool, left: list[int]
) -> None:
    """On a server that can only expunge all deleted mail, it is done only where there is no other."""
    put(client, 1, DRAFTS, (rb"\Deleted",) if others_deleted else ())
    put(client, 2, DRAFTS)
    mailbox._client._cached_capabilities = (b"IMAP4REV1",)
    mailbox.expunge(DRAFTS, 2)
    client.select_folder(DRAFTS)
    assert client.search() == left
    assert 2 not in client.search("UNDELETED")


def test_wakes_when_mail_arrives(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """IDLE ends within a second or so of a delivery, and of a flag."""
    assert mailbox.find_flagged() == []
    for act in (lambda: put(client, 1), lambda: flag(client)):
        timer = threading.Timer(0.3, act)
        timer.start()
        began_at = time.monotonic()
        assert mailbox.wait_for_change(20)
        assert time.monotonic() - began_at < 10
        timer.join()
        mailbox.find_flagged()


def flag(client: IMAPClient) -> None:
    """Flag the first message of INBOX."""
    client.select_folder(INBOX)
    client.add_flags([1], [rb"\Flagged"])


def test_does_not_sleep_over_what_came_since_the_last_look(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Mail that came between the last search and the wait ends the wait at once, whatever was looked at meanwhile."""
    assert mailbox.find_flagged() == []
    put(client, 1, flags=(rb"\Flagged",))
    mailbox.find_in(DRAFTS)
    began_at = time.monotonic()
    assert mailbox.wait_for_change(20)
    assert time.monotonic() - began_at < 10
    assert not mailbox.wait_for_change(0.2)


def test_waits_for_mail_in_another_folder(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """A folder into which mail is moved for an answer can be watched instead."""
    mailbox.find_in("Archiv")
    timer = threading.Timer(0.3, lambda: put(client, 1, "Archiv"))
    timer.start()
    assert mailbox.wait_for_change(20, folder="Archiv")
    timer.join()


def test_waiting_ends_when_the_time_is_up_or_it_is_told_to(mailbox: ImapMailbox) -> None:
    """A quiet mailbox is no change; a stop is heard soon."""
    mailbox.find_flagged()
    assert not mailbox.wait_for_change(0.2)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began_at = time.monotonic()
    assert not mailbox.wait_for_change(60, stop=stop)
    assert time.monotonic() - began_at < 10


def test_waits_without_idle(mailbox: ImapMailbox) -> None:
    """A server without IDLE is looked at again after the time."""
    mailbox.find_flagged()
    mailbox._client._cached_capabilities = (b"IMAP4REV1",)
    assert mailbox.wait_for_change(0.05)


def test_a_cut_line_is_noticed_while_waiting(wire: Wire, mailbox: ImapMailbox) -> None:
    """The watcher hears soon that the server is gone: here at its next sign of life, 5 seconds later."""
    mailbox.find_flagged()
    threading.Timer(0.5, lambda: setattr(wire, "cut_after_bytes", 0)).start()
    began_at = time.monotonic()
    with pytest.raises(Unreachable):
        mailbox.wait_for_change(60)
    assert time.monotonic() - began_at < 30


def test_a_cut_line_is_unreachable_everywhere(wire: Wire, mailbox: ImapMailbox) -> None:
    """Every operation says the same."""
    wire.cut_after_bytes = 0
    with pytest.raises(Unreachable):
        mailbox.append_draft(raw_mail(1))
    with pytest.raises(Unreachable):
        mailbox.find_flagged()


def test_says_which_drafts_folder_is_missing(wire: Wire) -> None:
    """A folder named in the settings must be there."""
    with pytest.raises(FolderError, match="Drafts") as caught:
        ImapMailbox.open(record(wire.port, drafts_folder="Drafts"), PASSWORDS["bob"])
    assert "--drafts-folder" in caught.value.hint
