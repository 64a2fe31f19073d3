"""What every kind of mailbox promises to a watcher. A new kind adds one fixture, as small as the one here."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from connectors.gmail.api import own_ids
from connectors.gmail.mailbox import GmailMailbox
from connectors.imap.mailbox import ImapMailbox
from connectors.mailbox import Mailbox, Place, seal
from tests.connectors.samples import account_record, raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.gmail.standin import Gmail, plenty
from tests.gmail.tokens import Tokens

FOLDER = "Bitte beantworten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of mailbox: how to open it, and what its owner and the world do with it meanwhile."""

    open: Callable[[], Mailbox]
    deliver: Callable[[bytes], None]
    """Put a message into the inbox."""
    flag: Callable[[str], None]
    """Flag the message with this id in the inbox."""
    file: Callable[[bytes], None]
    """Put a message into the trigger's folder."""
    send: Callable[[bytes], None]
    """Put a message into the sent mail, as a mail program does after sending."""
    save: Callable[[bytes], None]
    """Save a draft, as a mail program does."""
    discard: Callable[[str], None]
    """Delete the draft with this id, as its owner does."""


@pytest.fixture
def imap(dovecot: Dovecot) -> Iterator[Kind]:
    """A real server."""
    dovecot.forget("bob")
    with dovecot.login("bob") as client:
        client.create_folder(FOLDER)

        def append(folder: str, *flags: bytes) -> Callable[[bytes], None]:
            return lambda raw: client.append(folder, raw, flags)

        def with_id(folder: str, message_id: str) -> list[int]:
            client.select_folder(folder)
            return list(client.search(["HEADER", "MESSAGE-ID", message_id]))

        def discard(message_id: str) -> None:
            client.delete_messages(with_id("Entwürfe", message_id))
            client.expunge()

        settings = {"host": "127.0.0.1", "port": dovecot.port, "user": "bob", "security": "plain"}
        yield Kind(
            open=lambda: ImapMailbox.open(account_record("bob", "imap", **settings), PASSWORDS["bob"], folder=FOLDER),
            deliver=append("INBOX"),
            flag=lambda message_id: client.add_flags(with_id("INBOX", message_id), [rb"\Flagged"]),
            file=append(FOLDER),
            send=append("Gesendet", rb"\Seen"),
            save=append("Entwürfe", rb"\Draft", rb"\Seen"),
            discard=discard,
        )
    dovecot.forget("bob")


@pytest.fixture
def gmail_kind(gmail: Gmail) -> Kind:
    """A Gmail mailbox; its trigger's folder is a label."""
    label = gmail.make_label(FOLDER)
    record = account_record("bob", "gmail", api_endpoint=gmail.url, writes_drafts=True)
    messages: dict[str, str] = {}

    def deliver(raw: bytes) -> None:
        messages[own_ids(raw)[0]] = gmail.deliver(raw)

    def discard(message_id: str) -> None:
        for draft, raw in gmail.drafts().items():
            if message_id in own_ids(raw):
                gmail.delete_draft(draft)

    return Kind(
        open=lambda: GmailMailbox.open(record, Tokens("good"), folder=FOLDER, quota=plenty()),
        deliver=deliver,
        flag=lambda message_id: gmail.label(messages[message_id], "STARRED"),
        file=lambda raw: void(gmail.deliver(raw, label)),
        send=lambda raw: void(gmail.send(raw)),
        save=lambda raw: void(gmail.write_draft(raw)),
        discard=discard,
    )


def void(_: object) -> None:
    """Return nothing."""


