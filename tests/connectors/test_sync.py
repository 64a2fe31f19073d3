"""Sync: nothing lost, nothing doubled, wherever it breaks off; one broken message stops nothing."""

import contextlib
import functools
import itertools
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.account import AccountRecord, RawMessage
from connectors.archive import Archive
from connectors.cleaning import mime
from connectors.errors import StoreError, Unreachable, UnreadableMessage
from connectors.mbox import MboxAccount
from connectors.message import ArchivedEmail, Email
from connectors.sync import SyncReport, SyncSettings, sync
from tests.connectors.samples import account_record, archived, as_mbox, raw_mail

NAMES = itertools.count()
MANY = [raw_mail(number) for number in range(450)]
PARSE = functools.cache(mime.parse)
SIGNED = """Hello Ben, this is mail number {} and there is nothing more to it.

Best,
Ana

Ana Example | Example GmbH
Tel. +49 30 1234567
www.example.org
"""
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


@dataclass(kw_only=True)
class ListAccount:
    """A mailbox in memory, which can break off after some messages."""

    messages: list[bytes]
    record: AccountRecord = field(default_factory=account_record)
    breaks_after: int | None = None
    inbox: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The ids of received mail that was asked for."""

    def count_since(self, cursor: str | None) -> int | None:
        """Return how many are left."""
        return len(self.messages) - int(cursor or 0)

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield messages; a cursor is how many came before."""
        for read, position in enumerate(range(int(cursor or 0), len(self.messages))):
            if read == self.breaks_after:
                raise Unreachable("The connection was lost.")
            yield RawMessage(ref=f"list;{position}", raw=self.messages[position], cursor=str(position + 1))

    def received(self, message_ids: Collection[str]) -> Iterator[RawMessage]:
        """Yield mail of the inbox."""
        self.asked.extend(message_ids)
        for number, raw in enumerate(self.inbox):
            if any(f"<{message_id}>".encode() in raw for message_id in message_ids):
                yield RawMessage(ref=f"inbox;{number}", raw=raw, cursor="", server_id=f"s{number}")

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive with Ana's account."""
    with Archive.open(f"sqlite:///{tmp_path / 'cyrano.db'}") as opened:
        opened.add_account(account_record())
        yield opened


def run(account: ListAccount | MboxAccount, archive: Archive) -> SyncReport:
    """Sync without a progress bar."""
    return sync(account, archive, SyncSettings(), lambda _done, _total: None, parse=PARSE)


def ids(archive: Archive, account: str = "ana") -> list[str]:
    """Name the archived mail."""
    return [mail.email.message_id for mail in archive.mails(account)]


def expected(count: int) -> list[str]:
    """Name the sample mail."""
    return [archived(number).email.message_id for number in range(count)]


def garbled(noise: bytes) -> bytes:
    """Put noise where a program may trip over it."""
    return b"From: ana@example.org\nSubject: " + noise + b"\nMessage-ID: <" + noise + b"@x>\n\n" + noise


def new_account(archive: Archive) -> AccountRecord:
    """Add an account that no example before used."""
    record = account_record(f"a{next(NAMES)}")
    archive.add_account(record)
    return record


def test_archives_what_was_sent_and_then_what_is_new(archive: Archive) -> None:
    """The second sync reads only what came after the first."""
    mails = [raw_mail(number) for number in range(450)]
    assert run(ListAccount(messages=mails[:430]), archive) == SyncReport(new=430, kept=430)
    assert run(ListAccount(messages=mails), archive) == SyncReport(new=20, kept=20)
    assert run(ListAccount(messages=mails), archive) == SyncReport()
    assert ids(archive) == expected(450)


def test_tells_how_far_it_is(archive: Archive) -> None:
    """Progress begins at nothing, never falls, and ends at the total."""
    seen: list[tuple[int, int | None]] = []
    account = ListAccount(messages=[raw_mail(number) for number in range(450)])
    sync(account, archive, SyncSettings(), lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 450)
    assert seen[-1] == (450, 450)
    assert seen == sorted(seen)


def test_says_what_is_not_learned_from(archive: Archive) -> None:
    """Other senders, short mail and copies are archived, with the reason."""
    messages = [
        raw_mail(1),
        raw_mail(2, body="Fine with me!\n"),
        raw_mail(3, sender="Max <max.ana@example.org>"),
        raw_mail(1).replace(b"<m1@", b"<copy@"),
    ]
    report = run(ListAccount(messages=messages), archive)
    assert report == SyncReport(new=4, kept=1)
    reasons = {mail.email.message_id: mail.reason for mail in archive.mails("ana", kept=False)}
    assert reasons == {
        "m2@example.org": "fewer than 5 words",
        "m3@example.org": "another sender",
        "copy@example.org": "a duplicate",
    }


def test_a_copy_that_comes_later_is_a_copy_too(archive: Archive) -> None:
    """Duplicates are found across syncs and batches."""
    messages = [raw_mail(1), raw_mail(1).replace(b"<m1@", b"<copy@")]
    run(ListAccount(messages=messages[:1]), archive)
    assert run(ListAccount(messages=messages), archive) == SyncReport(new=1)


