"""Wherever a sync breaks off, nothing is lost and nothing doubled."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.archive import Archive
from connectors.errors import Unreachable
from connectors.mbox import MboxAccount
from connectors.message import ArchivedEmail
from tests.connectors.samples import account_record, as_mbox, raw_mail
from tests.connectors.sync.syncing import (
    MANY,
    SIGNED,
    ListAccount,
    expected,
    ids,
    new_account,
    run,
)

SYNC = """
import sys
from connectors.archive import Archive
from connectors.mbox import MboxAccount
from connectors.sync import SyncSettings, sync
archive = Archive.open(sys.argv[1])
sync(MboxAccount(archive.account("ana")), archive, SyncSettings(), lambda done, total: print(done, flush=True))
"""
Result = TypeVar("Result")


class PowerCut(BaseException):
    """The end of a process in the middle of something."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(breaks=st.lists(st.integers(0, 300), max_size=5))
def test_a_lost_connection_loses_no_mail(breaks: list[int], archive: Archive) -> None:
    """However often the mailbox breaks off, each sync keeps what it read and the next goes on there."""
    account = ListAccount(messages=MANY, record=new_account(archive))
    read = 0
    for breaks_after in breaks:
        account.breaks_after = breaks_after
        read += min(breaks_after, len(MANY) - read)
        try:
            run(account, archive)
        except Unreachable:
            assert archive.cursor(account.record.name) == (str(read) if read else None)
    account.breaks_after = None
    run(account, archive)
    assert ids(archive, account.record.name) == expected(len(MANY))


class FailingArchive(Archive):
    """An archive whose process dies before or after its n-th commit."""

    def __init__(self, archive: Archive, *, dies_at: int, is_committed: bool) -> None:
        super().__init__(archive.engine)
        self.commits_left = dies_at
        self.is_committed = is_committed

    def store(
        self, account: str, mails: Sequence[ArchivedEmail], cursor: str | None, *, unfound: Collection[str] = ()
    ) -> int:
        """Store, and perhaps die."""
        return self._perhaps_die(lambda: super(FailingArchive, self).store(account, mails, cursor, unfound=unfound))

    def quarantine(self, account: str, ref: str, reason: str, raw: bytes) -> None:
        """Put aside, and perhaps die."""
        self._perhaps_die(lambda: super(FailingArchive, self).quarantine(account, ref, reason, raw))

    def set_signature(self, account: str, signature: str, rewritten: Iterable[ArchivedEmail]) -> None:
        """Cut off, and perhaps die."""
        self._perhaps_die(lambda: super(FailingArchive, self).set_signature(account, signature, rewritten))

    def _perhaps_die(self, commit: Callable[[], Result]) -> Result:
        self.commits_left -= 1
        if self.commits_left == 0 and not self.is_committed:
            raise PowerCut
        result = commit()
        if self.commits_left == 0:
            raise PowerCut
        return result


@pytest.mark.parametrize("is_committed", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 8))
def test_dying_at_any_commit_loses_and_doubles_nothing(archive: Archive, dies_at: int, *, is_committed: bool) -> None:
    """After a crash at any commit the next sync ends where an undisturbed one does."""
    messages = [raw_mail(number, body=SIGNED.format(number)) for number in range(450)]
    messages[200:200] = [b"", b"\n"]
    account = ListAccount(messages=messages)
    with contextlib.suppress(PowerCut):
        run(account, FailingArchive(archive, dies_at=dies_at, is_committed=is_committed))
    run(account, archive)
    assert ids(archive) == expected(450)
    assert not any("GmbH" in mail.email.text for mail in archive.mails("ana"))
    assert len(archive.quarantined("ana")) == 2
    assert archive.cursor("ana") == "452"


@pytest.mark.process
def test_killing_the_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """SIGKILL in the middle of a batch, again and again, of a real sync of a real file."""
    path, url = tmp_path / "Sent.mbox", f"sqlite:///{tmp_path / 'cyrano.db'}"
    path.write_bytes(as_mbox([raw_mail(number) for number in range(1200)]))
    with Archive.open(url) as archive:
        archive.add_account(account_record(path=str(path)))
        for batches in (1, 3):
            _kill_after(batches, url)
            assert archive.count("ana").total < 1200
        run(MboxAccount(archive.account("ana")), archive)
        assert ids(archive) == expected(1200)


def _kill_after(batches: int, url: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", SYNC, url], stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(batches):
        process.stdout.readline()
    process.kill()
    process.wait()
