"""Sync: what was sent and then what is new, and what is told meanwhile."""

import itertools

from connectors.archive import Archive
from connectors.sync import SyncReport, SyncSettings, sync
from tests.connectors.samples import raw_mail
from tests.connectors.sync.syncing import PARSE, ListAccount, expected, ids, run


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