def test_one_broken_message_stops_nothing(archive: Archive) -> None:
    """It is put aside with its reason and its bytes, and the cursor moves past it."""

    def parse(raw: bytes) -> Email:
        if b"number 1 " in raw:
            raise UnreadableMessage("It is nested too deeply.")
        return mime.parse(raw)

    account = ListAccount(messages=[raw_mail(number) for number in range(3)])
    report = sync(account, archive, SyncSettings(), lambda _done, _total: None, parse=parse)
    assert report == SyncReport(new=2, kept=2, quarantined=1)
    assert archive.quarantined("ana") == [("list;1", "It is nested too deeply.")]
    assert archive.cursor("ana") == "3"


def test_a_mailbox_of_broken_messages_only_comes_to_its_end(archive: Archive) -> None:
    """The cursor moves even where there is nothing to archive."""
    assert run(ListAccount(messages=[b"", b"\n"]), archive) == SyncReport(quarantined=2)
    assert archive.cursor("ana") == "2"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(messages=st.lists(st.binary(max_size=200) | st.binary(max_size=60).map(garbled), max_size=5))
def test_any_bytes_are_archived_or_put_aside(messages: list[bytes], archive: Archive) -> None:
    """Garbled messages are counted somewhere, and the sound one behind them is archived."""
    record = new_account(archive)
    report = run(ListAccount(messages=[*messages, raw_mail(1)], record=record), archive)
    assert report.new + report.seen_before + report.quarantined == len(messages) + 1
    assert archive.get(record.name, "m1@example.org")


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


def test_a_block_that_repeats_is_cut_off_and_remembered(archive: Archive) -> None:
    """The first sync finds it in what it archived; later ones cut it off at once; what gets too short goes."""
    messages = [raw_mail(number, body=SIGNED.format(number)) for number in range(60)]
    messages.append(raw_mail(60, body="Yes.\n\n" + SIGNED.partition("Best,")[2].partition("\n\n")[2]))
    run(ListAccount(messages=messages[:-2]), archive)
    assert "Example GmbH" in archive.signature("ana")
    run(ListAccount(messages=messages), archive)
    mails = list(archive.mails("ana"))
    assert all("GmbH" not in mail.email.text and "GmbH" in mail.email.signature for mail in mails)
    assert mails[0].email.text.endswith("Ana")
    assert [mail.email.text for mail in mails if not mail.kept] == ["Yes."]


def test_mail_kept_for_its_signature_alone_is_let_go(archive: Archive) -> None:
    """A short mail that looked long enough with its signature is judged again without it."""
    messages = [raw_mail(number, body=SIGNED.format(number)) for number in range(60)]
    messages.append(raw_mail(60, body="Yes.\n\n" + SIGNED.partition("Best,")[2].partition("\n\n")[2]))
    run(ListAccount(messages=messages), archive)
    short = archive.get("ana", "m60@example.org")
    assert short is not None
    assert (short.kept, short.reason) == (False, "fewer than 5 words")


def test_a_veto_keeps_mail_out_of_what_is_learned(archive: Archive) -> None:
    """It is archived with the reason of the veto, and its text does not make a later mail a duplicate."""
    messages = [raw_mail(1), raw_mail(1).replace(b"<m1@", b"<copy@"), raw_mail(2, body="Fine.\n")]

    def veto(email: Email) -> str:
        return "an unedited draft" if email.message_id == "m1@example.org" else ""

    report = sync(ListAccount(messages=messages), archive, SyncSettings(), lambda _done, _total: None, veto=veto)
    assert report == SyncReport(new=3, kept=1)
    assert {mail.email.message_id: mail.reason for mail in archive.mails("ana")} == {
        "m1@example.org": "an unedited draft",
        "copy@example.org": "",
        "m2@example.org": "fewer than 5 words",
    }


def test_what_is_forgotten_is_not_stored_again(archive: Archive) -> None:
    """Neither among sent mail nor among the mail it answers; the cursor moves past it."""
    messages = [raw_mail(1), reply(2, answers=8), reply(3, answers=9)]
    account = ListAccount(messages=messages, inbox=[received(8), received(9)])

    def is_forgotten(email: Email) -> bool:
        return email.message_id in {"m1@example.org", "m9@example.org"}

    report = sync(
        account, archive, SyncSettings(), lambda _done, _total: None, is_forgotten=is_forgotten, parse=mime.parse
    )
    assert report == SyncReport(new=2, kept=2, forgotten=1, parents=1)
    assert archive.get("ana", "m1@example.org") is None
    assert archive.get("ana", "m9@example.org") is None
    assert archive.cursor("ana") == "3"


