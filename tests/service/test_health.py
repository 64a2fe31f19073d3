"""service/health.py: how each account does, asked for at any time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.message import Address
from service.health import FAILED, WELL, Health, Part

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """A database with one account."""
    with Archive.open(f"sqlite:///{tmp_path}/cyrano.db") as opened:
        ana = Address(addr="ana@example.org")
        opened.add_account(AccountRecord(name="ana", kind="imap", owner=ana, addresses=frozenset({ana.addr})))
        yield opened


def test_what_went_wrong_does_not_hide_when_it_last_went_well(archive: Archive) -> None:
    """A person wants to know both, and what to do."""
    now = [NOW]
    health = Health(archive.engine, clock=lambda: now[0])
    health.note("ana", Part.SYNC, WELL, report="3 new mails")
    now[0] += timedelta(hours=1)
    health.note("ana", Part.SYNC, FAILED, error="The server is away.", hint="Wait.")
    (sync,) = health.of("ana")
    assert (sync.tried_at, sync.done_at) == (NOW + timedelta(hours=1), NOW)
    assert (sync.error, sync.hint, sync.report) == ("The server is away.", "Wait.", "3 new mails")


def test_an_error_is_gone_once_it_went_well(archive: Archive) -> None:
    """Yesterday's trouble is nobody's business."""
    health = Health(archive.engine, clock=lambda: NOW)
    health.note("ana", Part.WATCH, FAILED, error="The server is away.")
    health.note("ana", Part.WATCH, WELL, waiting=2)
    (watch,) = health.of("ana")
    assert (watch.error, watch.waiting, watch.done_at) == ("", 2, NOW)


def test_what_it_waited_for_is_gone_once_it_does_not(archive: Archive) -> None:
    """A night that is over is told no more."""
    health = Health(archive.engine, clock=lambda: NOW)
    health.note("ana", Part.WATCH, WELL, report="quiet hours, 22:00-07:00")
    health.note("ana", Part.WATCH, WELL)
    assert [part.report for part in health.of("ana")] == [""]


def test_an_account_removed_meanwhile_is_passed_over(archive: Archive) -> None:
    """Its last turn ends without an error, and leaves nothing."""
    health = Health(archive.engine)
    archive.remove_account("ana")
    health.note("ana", Part.SYNC, WELL)
    assert health.of("ana") == ()
