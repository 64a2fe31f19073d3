"""Sync fetches the mail that was answered, too."""

from collections.abc import Collection, Iterator

import pytest

from connectors.account import RawMessage
from connectors.archive import Archive
from connectors.errors import StoreError, Unreachable
from connectors.sync import SyncReport, SyncSettings, sync
from tests.connectors.samples import raw_mail
from tests.connectors.sync.syncing import PARSE, ListAccount, ids, received, reply, run


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
