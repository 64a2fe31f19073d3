"""The archive: nothing lost, nothing doubled, every account apart."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from connectors import schema
from connectors.archive import Archive
from connectors.archive_reader import ChangedDraft, Counts
from connectors.cleaning.keep import text_hash
from connectors.errors import UsageError
from connectors.instruction import Instruction
from connectors.message import Address, ArchivedEmail, Email, Kind
from tests.connectors.samples import account_record, archived

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
ADDRESS = st.builds(Address, addr=TEXT, name=TEXT)
ADDRESSES = st.lists(ADDRESS, max_size=3).map(tuple)
EMAIL = st.builds(
    Email,
    message_id=TEXT,
    in_reply_to=TEXT,
    references=st.lists(TEXT, max_size=3).map(tuple),
    sender=ADDRESS,
    to=ADDRESSES,
    cc=ADDRESSES,
    bcc=ADDRESSES,
    reply_to=ADDRESSES,
    sent_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    subject=TEXT,
    text=TEXT,
    quoted=TEXT,
    signature=TEXT,
    language=st.sampled_from(["en", "de", "und"]),
    attachments=st.lists(TEXT, max_size=3).map(tuple),
    kind=st.sampled_from(Kind),
)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty archive with the accounts ana and ben."""
    with Archive.open(f"sqlite:///{tmp_path / 'cyrano.db'}") as opened:
        opened.add_account(account_record("ana", path="/mail/Sent.mbox"))
        opened.add_account(account_record("ben", kind="imap", host="mail.example.org", port=993))
        yield opened


def ids(mails: Iterator[ArchivedEmail]) -> list[str]:
    """Name mails by their number."""
    return [mail.email.message_id.partition("@")[0] for mail in mails]


def test_accounts_come_back_as_they_were_added(archive: Archive) -> None:
    """Settings, owner and addresses survive, by name."""
    ana = account_record("ana", path="/mail/Sent.mbox")
    assert archive.account("ana") == ana
    assert [record.name for record in archive.accounts()] == ["ana", "ben"]
    assert archive.accounts()[0] == ana


def test_accounts_have_unlike_names(archive: Archive) -> None:
    """A second account of one name is refused, an unknown one is said to be unknown."""
    with pytest.raises(UsageError, match="already"):
        archive.add_account(account_record("ana"))
    for call in (archive.account, archive.remove_account):
        with pytest.raises(UsageError, match="no account"):
            call("nobody")
    with pytest.raises(UsageError, match="no account"):
        archive.store("nobody", [archived(1, account="nobody")], None)


