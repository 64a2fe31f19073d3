"""connectors/forget.py and connectors/forgotten.py: what leaves the tables, what stays, and what is kept out."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text

from connectors import schema
from connectors.archive import Archive
from connectors.database import open_database
from connectors.errors import StoreBusy
from connectors.forget import Found, erase, find, shred
from connectors.forgotten import Scope, forgotten
from connectors.instruction import GIVEN, Instruction
from connectors.message import Address, Email
from tests.connectors.samples import account_record, archived

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
KARLA = Address(addr="karla@example.net", name="Karla Kanarienvogel")
PLAIN = archived(1).email
TO_KARLA = replace(PLAIN, message_id="karla1@example.org", to=(KARLA,), text="Dear Karla, the xylographica grows.")
REPLY = replace(
    PLAIN, message_id="reply@example.org", in_reply_to="karla1@example.org", quoted="The xylographica grows.",
    references=("root@example.org", "karla1@example.org"),
)  # fmt: skip
OLD = replace(PLAIN, message_id="old@example.org", sent_at=NEW_YEAR - timedelta(days=1))
UNDATED = replace(PLAIN, message_id="undated@example.org", sent_at=None)

ADDRESS = Scope(address=KARLA.addr)
MESSAGE = Scope(message_id=TO_KARLA.message_id)
BEFORE = Scope(before=NEW_YEAR)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ana's archive with mail of all sorts, and Ben's with the same; made once, since that takes its time."""
    path = tmp_path_factory.mktemp("made") / "cyrano.db"
    with Archive.open(f"sqlite:///{path}") as opened:
        for name in ("ana", "ben"):
            opened.add_account(account_record(name))
            mails = (PLAIN, TO_KARLA, REPLY, OLD, UNDATED)
            opened.store(name, [replace(archived(1, account=name), email=each) for each in mails], "cursor")
    return path


@pytest.fixture
def archive(database: Path, tmp_path: Path) -> Iterator[Archive]:
    """A copy of it."""
    shutil.copy(database, tmp_path)
    with Archive.open(f"sqlite:///{tmp_path / database.name}") as opened:
        yield opened


def ids(archive: Archive, account: str = "ana") -> set[str]:
    """Name an account's mails."""
    return {mail.email.message_id.partition("@")[0] for mail in archive.mails(account)}


def forget(archive: Archive, scope: Scope, account: str = "ana") -> Found:
    """Find and erase."""
    found = find(archive.engine, account, scope)
    erase(archive.engine, account, scope, found, NOW)
    return found


def add_draft(archive: Archive, draft_id: str, **values: object) -> None:
    """Add a draft of Ana's."""
    row = {"draft_id": draft_id, "account": "ana", "kind": "request", "state": "done", "text": "Some words.", **values}
    row = {"created_at": NOW, "changed_at": NOW, "source_ids": [], **row}
    with archive.engine.begin() as connection:
        connection.execute(insert(schema.draft).values(row))


@pytest.mark.parametrize(
    ("scope", "gone"), [(ADDRESS, {"karla1"}), (MESSAGE, {"karla1"}), (BEFORE, {"old"})], ids=["address", "id", "date"]
)
def test_what_is_in_scope_goes_and_nothing_else(archive: Archive, scope: Scope, gone: set[str]) -> None:
    """Of this account only; mail without a date is not known to be old."""
    everything = ids(archive)
    assert {mail.message_id.partition("@")[0] for mail in forget(archive, scope).mails} == gone
    assert ids(archive) == everything - gone
    assert ids(archive, "ben") == everything


@pytest.mark.parametrize(
    "email",
    [
        replace(PLAIN, sender=replace(KARLA, addr="Karla@Example.NET")),
        replace(PLAIN, cc=(KARLA,)),
        replace(PLAIN, bcc=(KARLA,)),
        replace(PLAIN, reply_to=(KARLA,)),
        replace(PLAIN, text="Hello Ben, write to <Karla@example.net>."),
        replace(PLAIN, quoted="mailto:karla@example.net."),
        replace(PLAIN, signature="Karla | karla@example.net"),
        replace(PLAIN, subject="Fwd: karla@example.net"),
    ],
)
def test_an_address_counts_wherever_it_stands(email: Email) -> None:
    """In any header, whatever its case, and in any text."""
    assert ADDRESS.hides(email)
    assert not Scope(address="arla@example.net").hides(email)
    assert not Scope(address="karla@example.ne").hides(email)