@dataclass(kw_only=True)
class PickyAccount(ListAccount):
    """A mailbox that does not hand over its second message, and knows that its third is archived."""

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield the messages with what became of them."""
        for number, message in enumerate(super().sent_since(cursor)):
            server_id = f"s{number}"
            if number == 1:
                yield replace(message, raw=b"", left_out="It is 99 MB.", server_id=server_id)
            else:
                yield replace(message, raw=b"" if number == 2 else message.raw, server_id=server_id)


def test_what_the_mailbox_leaves_out_is_put_aside(archive: Archive) -> None:
    """With the reason and without bytes; one that is known only moves the cursor."""
    account = PickyAccount(messages=[raw_mail(number) for number in range(4)])
    report = run(account, archive)
    assert report == SyncReport(new=2, kept=2, seen_before=1, quarantined=1)
    assert archive.quarantined("ana") == [("list;1", "It is 99 MB.")]
    assert archive.cursor("ana") == "4"
    assert archive.known_server_ids("ana", ["s0", "s1", "s2", "s3", ""]) == {"s0", "s3"}


def reply(number: int, *, answers: int) -> bytes:
    """Write a reply to a sample mail."""
    raw = raw_mail(number).replace(b"Subject: Mail", b"Subject: Re: Mail")
    return raw.replace(b"\n\n", f"\nIn-Reply-To: <m{answers}@example.org>\n\n".encode(), 1)


def received(number: int) -> bytes:
    """Write a mail from somebody else."""
    return raw_mail(number, sender="Ben <ben@example.net>", body="Could you send me the plans for Friday?\n")


def test_the_mail_that_was_answered_is_fetched_once(archive: Archive) -> None:
    """It is had by its id, and neither learned from, listed nor counted; what is not there is not sought again."""
    messages = [reply(10, answers=1), reply(11, answers=2), reply(12, answers=10), raw_mail(13)]
    account = ListAccount(messages=messages, inbox=[received(1), received(7)])
    assert run(account, archive) == SyncReport(new=4, kept=4, parents=1)
    assert sorted(account.asked) == ["m1@example.org", "m2@example.org"]
    parent = archive.get("ana", "m1@example.org")
    assert parent is not None
    assert (parent.is_received, parent.kept, parent.reason, parent.server_id) == (True, False, "received", "s0")
    assert parent.email.text == "Could you send me the plans for Friday?"
    assert archive.count("ana").total == len(ids(archive)) == 4
    assert run(account, archive) == SyncReport()
    assert len(account.asked) == 2


def test_own_mail_that_was_fetched_as_answered_becomes_sent_mail(archive: Archive) -> None:
    """A mail to oneself, or one that comes into Sent late, is learned from like any other."""
    account = ListAccount(messages=[reply(10, answers=1)], inbox=[raw_mail(1)])
    run(account, archive)
    account.messages.append(raw_mail(1))
    assert run(account, archive) == SyncReport(new=1, kept=1)
    found = archive.get("ana", "m1@example.org")
    assert found is not None
    assert (found.is_received, found.kept) == (False, True)


class NoInbox(ListAccount):
    """A mailbox that fails when asked for received mail, after the first batch."""

    def received(self, message_ids: Collection[str]) -> Iterator[RawMessage]:
        """Yield one batch."""
        if self.asked:
            raise Unreachable("The connection was lost.")
        yield from super().received(message_ids)


def test_a_mailbox_that_fails_meanwhile_is_asked_again_next_time(archive: Archive) -> None:
    """The sync is good all the same; the next one goes on with what is missing."""
    messages = [reply(number + 100, answers=number) for number in range(60)]
    inbox = [received(number) for number in range(60)]
    assert run(NoInbox(messages=messages, inbox=inbox), archive) == SyncReport(new=60, kept=60, parents=50)
    assert run(ListAccount(messages=messages, inbox=inbox), archive) == SyncReport(parents=10)


def test_a_sync_can_be_broken_off_while_answered_mail_is_fetched(archive: Archive) -> None:
    """There may be a thousand of them, and whoever stops Cyrano waits; what was fetched stays."""
    messages = [reply(number + 100, answers=number) for number in range(60)]
    account = ListAccount(messages=messages, inbox=[received(number) for number in range(60)])

    def stop(_done: int, _total: int | None) -> None:
        if account.asked:
            raise StoreError("It is to stop.")

    with pytest.raises(StoreError):
        sync(account, archive, SyncSettings(), stop, parse=PARSE)
    assert len(list(archive.received("ana"))) == 50


def test_a_slow_mailbox_is_stored_more_often(archive: Archive) -> None:
    """What took long to fetch is on the disk soon, however few mails it are."""
    seconds = itertools.count(step=3)
    done: list[int] = []
    account = ListAccount(messages=[raw_mail(number) for number in range(6)])
    sync(
        account,
        archive,
        SyncSettings(),
        lambda count, _total: done.append(count),
        tick=lambda: float(next(seconds)),
        parse=PARSE,
    )
    assert done == [0, 2, 4, 6]


def test_a_report_says_what_was_done() -> None:
    """What did not happen is not mentioned, except what is always told."""
    assert str(SyncReport(new=3, kept=2)) == "3 new mails, 2 of them learned from; 0 seen before, 0 put aside"
    assert str(SyncReport(forgotten=1, parents=2)).endswith("0 put aside, 1 forgotten; 2 mails they answer")
    assert SyncReport(new=1, parents=2) + SyncReport(new=2) == SyncReport(new=3, parents=2)