@pytest.fixture(
    params=[
        pytest.param("imap", marks=pytest.mark.server),
        pytest.param("gmail_kind", marks=pytest.mark.server, id="gmail"),
    ]
)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind in turn."""
    made: Kind = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def mailbox(kind: Kind) -> Iterator[Mailbox]:
    """An open mailbox of each kind."""
    with closing(kind.open()) as opened:
        yield opened


def mail(number: int, *, answers: int | None = None, thread: tuple[int, ...] = (), extra: str = "") -> bytes:
    """Write a message with CRLF, which may answer another."""
    fields = [extra] if extra else []
    if answers is not None:
        fields.append(f"In-Reply-To: <m{answers}@example.org>")
    if thread:
        fields.append("References: " + "\n ".join(f"<m{each}@example.org>" for each in thread))
    raw = raw_mail(number)
    head, _, body = raw.partition(b"\n\n")
    return b"\n".join([head, *(field.encode() for field in fields), b"", body]).replace(b"\n", b"\r\n")


def name(number: int) -> str:
    """Name a sample message."""
    return f"m{number}@example.org"


def ids(mailbox: Mailbox, trigger: str, cursor: str | None = None) -> list[str]:
    """Name what a trigger selects."""
    return [entry.message_id for entry in mailbox.arrivals(trigger, cursor).entries]  # type: ignore[arg-type]


def test_flagged_mail_arrives(kind: Kind, mailbox: Mailbox) -> None:
    """Only what is flagged, and all of it, however often it is asked for."""
    kind.deliver(mail(1))
    kind.deliver(mail(2))
    assert ids(mailbox, "flagged") == []
    kind.flag(name(2))
    assert ids(mailbox, "flagged") == [name(2)]
    assert ids(mailbox, "flagged") == [name(2)]


def test_filed_mail_arrives(kind: Kind, mailbox: Mailbox) -> None:
    """All that lies in the folder, the oldest first, and nothing of the inbox."""
    kind.deliver(mail(1))
    kind.file(mail(2))
    kind.file(mail(3))
    assert ids(mailbox, "folder") == [name(2), name(3)]


def test_all_mail_arrives_once_the_cursor_is_made(kind: Kind, mailbox: Mailbox) -> None:
    """The first look only makes the cursor; what comes after it is there, until a newer cursor is used."""
    kind.deliver(mail(1))
    first = mailbox.arrivals("all", None)
    assert first.entries == ()
    assert ids(mailbox, "all", first.cursor) == []
    kind.deliver(mail(2))
    kind.deliver(mail(3))
    later = mailbox.arrivals("all", first.cursor)
    assert [entry.message_id for entry in later.entries] == [name(2), name(3)]
    assert ids(mailbox, "all", first.cursor) == [name(2), name(3)]
    assert ids(mailbox, "all", later.cursor) == []


def test_a_cursor_outlives_its_connection(kind: Kind) -> None:
    """What came while nobody was connected is not left out."""
    with closing(kind.open()) as mailbox:
        cursor = mailbox.arrivals("all", None).cursor
    kind.deliver(mail(1))
    with closing(kind.open()) as mailbox:
        assert ids(mailbox, "all", cursor) == [name(1)]


def test_nothing_arrives_where_nothing_is_asked_for(kind: Kind, mailbox: Mailbox) -> None:
    """A trigger that is off selects no mail and keeps the cursor."""
    kind.deliver(mail(1))
    assert mailbox.arrivals("off", "kept").entries == ()
    assert mailbox.arrivals("off", "kept").cursor == "kept"


def test_mail_is_found_by_its_very_id(kind: Kind, mailbox: Mailbox) -> None:
    """In the place that is asked for and in no other; parts of an id, and ids made to trip us up, find nothing."""
    kind.deliver(mail(5))
    kind.send(mail(6))
    kind.save(mail(7))
    places = {Place.RECEIVED: 5, Place.SENT: 6, Place.DRAFTS: 7}
    for place, held in places.items():
        for asked in places.values():
            found = [entry.message_id for entry in mailbox.find(place, name(asked))]
            assert found == ([name(asked)] if asked == held else [])
        for asked_for in ("5@example.org", "m5@example.or", "m", "", 'x" OR ALL', "a\r\nb", "ü@x", "\\", "(", "{3}"):
            assert mailbox.find(place, asked_for) == []


def test_filed_mail_is_received_mail(kind: Kind, mailbox: Mailbox) -> None:
    """Mail that its owner moved into the trigger's folder is found."""
    kind.file(mail(1))
    assert [entry.message_id for entry in mailbox.find(Place.RECEIVED, name(1))] == [name(1)]


