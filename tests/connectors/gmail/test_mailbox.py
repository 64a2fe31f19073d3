"""A Gmail mailbox as a watcher uses it; what it shares with other kinds is in test_mailbox_contract.py."""

import base64
from collections.abc import Iterator
from functools import partial
from threading import Event

import pytest

from connectors.errors import AuthError, FolderError, Unreachable
from connectors.gmail.mailbox import GmailMailbox
from connectors.mailbox import DraftEntry, Place
from tests.connectors.samples import account_record, raw_mail
from tests.gmail.faults import Fault
from tests.gmail.standin import READONLY, Gmail, connect
from tests.gmail.tokens import Tokens

pytestmark = pytest.mark.server

GET, HISTORY, LIST = "gmail.users.messages.get", "gmail.users.history.list", "gmail.users.messages.list"
CREATE, UPDATE, DELETE = (f"gmail.users.drafts.{name}" for name in ("create", "update", "delete"))
RECORD = account_record(kind="gmail", writes_drafts=True)
DAY_S = 86_400
OURS = "cyrano.1@example.org"


def open_mailbox(gmail: Gmail, folder: str = "") -> GmailMailbox:
    """Open a mailbox."""
    return GmailMailbox.open(RECORD, Tokens("good"), folder=folder, wire=connect(gmail))


@pytest.fixture
def mailbox(gmail: Gmail) -> Iterator[GmailMailbox]:
    """An open mailbox."""
    with open_mailbox(gmail) as opened:
        yield opened


def draft(answers: int, text: str = "As you like.", *, message_id: str = OURS, subject: str = "") -> bytes:
    """Write a draft that answers a mail."""
    return (
        f"From: Ana <ana@example.org>\r\nTo: Ben <ben@example.net>\r\nSubject: {subject or f'Re: Mail {answers}'}\r\n"
        f"Message-ID: <{message_id}>\r\nIn-Reply-To: <{name(answers)}>\r\nReferences: <{name(answers)}>\r\n"
        f"X-Cyrano-Draft: d{answers}\r\n\r\n{text}\r\n"
    ).encode()


def name(number: int) -> str:
    """Name a sample message."""
    return f"m{number}@example.org"


def thread_of(gmail: Gmail, message: str) -> str:
    """Ask Gmail for a message's thread."""
    return str(gmail.mailbox.ask("GET", f"/gmail/v1/users/me/messages/{message}", "format=minimal").json["threadId"])


def only(drafts: list[DraftEntry]) -> DraftEntry:
    """Return the one draft there is."""
    (entry,) = drafts
    return entry


def lasting(entry: DraftEntry) -> str:
    """Return the id that Gmail keeps for a draft."""
    return entry.ref.partition(":")[0]