def test_what_answers_it_loses_its_quotes_and_ids(archive: Archive) -> None:
    """What its writer typed is theirs; the thread goes on without the message."""
    assert forget(archive, MESSAGE).quoting == (REPLY.message_id,)
    mail = archive.get("ana", REPLY.message_id)
    assert mail is not None
    assert mail.email == replace(REPLY, quoted="", in_reply_to="", references=("root@example.org",))


def test_a_message_the_archive_does_not_hold_can_be_forgotten(archive: Archive) -> None:
    """It may have been received, and be quoted, or come with a later sync."""
    found = forget(archive, Scope(message_id="root@example.org"))
    assert (found.mails, found.quoting) == ((), (REPLY.message_id,))
    is_forgotten = forgotten(archive.engine, "ana")
    assert is_forgotten(replace(PLAIN, message_id="root@example.org"))


def test_instructions_go_with_their_mail(archive: Archive) -> None:
    """Those made from a mail that quoted it too, as they may tell of it; those a person gave stay."""
    made = [Instruction(message_id=each.message_id, text="Praise it.", source="model") for each in (TO_KARLA, REPLY)]
    made += [Instruction(message_id=PLAIN.message_id, text="Greet Ben.", source="model")]
    archive.store_instructions("ana", "1", "m", made)
    archive.store_instructions("ana", "", "", [Instruction(message_id=REPLY.message_id, text="Tell.", source=GIVEN)])
    forget(archive, MESSAGE)
    left = archive.instructions("ana", "1", "m")
    assert {message_id: each.text for message_id, each in left.items()} == {
        PLAIN.message_id: "Greet Ben.",
        REPLY.message_id: "Tell.",
    }


def test_drafts_go_by_what_they_answer_and_lean_on_and_by_whom_they_are_for(archive: Archive) -> None:
    """One that answers other mail keeps its row, so that this gets no second draft; it loses its words."""
    karla1 = TO_KARLA.message_id
    add_draft(archive, "answers it", kind="answer", answers=karla1, state="appended")
    add_draft(archive, "leans on it", source_ids=[karla1])
    add_draft(archive, "to her", recipients=[KARLA.addr])
    add_draft(archive, "names her", instruction="Write to Karla@example.net!")
    add_draft(archive, "was sent as it")
    add_draft(archive, "written", kind="answer", answers="b@example.org", state="written", source_ids=[karla1])
    add_draft(archive, "appended", kind="answer", answers="c@example.org", state="appended", thread_id=karla1)
    add_draft(archive, "stays", recipients=["ben@example.net"], thread_id="root@example.org")
    outcome = {"draft_id": "was sent as it", "account": "ana", "sent_id": karla1, "verdict": "light", "distance": 0.1}
    with archive.engine.begin() as connection:
        connection.execute(insert(schema.outcome).values({**outcome, "edits": [], "adapter": ""}))
    forget(archive, ADDRESS)
    columns = schema.draft.c
    with archive.engine.connect() as connection:
        rows = connection.execute(select(columns.draft_id, columns.state, columns.text, columns.source_ids)).all()
        assert not connection.scalar(select(func.count()).select_from(schema.outcome))
    assert sorted(map(tuple, rows)) == [
        ("appended", "appended", "", []),
        ("stays", "done", "Some words.", []),
        ("written", "withdrawn", "", []),
    ]


def test_old_drafts_go_with_old_mail(archive: Archive) -> None:
    """By when they were made."""
    add_draft(archive, "old", created_at=NEW_YEAR - timedelta(days=1))
    add_draft(archive, "new")
    assert forget(archive, BEFORE).drafts == ("old",)