def test_answers_are_found(kind: Kind, mailbox: Mailbox) -> None:
    """By In-Reply-To or by any of the References, in the place that is asked for."""
    kind.send(mail(2, answers=1))
    kind.send(mail(3, answers=2, thread=(1, 2)))
    kind.send(mail(4, answers=11))
    kind.deliver(mail(5, thread=(1,)))
    assert {entry.message_id for entry in mailbox.find_answers(Place.SENT, name(1))} == {name(2), name(3)}
    assert [entry.message_id for entry in mailbox.find_answers(Place.RECEIVED, name(1))] == [name(5)]
    assert mailbox.find_answers(Place.DRAFTS, name(1)) == []
    assert mailbox.find_answers(Place.SENT, "") == []


def test_mail_is_read_as_it_is(kind: Kind, mailbox: Mailbox) -> None:
    """Byte for byte."""
    kind.deliver(mail(1))
    found = mailbox.find(Place.RECEIVED, name(1))
    assert mailbox.fetch(found[0].ref) == mail(1)


def test_a_draft_is_put_into_drafts(mailbox: Mailbox) -> None:
    """It is listed with what it is followed by, found, read, and taken out again."""
    mailbox.append_draft(mail(9, answers=1, thread=(0, 1), extra="X-Cyrano-Draft: abc"), answers=name(1))
    (draft,) = mailbox.drafts()
    assert (draft.message_id, draft.in_reply_to, draft.references, draft.cyrano_id) == (
        name(9), name(1), (name(0), name(1)), "abc",
    )  # fmt: skip
    assert [entry.ref for entry in mailbox.find(Place.DRAFTS, name(9))] == [draft.ref]
    assert [entry.ref for entry in mailbox.find_answers(Place.DRAFTS, name(1))] == [draft.ref]
    raw = mailbox.fetch(draft.ref)
    assert raw is not None
    mailbox.remove_draft(draft.ref)
    assert mailbox.drafts() == []
    assert mailbox.fetch(draft.ref) is None
    mailbox.remove_draft(draft.ref)


def test_what_is_fetched_of_a_draft_stays_the_same(kind: Kind, mailbox: Mailbox) -> None:
    """A draft nobody touched has the same ref and the same seal on every look, over any connection."""
    mailbox.append_draft(mail(9))
    (draft,) = mailbox.drafts()
    first = mailbox.fetch(draft.ref)
    with closing(kind.open()) as another:
        assert another.drafts() == [draft]
        again = another.fetch(draft.ref)
    assert first is not None
    assert again is not None
    assert seal(first) == seal(again)


def test_drafts_are_listed_as_they_come_and_go(kind: Kind, mailbox: Mailbox) -> None:
    """Each look shows what is there, whoever put it there or took it away."""
    assert mailbox.drafts() == []
    kind.save(mail(1))
    kind.save(mail(2))
    assert [draft.message_id for draft in mailbox.drafts()] == [name(1), name(2)]
    kind.discard(name(1))
    assert [draft.message_id for draft in mailbox.drafts()] == [name(2)]
    kind.save(mail(3))
    assert [draft.message_id for draft in mailbox.drafts()] == [name(2), name(3)]


def test_only_the_draft_named_is_taken_out(kind: Kind, mailbox: Mailbox) -> None:
    """Its neighbours stay, even one with the same id."""
    for number in (1, 2, 2, 3):
        kind.save(mail(number))
    removed = mailbox.drafts()[1]
    mailbox.remove_draft(removed.ref)
    assert [draft.message_id for draft in mailbox.drafts()] == [name(1), name(2), name(3)]
    assert removed not in mailbox.drafts()


def test_waiting_ends_with_a_change_in_inbox_or_drafts(kind: Kind, mailbox: Mailbox) -> None:
    """Mail that came, and a draft that was saved, since the last look end the wait; silence does not."""
    for act in (lambda: kind.deliver(mail(1)), lambda: kind.save(mail(2)), lambda: kind.flag(name(1))):
        mailbox.arrivals("flagged", None)
        mailbox.drafts()
        assert not mailbox.wait_for_change(0.1)
        act()
        assert mailbox.wait_for_change(20)


def test_waiting_ends_when_it_is_told_to(mailbox: Mailbox) -> None:
    """A stop is heard soon."""
    mailbox.arrivals("flagged", None)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began_at = time.monotonic()
    mailbox.wait_for_change(60, stop=stop)
    assert time.monotonic() - began_at < 10
