"""service/ingest.py: sync and index, account by account."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.account import Account, AccountRecord, RawMessage
from connectors.archive import Archive
from connectors.errors import StoreError, Unreachable
from connectors.forget import erase, find
from connectors.forgotten import Scope
from connectors.message import Email
from connectors.sync import SyncSettings
from service.draft_row import Written
from service.edits import Verdict
from service.ingest import BATCH, index_new, ingest
from service.learn import UNEDITED, Learner
from service.ledger import Ledger
from service.outcomes import Outcomes
from service.progress import OnProgress
from tests.connectors.samples import account_record, archived, raw_mail


@dataclass
class StandInIndex:
    """Remembers what was added; fails at the batch it is told to."""

    fails_at: int = -1
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    batches: int = 0

    def add(self, account: str, emails: Sequence[Email]) -> None:
        """Take a batch."""
        assert account
        if self.batches == self.fails_at:
            raise StoreError("The disk is full.")
        self.batches += 1
        self.added += [email.message_id for email in emails]

    def remove(self, account: str, message_ids: Sequence[str]) -> None:
        """Forget mails."""
        assert account
        self.removed += message_ids


@dataclass
class StandInAccount:
    """A mailbox of two mails, or one that cannot be reached."""

    record: AccountRecord
    is_reachable: bool = True
    is_closed: bool = False

    def count_since(self, cursor: str | None) -> int | None:
        """Say nothing."""
        assert not cursor

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield two mails."""
        assert not cursor
        if not self.is_reachable:
            raise Unreachable("No answer.")
        for number in (1, 2):
            yield RawMessage(ref=str(number), raw=raw_mail(number), cursor=str(number))

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive with the accounts "ana" and "ben"."""
    with Archive.open(f"sqlite:///{tmp_path / 'cyrano.db'}") as opened:
        for name in ("ana", "ben"):
            opened.add_account(account_record(name))
        yield opened


def quiet(_: str) -> OnProgress:
    """Show no progress."""
    return lambda _done, _total: None


def test_one_account_that_fails_does_not_stop_the_next(archive: Archive) -> None:
    """Its error is returned, the other's mail is archived and indexed, and both mailboxes are closed."""
    opened: list[StandInAccount] = []
    index = StandInIndex()

    def open_account(record: AccountRecord) -> Account:
        opened.append(StandInAccount(record, is_reachable=record.name == "ben"))
        return opened[-1]

    results = ingest(
        archive.accounts(),
        open_account,
        archive,
        index,
        SyncSettings(),
        learner=Learner(Outcomes(archive.engine)),
        start_bar=quiet,
    )  # type: ignore[arg-type]
    assert [type(result.error) for result in results] == [Unreachable, type(None)]
    assert results[1].report is not None
    assert results[1].report.new == 2
    assert index.added == ["m1@example.org", "m2@example.org"]
    assert all(account.is_closed for account in opened)


def test_what_nobody_thought_of_stops_no_other_account_either(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    """And its words, which may quote mail, stand neither in the error nor in the log."""
    words = f"Dear {archive.accounts()[0].owner.name}, here is what I wrote."

    def open_account(record: AccountRecord) -> Account:
        if record.name == "ana":
            raise RuntimeError(words)
        return StandInAccount(record)

    learner = Learner(Outcomes(archive.engine))
    results = ingest(
        archive.accounts(),
        open_account,
        archive,
        StandInIndex(),
        SyncSettings(),
        learner=learner,
        start_bar=quiet,
    )  # type: ignore[arg-type]
    assert [result.report is None for result in results] == [True, False]
    assert str(results[0].error) == "Something unexpected failed: RuntimeError."
    assert "open_account" in caplog.text
    assert words not in caplog.text


def test_an_unedited_draft_is_archived_and_not_learned_from(archive: Archive) -> None:
    """Nor does it get into the index; that it was sent as it was is noted, for the statistics."""
    long_ago = Ledger(archive.engine, clock=lambda: datetime(2026, 1, 5, 8, tzinfo=UTC))
    outcomes = Outcomes(archive.engine, clock=lambda: datetime(2026, 1, 6, tzinfo=UTC))
    draft_id = long_ago.begin("ana", recipients=["ben@example.net"])
    long_ago.finish(draft_id, Written(text="Hello Ben, this is mail number 1 and it says no more than that. Best, Ana"))
    index = StandInIndex()
    ingest(
        [archive.account("ana")],
        StandInAccount,
        archive,
        index,
        SyncSettings(),
        learner=Learner(outcomes),
        start_bar=quiet,
    )  # type: ignore[arg-type]
    assert [(mail.kept, mail.reason) for mail in archive.mails("ana")] == [(False, UNEDITED), (True, "")]
    assert index.added == ["m2@example.org"]
    found = outcomes.of("ana", draft_id)
    assert found is not None
    assert (found.verdict, found.sent_id) == (Verdict.AS_IS, "m1@example.org")


def test_what_was_forgotten_does_not_come_back(archive: Archive) -> None:
    """The mailbox still holds it."""
    scope = Scope(message_id="m1@example.org")
    erase(archive.engine, "ana", scope, find(archive.engine, "ana", scope), datetime.now(UTC))
    learner = Learner(Outcomes(archive.engine))
    records = [archive.account("ana")]
    ingest(records, StandInAccount, archive, StandInIndex(), SyncSettings(), learner=learner, start_bar=quiet)  # type: ignore[arg-type]
    assert [mail.email.message_id for mail in archive.mails("ana")] == ["m2@example.org"]


def test_indexing_goes_on_where_it_stopped(archive: Archive) -> None:
    """A mail is marked only once the index has it: after a failure none is lost, and none added twice."""
    archive.store("ana", [archived(number, text=f"This is mail number {number}.") for number in range(BATCH + 5)], None)
    index = StandInIndex(fails_at=1)
    with pytest.raises(StoreError):
        index_new("ana", archive, index, quiet(""))  # type: ignore[arg-type]
    index.fails_at = -1
    assert index_new("ana", archive, index, quiet("")) == 5  # type: ignore[arg-type]
    assert len(set(index.added)) == len(index.added) == BATCH + 5
    assert index_new("ana", archive, index, quiet("")) == 0  # type: ignore[arg-type]


def test_what_is_not_learned_from_any_more_leaves_the_index(archive: Archive) -> None:
    """Excluded mail, and mail too short once its signature is cut, is taken out; also when a crash came between."""
    archive.store("ana", [archived(number) for number in (1, 2, 3)], None)
    index = StandInIndex()
    index_new("ana", archive, index, quiet(""))  # type: ignore[arg-type]
    archive.exclude("ana", "m1@example.org")
    archive.set_signature("ana", "the block", [archived(2, text="Yes.", kept=False)])
    for _ in range(2):
        index_new("ana", archive, index, quiet(""))  # type: ignore[arg-type]
    assert sorted(index.removed) == ["m1@example.org", "m2@example.org"]
    assert archive.outdated("ana") == []