def test_a_draft_lands_in_the_thread_of_what_it_answers(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """Gmail wants thread, headers and subject, all three; it gets them."""
    received = gmail.deliver(raw_mail(1))
    mailbox.append_draft(draft(1), answers=name(1))
    entry = only(mailbox.drafts())
    assert thread_of(gmail, entry.ref.partition(":")[2]) == thread_of(gmail, received)


def test_a_draft_whose_thread_is_gone_is_written_all_the_same(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """What it answers was deleted a moment ago."""
    received = gmail.deliver(raw_mail(1))
    assert mailbox.find_answers(Place.SENT, name(1)) == []
    gmail.delete(received)
    mailbox.append_draft(draft(1), answers=name(1))
    assert only(mailbox.drafts()).message_id == OURS


def test_an_edit_gives_a_draft_another_ref(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """The first half stays, the second changes, and what the old ref named is not there any more."""
    gmail.deliver(raw_mail(1))
    mailbox.append_draft(draft(1), answers=name(1))
    before = only(mailbox.drafts())
    gmail.edit_draft(lasting(before), "My own words.")
    after = only(mailbox.drafts())
    assert lasting(after) == lasting(before)
    assert after.ref != before.ref
    assert (after.cyrano_id, after.in_reply_to) == ("", name(1))
    assert mailbox.fetch(before.ref) is None
    assert b"My own words." in (mailbox.fetch(after.ref) or b"")
    assert [entry.ref for entry in mailbox.find(Place.DRAFTS, OURS)] == [after.ref]


def test_a_draft_that_was_edited_is_never_removed_or_overwritten(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """Whoever still holds the old ref removes nothing, and replaces nothing."""
    gmail.deliver(raw_mail(1))
    mailbox.append_draft(draft(1), answers=name(1))
    before = only(mailbox.drafts())
    gmail.edit_draft(lasting(before), "My own words.")
    mailbox.remove_draft(before.ref)
    mailbox.append_draft(draft(1, "Newer.", message_id="cyrano.2@example.org"), answers=name(1), replaces=before.ref)
    mailbox.remove_draft(before.ref)
    texts = [*gmail.drafts().values()]
    assert len(texts) == 2
    assert any(b"My own words." in raw for raw in texts)
    assert any(b"Newer." in raw for raw in texts)
    assert not {DELETE, UPDATE} & set(gmail.methods())


def test_an_untouched_draft_is_replaced_in_its_place(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """There is no moment without a draft, and none with two; removing the old one afterwards removes nothing."""
    received = gmail.deliver(raw_mail(1))
    mailbox.append_draft(draft(1), answers=name(1))
    before = only(mailbox.drafts())
    mailbox.append_draft(draft(1, "Newer.", message_id="cyrano.2@example.org"), answers=name(1), replaces=before.ref)
    after = only(mailbox.drafts())
    assert (lasting(after), after.message_id) == (lasting(before), "cyrano.2@example.org")
    assert thread_of(gmail, after.ref.partition(":")[2]) == thread_of(gmail, received)
    mailbox.remove_draft(before.ref)
    assert mailbox.drafts() == [after]


def test_a_draft_is_found_though_gmail_gave_it_another_id(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """By the mark it carries, by whoever opens the mailbox next as well."""
    gmail.mailbox.rewrites_message_ids = True
    mailbox.append_draft(draft(1))
    entry = only(mailbox.drafts())
    assert b"@mail.gmail.com>" in gmail.drafts()[lasting(entry)]
    assert entry.message_id == OURS
    with open_mailbox(gmail) as another:
        assert [found.ref for found in another.find(Place.DRAFTS, OURS)] == [entry.ref]


def test_a_draft_of_the_owners_is_not_taken_for_ours(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """One that answers the same mail is told by what it answers, and never by an id that it does not have."""
    gmail.write_draft(draft(1, message_id="own@mail.gmail.com").replace(b"X-Cyrano-Draft: d1\r\n", b""))
    assert mailbox.find(Place.DRAFTS, OURS) == []
    assert len(mailbox.find_answers(Place.DRAFTS, name(1))) == 1


def test_a_sent_draft_is_an_answer_and_no_draft(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """It is in Sent under another id, and not in Drafts."""
    gmail.deliver(raw_mail(1))
    mailbox.append_draft(draft(1), answers=name(1))
    entry = only(mailbox.drafts())
    assert mailbox.find_answers(Place.SENT, name(1)) == []
    sent = gmail.send_draft(lasting(entry))
    assert [found.ref for found in mailbox.find_answers(Place.SENT, name(1))] == [sent]
    assert mailbox.drafts() == []
    assert mailbox.fetch(entry.ref) is None


def test_an_answer_is_seen_whatever_its_subject(gmail: Gmail) -> None:
    """Gmail begins another thread where the subject changes; also for what was sent before we looked."""
    received = gmail.deliver(raw_mail(1))
    gmail.send(draft(1, message_id="before@x", subject="Something else"))
    with open_mailbox(gmail) as mailbox:
        assert [found.message_id for found in mailbox.find_answers(Place.SENT, name(1))] == ["before@x"]
        gmail.delete(received)
        gmail.send(draft(1, message_id="after@x", subject="Something else again"))
        assert [found.message_id for found in mailbox.find_answers(Place.SENT, name(1))] == ["before@x", "after@x"]


def test_a_thread_is_asked_for_again_only_when_it_changed(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """Following many drafts costs two units each and pass, not forty."""
    gmail.deliver(raw_mail(1))
    mailbox.find_answers(Place.SENT, name(1))
    gmail.calls.clear()
    for _ in range(5):
        mailbox.find_answers(Place.SENT, name(1))
    assert gmail.methods() == [HISTORY] * 5
    gmail.send(draft(1))
    assert len(mailbox.find_answers(Place.SENT, name(1))) == 1


def test_what_happens_to_an_answer_is_seen(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """A thread is asked for anew when anything of it changed, labels included."""
    gmail.deliver(raw_mail(1))
    newer = gmail.deliver(draft(1, message_id="newer@x"), "SPAM")
    assert mailbox.find_answers(Place.RECEIVED, name(1)) == []
    gmail.label(newer, "INBOX", remove=("SPAM",))
    assert [found.message_id for found in mailbox.find_answers(Place.RECEIVED, name(1))] == ["newer@x"]


def test_headers_are_read_once(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """A folder of old drafts is not read anew on every pass."""
    for number in range(30):
        gmail.write_draft(raw_mail(number))
    assert len(mailbox.drafts()) == 30
    gmail.calls.clear()
    mailbox.drafts()
    assert gmail.methods() == ["gmail.users.drafts.list"]


def test_stars_count_in_the_inbox(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """Stars on archived mail are bookmarks."""
    starred = gmail.deliver(raw_mail(1))
    gmail.label(starred, "STARRED")
    gmail.deliver(raw_mail(2), "STARRED")
    assert [entry.ref for entry in mailbox.arrivals("flagged", None).entries] == [starred]


def test_a_missing_label_is_told(gmail: Gmail) -> None:
    """With what to do."""
    with open_mailbox(gmail, folder="Answer") as mailbox, pytest.raises(FolderError, match="Answer"):
        mailbox.arrivals("folder", None)


def test_mail_comes_in_by_history(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """Also what was no arrival at first: mail taken out of spam. What the owner did otherwise is none."""
    cursor = mailbox.arrivals("all", None).cursor
    spam = gmail.deliver(raw_mail(1), "SPAM")
    read = gmail.deliver(raw_mail(2))
    gmail.label(read, "STARRED", remove=("UNREAD",))
    gmail.send(raw_mail(3))
    gmail.write_draft(raw_mail(4))
    assert [entry.message_id for entry in mailbox.arrivals("all", cursor).entries] == [name(2)]
    gmail.label(spam, "INBOX", remove=("SPAM",))
    assert [entry.message_id for entry in mailbox.arrivals("all", cursor).entries] == [name(2), name(1)]


def test_no_arrival_is_lost_where_history_is_forgotten(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """However long nobody looked: what came since is there, at least once, and the new cursor is good."""
    point, _, seen_at = mailbox.arrivals("all", None).cursor.rpartition(":")
    cursor = f"{point}:{int(seen_at) - 3 * DAY_S}"  # as if that had been three days ago…
    gmail.mailbox.now_ms -= 2 * DAY_S * 1000  # … and the mail had come the day after
    for number in range(30):
        gmail.deliver(raw_mail(number))
    gmail.forget_history()
    gmail.deliver(raw_mail(40))
    found = mailbox.arrivals("all", cursor)
    assert [entry.message_id for entry in found.entries] == [*map(name, range(30)), name(40)]
    gmail.deliver(raw_mail(41))
    assert [entry.message_id for entry in mailbox.arrivals("all", found.cursor).entries] == [name(41)]


def test_following_survives_forgotten_history(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """What is known of threads is thrown away then, and asked for anew."""
    gmail.deliver(raw_mail(1))
    assert mailbox.find_answers(Place.SENT, name(1)) == []
    gmail.send(draft(1))
    gmail.forget_history()
    assert mailbox.wait_for_change(0)
    assert len(mailbox.find_answers(Place.SENT, name(1))) == 1


def test_a_lost_answer_makes_no_second_draft(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """Whether a draft was made is not known then: the caller is told, looks, and finds it."""
    gmail.faults.add(Fault(method=CREATE, is_lost=True))
    with pytest.raises(Unreachable):
        mailbox.append_draft(draft(1))
    assert len(gmail.drafts()) == 1
    with open_mailbox(gmail) as another:
        assert len(another.find(Place.DRAFTS, OURS)) == 1


@pytest.mark.parametrize("method", [UPDATE, DELETE])
def test_a_write_that_was_refused_is_not_tried_again_unasked(gmail: Gmail, mailbox: GmailMailbox, method: str) -> None:
    """While it would wait, the owner could begin to edit."""
    mailbox.append_draft(draft(1))
    entry = only(mailbox.drafts())
    gmail.faults.add(Fault(method=method, status=429))
    write = partial(mailbox.append_draft, draft(1, "Newer."), replaces=entry.ref)
    with pytest.raises(Unreachable):
        write() if method == UPDATE else mailbox.remove_draft(entry.ref)
    assert mailbox.drafts() == [entry]
    assert gmail.methods().count(method) == 1


def test_a_large_draft_is_uploaded(gmail: Gmail, mailbox: GmailMailbox) -> None:
    """With its attachments, byte for byte, and into its thread."""
    received = gmail.deliver(raw_mail(1))
    text = base64.encodebytes(bytes(range(256)) * (3 << 12)).decode().replace("\n", "\r\n")
    mailbox.append_draft(draft(1, text), answers=name(1))
    entry = only(mailbox.drafts())
    assert (mailbox.fetch(entry.ref) or b"").endswith(draft(1, text))
    assert thread_of(gmail, entry.ref.partition(":")[2]) == thread_of(gmail, received)
    assert any(path.startswith("POST /upload/") for path in gmail.paths)


def test_a_consent_for_reading_writes_no_draft(gmail: Gmail) -> None:
    """It is told before anything is tried, and if Google tells it, then as well."""
    with pytest.raises(AuthError, match="reading only"):
        GmailMailbox.open(account_record(kind="gmail"), Tokens("good"), wire=connect(gmail))
    gmail.tokens["reader"] = frozenset({READONLY})
    mailbox = GmailMailbox.open(RECORD, Tokens("reader"), wire=connect(gmail, "reader"))
    with pytest.raises(AuthError, match="does not cover"):
        mailbox.append_draft(draft(1))
    mailbox.close()
    assert gmail.drafts() == {}


def test_a_wrong_token_is_told_on_opening(gmail: Gmail) -> None:
    """And the connection is closed."""
    with pytest.raises(AuthError):
        GmailMailbox.open(RECORD, Tokens("wrong"), wire=connect(gmail, "wrong"))


def test_waiting_polls_the_history(gmail: Gmail) -> None:
    """Two units each time, until something changes, the time is up, or it is told to stop."""
    with open_mailbox(gmail) as mailbox:
        mailbox._poll_s = 0.02
        gmail.calls.clear()
        assert not mailbox.wait_for_change(0.1)
        assert gmail.methods() == [HISTORY] * 6
        stop = Event()
        stop.set()
        assert not mailbox.wait_for_change(60, stop=stop)
        gmail.deliver(raw_mail(1))
        assert mailbox.wait_for_change(60)
