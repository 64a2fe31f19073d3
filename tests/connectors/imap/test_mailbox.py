"""What is particular to a mailbox over IMAP: folders, flags, servers that can less. The rest is in the contract."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from imapclient import IMAPClient

from connectors.account import AccountRecord
from connectors.errors import AccountError, FolderError, Unreachable
from connectors.imap.folders import INBOX, Folder
from connectors.imap.mailbox import ImapMailbox
from connectors.imap.session import ImapSettings, open_session
from connectors.mailbox import Place
from connectors.settings import read_settings
from tests.connectors.samples import account_record, raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.wire import Wire, wire_to

pytestmark = pytest.mark.server

DRAFTS = "Entwürfe"
FOLDER = "Bitte beantworten/Größe & Co; eilig"
PLAIN_SERVER = (b"IMAP4REV1",)


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
    with ImapMailbox.open(record(wire.port), PASSWORDS["bob"], folder=FOLDER) as opened:
        yield opened


def record(port: int, **changes: str) -> AccountRecord:
    """Make Bob's account."""
    return account_record("bob", "imap", host="127.0.0.1", port=port, user="bob", security="plain", **changes)


def put(client: IMAPClient, number: int, folder: str = INBOX, flags: tuple[bytes, ...] = ()) -> None:
    """Deliver a message."""
    client.append(folder, raw_mail(number).replace(b"\n", b"\r\n"), flags)


def numbers(mailbox: ImapMailbox, trigger: str, cursor: str | None = None) -> list[str]:
    """Name what arrived, by number."""
    entries = mailbox.arrivals(trigger, cursor).entries  # type: ignore[arg-type]
    return [entry.message_id.partition("@")[0] for entry in entries]