@settings(max_examples=30, deadline=None)
@given(email=EMAIL)
def test_any_mail_comes_back_as_it_was_stored(email: Email, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a parsed mail holds survives."""
    mail = ArchivedEmail(account="ana", email=email, kept=True)
    with Archive.open(f"sqlite:///{tmp_path_factory.getbasetemp() / 'any.db'}") as archive:
        if not archive.accounts():
            archive.add_account(account_record("ana"))
        archive.store("ana", [mail], None)
        assert archive.get("ana", email.message_id) == mail
        archive.remove_account("ana")


def test_storing_again_changes_nothing(archive: Archive) -> None:
    """Only new mail counts, also within one batch, and the first version stays."""
    assert archive.store("ana", [archived(1), archived(2)], "c1") == 2
    again = [archived(1, text="something else"), archived(3), archived(3)]
    assert archive.store("ana", again, "c2") == 1
    assert archive.get("ana", "m1@example.org") == archived(1)
    assert archive.count("ana") == Counts(total=3, kept=3, quarantined=0)


def test_a_failing_store_moves_no_cursor(archive: Archive) -> None:
    """Mail and cursor go together: where one mail cannot be stored, nothing is."""
    archive.store("ana", [archived(1)], "c1")
    broken = replace(archived(2), account="nobody")
    with pytest.raises(UsageError):
        archive.store("ana", [archived(3), broken], "c2")
    assert (archive.cursor("ana"), archive.count("ana").total) == ("c1", 1)


def test_the_cursor_is_each_accounts_own(archive: Archive) -> None:
    """None before the first sync; None given leaves it where it is."""
    assert archive.cursor("ana") is None
    archive.store("ana", [], "c1")
    archive.store("ana", [archived(1)], None)
    assert (archive.cursor("ana"), archive.cursor("ben")) == ("c1", None)


def test_mail_comes_out_oldest_first(archive: Archive) -> None:
    """Undated mail stands before all; kept mail can be had alone."""
    undated = replace(archived(9), email=replace(archived(9).email, sent_at=None))
    archive.store("ana", [archived(2), archived(1, kept=False), undated, archived(0)], None)
    assert ids(archive.mails("ana")) == ["m9", "m0", "m1", "m2"]
    assert ids(archive.mails("ana", kept=True)) == ["m9", "m0", "m2"]
    assert ids(archive.mails("ana", kept=False)) == ["m1"]
    assert list(archive.texts("ana")).count(archived(1).email.text) == 0


def test_accounts_are_apart(archive: Archive) -> None:
    """The same Message-ID in two accounts is two mails, and no query crosses over."""
    archive.store("ana", [archived(1)], None)
    archive.store("ben", [archived(1, account="ben", text="Ben's own copy of it")], None)
    archive.exclude("ben", "m1@example.org")
    archive.mark_indexed("ben", ["m1@example.org"])
    archive.quarantine("ben", "r", "why", b"")
    assert archive.get("ana", "m1@example.org") == archived(1)
    assert ids(archive.unindexed("ana")) == ["m1"]
    assert archive.count("ana") == Counts(total=1, kept=1, quarantined=0)
    assert archive.known_texts("ana", {text_hash("Ben's own copy of it")}) == set()


def test_a_removed_account_leaves_nothing(archive: Archive) -> None:
    """Mail, cursor, quarantine and instructions go with their account."""
    archive.store("ana", [archived(1)], "c1")
    archive.quarantine("ana", "r", "why", b"")
    archive.store_instructions("ana", "1", "m", [Instruction(message_id="m1", text="Write.", source="model")])
    archive.remove_account("ana")
    archive.add_account(account_record("ana"))
    assert archive.count("ana") == Counts(total=0, kept=0, quarantined=0)
    assert (archive.cursor("ana"), archive.instructions("ana", "1", "m")) == (None, {})


def test_excluded_mail_stays_excluded(archive: Archive) -> None:
    """What its owner took out comes back neither by a sync nor into the index, nor as a copy."""
    archive.store("ana", [archived(1), archived(2)], None)
    archive.exclude("ana", "m1@example.org")
    archive.store("ana", [archived(1)], None)
    assert ids(archive.mails("ana", kept=True)) == ids(archive.unindexed("ana")) == ["m2"]
    excluded = archive.get("ana", "m1@example.org")
    assert excluded is not None
    assert (excluded.kept, excluded.reason) == (False, "taken out by its owner")
    assert archive.count("ana").kept == 1
    assert archive.known_texts("ana", {text_hash(archived(1).email.text)})
    with pytest.raises(UsageError, match="m7"):
        archive.exclude("ana", "m7@example.org")


def test_quarantine_keeps_each_message_once(archive: Archive) -> None:
    """Putting a message aside again replaces it."""
    archive.quarantine("ana", "Sent;1;7", "empty", b"")
    archive.quarantine("ana", "Sent;1;7", "nested too deeply", b"raw")
    assert archive.quarantined("ana") == [("Sent;1;7", "nested too deeply")]


def test_the_index_is_filled_once(archive: Archive) -> None:
    """Kept mail waits for the index until it is marked, and again when the index is forgotten."""
    archive.store("ana", [archived(number) for number in range(1200)], None)
    archive.store("ben", [archived(1, account="ben", kept=False)], None)
    for mail in itertools.islice(archive.unindexed("ana"), 20):
        archive.mark_indexed("ana", [mail.email.message_id])
    assert len(ids(archive.unindexed("ana"))) == 1180
    archive.forget_index()
    assert len(ids(archive.unindexed("ana"))) == 1200
    archive.mark_indexed("ana", [archived(number).email.message_id for number in range(1100)])
    assert len(ids(archive.unindexed("ana"))) == 100


def test_a_signature_is_cut_off_at_once(archive: Archive) -> None:
    """The block is remembered with the texts it was cut off from; they go to the index again."""
    archive.store("ana", [archived(1), archived(2)], None)
    archive.mark_indexed("ana", ["m1@example.org", "m2@example.org"])
    shorter = archived(1, text="shorter")
    archive.set_signature("ana", "the block", [shorter])
    assert (archive.signature("ana"), archive.signature("ben")) == ("the block", "")
    assert list(archive.unindexed("ana")) == [shorter]
    assert archive.known_texts("ana", {text_hash("shorter")})


def test_instructions_are_kept_by_prompt_and_model(archive: Archive) -> None:
    """Those of another prompt version or model do not count; newer replace older."""
    first = Instruction(message_id="m1", text="Write.", source="model")
    archive.store_instructions("ana", "1", "small", [first])
    archive.store_instructions("ana", "1", "small", [replace(first, text="Write again.")])
    assert archive.instructions("ana", "1", "small") == {"m1": replace(first, text="Write again.")}
    assert archive.instructions("ana", "2", "small") == archive.instructions("ana", "1", "large") == {}
    archive.store_instructions("ana", "1", "small", [])


def test_given_instructions_count_always_and_win(archive: Archive) -> None:
    """What a person wrote serves every prompt version and model."""
    made = Instruction(message_id="m1", text="Write.", source="model")
    given_one = Instruction(message_id="m1", text="Tell Ben that it rains.", source="given")
    archive.store_instructions("ana", "", "", [given_one])
    archive.store_instructions("ana", "1", "small", [made])
    assert archive.instructions("ana", "1", "small") == {"m1": given_one}
    assert archive.instructions("ana", "9", "other") == {"m1": given_one}


def test_known_mail_is_told_from_new(archive: Archive) -> None:
    """More ids than one query takes are no problem."""
    archive.store("ana", [archived(number) for number in range(0, 1500, 2)], None)
    asked = {archived(number).email.message_id for number in range(1500)}
    assert len(archive.known_ids("ana", asked)) == 750
    assert archive.known_ids("ben", asked) == set()


def test_times_come_from_the_clock_it_is_given(tmp_path: Path) -> None:
    """Nothing in the archive looks at the machine's own clock."""
    with Archive.open(f"sqlite:///{tmp_path / 'cyrano.db'}") as opened:
        archive = Archive(opened.engine, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
        archive.add_account(account_record("ana"))
        archive.store("ana", [], "c1")
        with archive.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT moved_at FROM cursor").scalar() == "2026-01-01 00:00:00.000000"


def test_received_mail_stands_apart(archive: Archive) -> None:
    """It is found by its id or apart, and by nothing that shows, counts or knows sent mail."""
    parent = replace(archived(1, kept=False), is_received=True, server_id="s1")
    assert archive.store("ana", [archived(2), parent], "c") == 2
    assert archive.get("ana", "m1@example.org") == parent
    assert list(archive.received("ana")) == [parent]
    assert ids(archive.mails("ana")) == ids(archive.mails("ana", kept=None)) == ["m2"]
    assert ids(archive.mails("ana", kept=False)) == []
    assert archive.count("ana") == Counts(total=1, kept=1, quarantined=0)
    assert archive.known_ids("ana", ["m1@example.org", "m2@example.org"]) == {"m2@example.org"}
    assert archive.known_server_ids("ana", ["s1"]) == set()


def test_received_mail_never_takes_the_place_of_sent_mail(archive: Archive) -> None:
    """Only the other way round; and a mail that its owner took out stays out."""
    parent = replace(archived(1, kept=False), is_received=True)
    archive.store("ana", [archived(1)], None)
    archive.exclude("ana", "m1@example.org")
    assert archive.store("ana", [parent], None) == 0
    assert archive.store("ana", [archived(1)], None) == 0
    found = archive.get("ana", "m1@example.org")
    assert found is not None
    assert (found.is_received, found.kept) == (False, False)


def reply_to(parent: str, number: int, *, account: str = "ana", kept: bool = True) -> ArchivedEmail:
    """Make a reply."""
    mail = archived(number, account=account, kept=kept)
    return replace(mail, email=replace(mail.email, in_reply_to=parent, kind=Kind.REPLY))


def test_missing_parents_are_those_of_the_newest_replies(archive: Archive) -> None:
    """Not of mail that is not learned from, not what is held or was sought before, and of this account alone."""
    archive.store(
        "ana",
        [
            reply_to("old@x", 1), reply_to("a@x", 2), reply_to("a@x", 3), reply_to("no@x", 4, kept=False),
            reply_to("m1@example.org", 5), reply_to("gone@x", 6), reply_to("b@x", 7), archived(8),
        ],
        "c",
        unfound=["gone@x"],
    )  # fmt: skip
    archive.store("ben", [reply_to("ben@x", 1, account="ben")], "c", unfound=["a@x"])
    assert archive.missing_parents("ana", newest=5) == ["b@x", "a@x"]
    assert archive.missing_parents("ana", newest=100) == ["b@x", "a@x", "old@x"]
    archive.store("ana", [], None, unfound=["b@x", "b@x", "gone@x"])
    assert archive.missing_parents("ana", newest=5) == ["a@x"]


def test_the_newest_texts_come_first(archive: Archive) -> None:
    """Where only some are asked for, they are the newest."""
    archive.store("ana", [archived(number, text=f"Text {number}") for number in range(4)], "c")
    assert list(archive.texts("ana", newest=2)) == ["Text 3", "Text 2"]
    assert len(list(archive.texts("ana"))) == 4


def test_signatures_are_those_of_the_newest_mails(archive: Archive) -> None:
    """Who changed theirs last year signs as now; a mail without one counts as that."""
    mails = [archived(number) for number in range(3)]
    signed = replace(mails[2], email=replace(mails[2].email, signature="Ana"))
    archive.store("ana", [*mails[:2], signed], "c")
    assert archive.signatures("ana", newest=2) == ["Ana", ""]


def outcome_of(
    archive: Archive, draft_id: str, sent_id: str, verdict: str, *, account: str = "ana", text: str = "A draft."
) -> None:
    """Note what became of a draft."""
    now = datetime(2026, 1, 5, tzinfo=UTC)
    draft = {
        "draft_id": draft_id, "account": account, "state": "sent", "instruction": "Write", "text": text,
        "source_ids": [], "created_at": now, "changed_at": now,
    }  # fmt: skip
    outcome = {
        "draft_id": draft_id, "account": account, "sent_id": sent_id, "sent_at": now, "verdict": verdict,
        "distance": 0.3, "edits": [], "adapter": "",
    }  # fmt: skip
    with archive.engine.begin() as connection:
        connection.execute(insert(schema.draft), draft)
        connection.execute(insert(schema.outcome), outcome)


def test_pairs_are_changed_drafts_of_mail_that_is_learned_from(archive: Archive) -> None:
    """Not what was sent as it was or not at all, nor of mail that is gone, taken out or somebody else's."""
    archive.store("ana", [archived(number) for number in range(6)], None)
    archive.store("ana", [archived(6, kept=False)], None)
    archive.store("ben", [archived(0, account="ben")], None)
    archive.exclude("ana", "m5@example.org")
    for number, verdict in enumerate(["light", "rewritten", "as_is", "ignored"]):
        outcome_of(archive, f"d{number}", f"m{number}@example.org", verdict)
    outcome_of(archive, "d4", "m4@example.org", "light", text="")
    outcome_of(archive, "d5", "m5@example.org", "light")
    outcome_of(archive, "d6", "m6@example.org", "light")
    outcome_of(archive, "d7", "forgotten@example.org", "light")
    outcome_of(archive, "d8", "m0@example.org", "light", account="ben", text="Ben's.")
    assert archive.pairs("ana") == [
        ChangedDraft(message_id="m0@example.org", text="A draft.", instruction="Write"),
        ChangedDraft(message_id="m1@example.org", text="A draft.", instruction="Write"),
    ]
    assert [each.text for each in archive.pairs("ben")] == ["Ben's."]