def test_all_versions_of_a_draft_go_with_one_of_them(archive: Archive) -> None:
    """Those before it and after it hold its words, also where one between is gone; nobody else's do."""
    add_draft(archive, "first")
    add_draft(archive, "names her", replaces="first", instruction="Write to Karla@example.net!")
    add_draft(archive, "shorter", replaces="names her")
    add_draft(archive, "longer", replaces="a lost one")
    add_draft(archive, "to her", replaces="a lost one", recipients=[KARLA.addr])
    add_draft(archive, "another", replaces="")
    add_draft(archive, "answers other mail", kind="answer", answers="b@example.org", replaces="names her")
    found = forget(archive, ADDRESS)
    assert sorted(found.drafts) == ["first", "longer", "names her", "shorter", "to her"]
    assert found.leaning == ()


def test_what_was_put_aside_goes_by_its_bytes(archive: Archive) -> None:
    """It could not be read: the address, the id or the date need only stand in it."""
    archive.quarantine("ana", "hers", "broken", b"To: KARLA@example.net\r\nMessage-ID: <karla1@example.org>")
    archive.quarantine("ana", "old", "broken", b"Date: Wed, 24 Dec 2025 08:00:00 -0000\r\nSubject: x")
    archive.quarantine("ana", "odd", "broken", b"Date: someday\r\n")
    assert find(archive.engine, "ana", ADDRESS).quarantined == ("hers",)
    assert find(archive.engine, "ana", MESSAGE).quarantined == ("hers",)
    assert forget(archive, BEFORE).quarantined == ("old",)
    assert [ref for ref, _ in archive.quarantined("ana")] == ["hers", "odd"]


def test_what_is_forgotten_is_known_again(archive: Archive) -> None:
    """All three kinds together, by this account only, and saying so twice changes nothing."""
    for scope in (ADDRESS, Scope(message_id=PLAIN.message_id), BEFORE, ADDRESS):
        forget(archive, scope)
    is_forgotten, is_forgotten_by_ben = forgotten(archive.engine, "ana"), forgotten(archive.engine, "ben")
    mails = (PLAIN, TO_KARLA, REPLY, OLD, UNDATED)
    assert [is_forgotten(email) for email in mails] == [True, True, False, True, False]
    assert not any(map(is_forgotten_by_ben, mails))
    with archive.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.forgotten)) == 4


def test_marks_tell_nothing(archive: Archive, tmp_path: Path) -> None:
    """No file of the database holds the address or a word of the mail any more, once it is shredded."""
    forget(archive, ADDRESS)
    forget(archive, ADDRESS, "ben")
    shred(archive.engine)
    for path in tmp_path.iterdir():
        content = path.read_bytes().lower()
        assert not [word for word in (b"karla", b"xylographica", b"kanarienvogel") if word in content], path
    assert ids(archive) == {"m1", "reply", "old", "undated"}


def test_a_reader_in_the_way_is_told(archive: Archive, tmp_path: Path) -> None:
    """As long as it reads, the log cannot be emptied: nobody believes gone what is still there."""
    forget(archive, ADDRESS)
    hurried = open_database(f"sqlite:///{tmp_path / 'cyrano.db'}", busy_timeout_s=0.05)
    with archive.engine.connect() as reader:
        reader.execute(text("BEGIN"))
        reader.execute(text("SELECT count(*) FROM message"))
        with pytest.raises(StoreBusy, match="another process"):
            shred(hurried)
    hurried.dispose()


@given(words=st.lists(st.sampled_from(["Karla", "karla@example.net", "at", "(", ")", "<", ">", ",", "\n", "ü@x.de"])))
def test_a_text_names_an_address_if_it_stands_there_as_a_word(words: list[str]) -> None:
    """Whatever stands around it."""
    assert ADDRESS.hides(replace(PLAIN, text=" ".join(words))) == ("karla@example.net" in words)


def test_ids_that_only_forgotten_mail_named_go(archive: Archive) -> None:
    """What it answered and the mailbox did not hold is noted by its id; what other mail answers stays noted."""
    other = replace(PLAIN, message_id="other@example.org", in_reply_to="lost2@example.org")
    hers = replace(TO_KARLA, message_id="karla2@example.org", in_reply_to="lost1@example.net")
    mails = [replace(archived(1, account="ana"), email=each) for each in (other, hers)]
    archive.store("ana", mails, None, unfound={"lost1@example.net", "lost2@example.org"})
    forget(archive, ADDRESS)
    with archive.engine.connect() as connection:
        assert connection.scalars(select(schema.unfound.c.message_id)).all() == ["lost2@example.org"]