def test_refs_name_folder_validity_and_uid(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Whatever the folder is called."""
    client.create_folder(FOLDER)
    put(client, 1, FOLDER)
    (entry,) = mailbox.arrivals("folder", None).entries
    validity = client.select_folder(FOLDER)[b"UIDVALIDITY"]
    assert entry.ref == f"{FOLDER};{validity};1"
    assert mailbox.fetch(entry.ref) == raw_mail(1).replace(b"\n", b"\r\n")


def test_what_is_deleted_answered_or_junk_does_not_arrive(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Neither by its flag nor with all mail."""
    cursor = mailbox.arrivals("all", None).cursor
    for number, flag in enumerate((rb"\Deleted", b"$Junk", b"Junk", rb"\Answered", rb"\Seen")):
        put(client, number, flags=(rb"\Flagged", flag))
    assert numbers(mailbox, "flagged") == ["m4"]
    assert numbers(mailbox, "all", cursor) == ["m3", "m4"]


def test_flags_that_change_are_noticed(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """What the mailbox remembers of the last look is not used once anything changed."""
    put(client, 1, flags=(rb"\Flagged",))
    assert numbers(mailbox, "flagged") == numbers(mailbox, "flagged") == ["m1"]
    client.select_folder(INBOX)
    client.remove_flags([1], [rb"\Flagged"])
    assert numbers(mailbox, "flagged") == []


def test_a_look_at_what_did_not_change_fetches_nothing(client: IMAPClient, wire: Wire, mailbox: ImapMailbox) -> None:
    """With CONDSTORE a pass over a quiet mailbox asks for no message and searches for none."""
    put(client, 1, flags=(rb"\Flagged",))
    put(client, 2, DRAFTS)
    cursor = mailbox.arrivals("all", None).cursor
    put(client, 3, "Gesendet")

    def look() -> list[object]:
        return [
            mailbox.arrivals("flagged", None),
            mailbox.drafts(),
            mailbox.find(Place.SENT, "m3@example.org"),
            mailbox.find_answers(Place.SENT, "m1@example.org"),
        ]

    first = look()
    del wire.sent[:]
    assert look() == first
    mailbox.arrivals("all", cursor)
    assert b"FETCH" not in wire.sent
    assert b"SEARCH" not in wire.sent
    put(client, 4, "Gesendet")
    put(client, 3, "Gesendet")
    assert len(mailbox.find(Place.SENT, "m3@example.org")) == 2


def test_drafts_known_before_are_not_asked_for_again(client: IMAPClient, wire: Wire, mailbox: ImapMailbox) -> None:
    """One more draft costs one fetch of one header."""
    for number in range(20):
        put(client, number, DRAFTS)
    assert len(mailbox.drafts()) == 20
    del wire.sent[:]
    put(client, 20, DRAFTS)
    assert len(mailbox.drafts()) == 21
    assert b"UID FETCH 21 " in wire.sent


def test_drafts_marked_for_deletion_are_found_but_not_listed(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Their owner has deleted them; yet whoever asks whether one was put there must hear yes."""
    put(client, 1, DRAFTS, (rb"\Deleted",))
    assert mailbox.drafts() == []
    assert len(mailbox.find(Place.DRAFTS, "m1@example.org")) == 1
    put(client, 2, INBOX, (rb"\Deleted",))
    assert mailbox.find(Place.RECEIVED, "m2@example.org") == []


def test_a_missing_or_wrong_folder_is_said(client: IMAPClient, mailbox: ImapMailbox, wire: Wire) -> None:
    """The trigger's folder must be there, and none for drafts or sent mail; then it is looked into at once."""
    with pytest.raises(FolderError, match="Bitte"):
        mailbox.arrivals("folder", None)
    client.create_folder(FOLDER)
    put(client, 1, FOLDER)
    assert numbers(mailbox, "folder") == ["m1"]
    assert mailbox.find(Place.RECEIVED, "m1@example.org")
    with ImapMailbox.open(record(wire.port), PASSWORDS["bob"], folder=DRAFTS) as other:
        with pytest.raises(FolderError, match="gets no drafts") as caught:
            other.arrivals("folder", None)
        assert "[watch]" in caught.value.hint


def test_archived_mail_is_found(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Mail that its owner archived before it was answered; mail in other folders is not sought."""
    put(client, 1, "Archiv")
    assert [entry.message_id for entry in mailbox.find(Place.RECEIVED, "m1@example.org")] == ["m1@example.org"]


def test_reads_mail_without_marking_it_seen(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Neither looking nor reading leaves a trace."""
    put(client, 1)
    (entry,) = mailbox.find(Place.RECEIVED, "m1@example.org")
    mailbox.fetch(entry.ref)
    client.select_folder(INBOX)
    assert client.search("UNSEEN") == [1]


def test_a_renumbered_folder_has_none_of_its_old_mail(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """After UIDVALIDITY changed a ref names nothing, and what lies under its UID is left alone."""
    put(client, 1, DRAFTS)
    (draft,) = mailbox.drafts()
    client.delete_folder(DRAFTS)
    client.create_folder(DRAFTS)
    assert mailbox.fetch(draft.ref) is None
    put(client, 2, DRAFTS)
    assert mailbox.fetch(draft.ref) is None
    mailbox.remove_draft(draft.ref)
    assert [each.message_id for each in mailbox.drafts()] == ["m2@example.org"]


def test_a_folder_that_is_gone_holds_nothing(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """A ref into it names no message any more."""
    client.create_folder(FOLDER)
    put(client, 1, FOLDER)
    (entry,) = mailbox.arrivals("folder", None).entries
    client.delete_folder(FOLDER)
    assert mailbox.fetch(entry.ref) is None


def test_a_renumbered_inbox_loses_no_mail(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """All mail since the day before the cursor comes again: rather twice than not at all."""
    old = datetime.now(UTC) - timedelta(days=9)
    client.append(INBOX, raw_mail(1), (), old)
    put(client, 2)
    _, uid, day = mailbox.arrivals("all", None).cursor.split(":")
    moved = mailbox.arrivals("all", f"77:{uid}:{day}")
    assert [entry.message_id for entry in moved.entries] == ["m2@example.org"]
    assert numbers(mailbox, "all", moved.cursor) == []
    put(client, 3)
    assert numbers(mailbox, "all", moved.cursor) == ["m3"]
    assert numbers(mailbox, "all", "nonsense") == ["m1", "m2", "m3"]


def test_a_renumbered_inbox_without_new_mail_is_not_read_from_the_beginning(
    client: IMAPClient, mailbox: ImapMailbox
) -> None:
    """The new cursor stands behind what is there."""
    client.append(INBOX, raw_mail(1), (), datetime.now(UTC) - timedelta(days=9))
    moved = mailbox.arrivals("all", f"77:5:{datetime.now(UTC):%Y-%m-%d}")
    assert moved.entries == ()
    assert numbers(mailbox, "all", moved.cursor) == []


def test_a_clock_that_ran_ahead_hides_no_mail(dovecot: Dovecot, client: IMAPClient) -> None:
    """The day in a cursor is never later than the day on which the server got the newest mail."""
    settings = read_settings(ImapSettings, record(dovecot.port))
    ahead = ImapMailbox(
        open_session(settings, PASSWORDS["bob"]), settings, clock=lambda: datetime.now(UTC) + timedelta(days=400)
    )
    with ahead as mailbox:
        cursor = mailbox.arrivals("all", None).cursor
        put(client, 1)
        _, uid, day = mailbox.arrivals("all", cursor).cursor.split(":")
        assert numbers(mailbox, "all", f"77:{uid}:{day}") == ["m1"]


def test_puts_a_draft_into_the_marked_folder(client: IMAPClient, mailbox: ImapMailbox) -> None:
    r"""It lies in the SPECIAL-USE folder, as \Draft and \Seen."""
    mailbox.append_draft(raw_mail(5))
    assert mailbox.drafts_folder == DRAFTS
    client.select_folder(DRAFTS)
    assert set(client.fetch([1], ["FLAGS"])[1][b"FLAGS"]) >= {rb"\Draft", rb"\Seen"}


def test_takes_out_one_message_only(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Mail that somebody else marked for deletion stays; so does all that lies elsewhere."""
    put(client, 1, DRAFTS, (rb"\Deleted",))
    put(client, 2, DRAFTS)
    put(client, 3, DRAFTS)
    mailbox.remove_draft(mailbox.drafts()[0].ref)
    client.select_folder(DRAFTS)
    assert client.search() == [1, 3]
    put(client, 4)
    (entry,) = mailbox.find(Place.RECEIVED, "m4@example.org")
    with pytest.raises(AccountError):
        mailbox.remove_draft(entry.ref)


@pytest.mark.parametrize(("others_deleted", "left"), [(False, [1]), (True, [1, 2])])
def test_takes_out_no_other_without_uidplus(
    client: IMAPClient, mailbox: ImapMailbox, *, others_deleted: bool, left: list[int]
) -> None:
    """On a server that can only expunge all deleted mail, it is done only where there is no other."""
    put(client, 1, DRAFTS, (rb"\Deleted",) if others_deleted else ())
    put(client, 2, DRAFTS)
    mailbox._client._cached_capabilities = PLAIN_SERVER
    mailbox.remove_draft(mailbox.drafts()[-1].ref)
    client.select_folder(DRAFTS)
    assert client.search() == left
    assert 2 not in client.search("UNDELETED")
    assert 2 not in [int(draft.ref.rpartition(";")[2]) for draft in mailbox.drafts()]


def test_on_gmail_a_draft_goes_to_the_trash(dovecot: Dovecot, client: IMAPClient) -> None:
    """There, what is expunged from Drafts would stay in All Mail."""
    client.create_folder("Papierkorb")
    put(client, 1, DRAFTS)
    put(client, 2, DRAFTS)
    with ImapMailbox.open(record(dovecot.port), PASSWORDS["bob"]) as mailbox:
        mailbox._folders.append(Folder(name="Papierkorb", flags=frozenset({r"\trash"})))
        mailbox._client._cached_capabilities = (b"IMAP4REV1", b"X-GM-EXT-1", b"MOVE")
        mailbox.remove_draft(mailbox.drafts()[0].ref)
    client.select_folder(DRAFTS)
    assert client.search() == [2]
    assert client.select_folder("Papierkorb")[b"EXISTS"] == 1


def test_wakes_when_mail_arrives(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """IDLE ends within a second or so of a delivery, and of a flag."""
    for act in (lambda: put(client, 1), lambda: flag(client)):
        mailbox.arrivals("flagged", None)
        timer = threading.Timer(0.3, act)
        timer.start()
        began_at = time.monotonic()
        assert mailbox.wait_for_change(20)
        assert time.monotonic() - began_at < 10
        timer.join()


def flag(client: IMAPClient) -> None:
    """Flag the first message of INBOX."""
    client.select_folder(INBOX)
    client.add_flags([1], [rb"\Flagged"])


def test_waits_for_mail_in_the_folder_that_was_looked_into(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """The server calls for the trigger's folder."""
    client.create_folder(FOLDER)
    assert mailbox.arrivals("folder", None).entries == ()
    timer = threading.Timer(0.3, lambda: put(client, 1, FOLDER))
    timer.start()
    assert mailbox.wait_for_change(20)
    timer.join()


def test_notices_drafts_while_it_waits_for_the_inbox(dovecot: Dovecot, client: IMAPClient) -> None:
    """Drafts are looked at now and then, since the server calls for one folder only."""
    settings = read_settings(ImapSettings, record(dovecot.port))
    with ImapMailbox(open_session(settings, PASSWORDS["bob"]), settings, aside_s=0.3) as mailbox:
        mailbox.arrivals("flagged", None)
        mailbox.drafts()
        timer = threading.Timer(0.5, lambda: put(client, 1, DRAFTS))
        timer.start()
        began_at = time.monotonic()
        assert mailbox.wait_for_change(30)
        assert time.monotonic() - began_at < 10
        timer.join()


def test_does_not_sleep_over_what_came_since_the_last_look(client: IMAPClient, mailbox: ImapMailbox) -> None:
    """Mail that came between the last look and the wait ends the wait at once, whatever was looked at meanwhile."""
    assert numbers(mailbox, "flagged") == []
    put(client, 1, flags=(rb"\Flagged",))
    mailbox.find(Place.DRAFTS, "m1@example.org")
    began_at = time.monotonic()
    assert mailbox.wait_for_change(20)
    assert time.monotonic() - began_at < 10
    assert not mailbox.wait_for_change(0.2)


@pytest.mark.parametrize("capabilities", [PLAIN_SERVER, (b"IMAP4REV1", b"CONDSTORE")])
def test_waits_without_idle(client: IMAPClient, mailbox: ImapMailbox, capabilities: tuple[bytes, ...]) -> None:
    """A server without IDLE is looked at again and again."""
    mailbox._client._cached_capabilities = capabilities
    mailbox._waiting._aside_s = 0.1
    mailbox.arrivals("flagged", None)
    timer = threading.Timer(0.3, lambda: put(client, 1))
    timer.start()
    assert mailbox.wait_for_change(20)
    timer.join()


def test_a_cut_line_is_noticed_while_waiting(wire: Wire, mailbox: ImapMailbox) -> None:
    """The watcher hears soon that the server is gone: here at its next sign of life, 5 seconds later."""
    mailbox.arrivals("flagged", None)
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
        mailbox.arrivals("flagged", None)
    with pytest.raises(Unreachable):
        mailbox.drafts()


def test_says_which_drafts_folder_is_missing(wire: Wire) -> None:
    """A folder named in the settings must be there."""
    with pytest.raises(FolderError, match="Drafts") as caught:
        ImapMailbox.open(record(wire.port, drafts_folder="Drafts"), PASSWORDS["bob"])
    assert "--drafts-folder" in caught.value.hint
