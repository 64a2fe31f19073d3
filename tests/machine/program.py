"""Cyrano in the machine: its real watcher, ledger, sync and archive on one mailbox, in a process that may be killed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.errors import AccountError
from connectors.mailbox import Mailbox, Trigger
from connectors.sync import SyncSettings, sync
from service.learn import Learner
from service.ledger import Ledger
from service.outcomes import Outcomes
from service.watching.settings import WatchSettings
from service.watching.watch import Watcher
from tests.machine.servers import FOLDER, MailServer
from tests.machine.steps import Killed, Point, SteppedAccount, SteppedMailbox, Steps, step_database
from tests.machine.writer import StandInWriter

BEGAN = datetime(2026, 11, 20, 9, tzinfo=UTC)


class Clock:
    """The time of the machine."""

    def __init__(self) -> None:
        self.now = self._latest = BEGAN

    def __call__(self) -> datetime:
        """Return the time; every look takes a moment."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def jump(self, by: timedelta, *, back_at_most: timedelta) -> None:
        """Set the clock, but not back by more than so much from the latest time it ever showed."""
        self._latest = max(self._latest, self.now)
        self.now = max(self.now + by, self._latest - back_at_most)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


class Program:
    """The service as far as it touches the mailbox. What is on the disk survives a kill."""

    def __init__(self, server: MailServer, folder: Path, trigger: Trigger) -> None:
        self.server = server
        self.trigger: Trigger = trigger
        self.clock = Clock()
        self.steps = Steps()
        self.archive = Archive.open(f"sqlite:///{folder / 'cyrano.db'}")
        self.archive.add_account(server.record)
        self.ledger = Ledger(self.archive.engine, clock=self.clock)
        self.writer = StandInWriter(self.ledger)
        step_database(self.archive.engine, self.steps)
        self._mailbox: Mailbox | None = None
        self._watcher = self._new_watcher()

    @property
    def record(self) -> AccountRecord:
        """Whose mailbox it is."""
        return self.server.record

    def restart(self) -> None:
        """Begin anew with what is on the disk."""
        self._hang_up()
        self._watcher = self._new_watcher()

    def check(self, plan: dict[Point, Callable[[], None]] | None = None) -> bool:
        """Make a pass with something planned for some of its steps; tell whether it came to its end."""
        self.steps.begin(plan)
        try:
            if self._mailbox is None:
                self._mailbox = SteppedMailbox(self.server.connect(), self.steps)
            self._watcher.check(self._mailbox, Event())
        except AccountError:
            self._hang_up()
            return False
        except Killed:
            self.steps.begin()
            self.restart()
            return False
        finally:
            self.steps.begin()
        return True

    def sync(self, plan: dict[Point, Callable[[], None]] | None = None) -> bool:
        """Sync sent mail into the archive; tell whether it came to its end."""
        veto = Learner(Outcomes(self.archive.engine)).veto(self.record.name)
        account = self.server.account(lambda ids: self.archive.known_server_ids(self.record.name, ids))
        self.steps.begin(plan)
        try:
            sync(SteppedAccount(account, self.steps), self.archive, SyncSettings(), lambda *_: None, veto=veto)
        except (AccountError, Killed):
            return False
        finally:
            self.steps.begin()
            account.close()
        return True

    def close(self) -> None:
        """Let go of everything."""
        self._hang_up()
        self.archive.close()

    def _hang_up(self) -> None:
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            mailbox.close()

    def _new_watcher(self) -> Watcher:
        return Watcher(
            self.record,
            WatchSettings(trigger=self.trigger, folder=FOLDER, max_age_days=3650, daily_cap=100_000),
            connect=self.server.connect,
            ledger=self.ledger,
            drafter=self.writer,
            clock=self.clock,
            zone=UTC,
            sleep=self.clock.sleep,
        )
