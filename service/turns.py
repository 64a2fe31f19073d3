"""One account's turn to be synced: bring in what was sent, note how it went, and say when the next turn is due.

An account that fails is tried again after growing waits; one whose credentials were refused only once they changed, or
after some hours: servers lock accounts for trying.
"""

import time
from collections.abc import Callable
from random import random

from connectors.account import AccountRecord
from connectors.errors import AccountError, AuthError, CyranoError
from service.backoff import Backoff
from service.crew import ASK_AGAIN_S
from service.health import FAILED, REFUSED, WELL, Health, Part
from service.ingest import Ingested

LOOK_AGAIN_S = 60.0
"""How often to look whether refused credentials changed."""


class Stopped(CyranoError):
    """The work was broken off because Cyrano is stopping."""


def note_sync(health: Health, name: str, *, report: str = "", error: CyranoError | None = None) -> None:
    """Note how an account's sync went."""
    if error is None:
        health.note(name, Part.SYNC, WELL, report=report)
    else:
        state = REFUSED if isinstance(error, AuthError) else FAILED
        health.note(name, Part.SYNC, state, error=str(error), hint=error.hint)


class SyncTurns:
    """The turns of all accounts. Each account is in one thread at a time."""

    def __init__(
        self,
        account: Callable[[str], AccountRecord],
        ingest: Callable[[AccountRecord], Ingested],
        health: Health,
        *,
        mark: Callable[[AccountRecord], str],
        every_minutes: int,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random,
    ) -> None:
        """Join the parts.

        Args:
            account: Returns the account of a name.
            ingest: Brings in and indexes what an account sent.
            health: Where it is noted how it went.
            mark: Returns what changes when an account's credentials do.
            every_minutes: Between two turns that went well.
            clock: Seconds that only grow.
            dice: Spreads the waits after failures, 0 to 1.
        """
        self._account = account
        self._ingest = ingest
        self._health = health
        self._mark = mark
        self._every_s = every_minutes * 60.0
        self._clock = clock
        self._dice = dice
        self._backoffs: dict[str, Backoff] = {}
        self._refused: dict[str, tuple[str, float]] = {}

    def take(self, name: str) -> float:
        """Take an account's turn; return after how many seconds the next one is due."""
        record = self._account(name)
        if self._is_refused_still(record):
            return LOOK_AGAIN_S
        try:
            done = self._ingest(record)
        except CyranoError as error:
            return self._note_failed(record, error)
        if done.error is None:
            return self._note_done(name, str(done.report or ""))
        return self._every_s if isinstance(done.error, Stopped) else self._note_failed(record, done.error)

    def _is_refused_still(self, record: AccountRecord) -> bool:
        mark, since = self._refused.get(record.name, ("", 0.0))
        return bool(mark) and mark == self._mark(record) and self._clock() - since < ASK_AGAIN_S

    def _note_done(self, name: str, report: str) -> float:
        self._refused.pop(name, None)
        self._backoffs.pop(name, None)
        note_sync(self._health, name, report=report)
        return self._every_s

    def _note_failed(self, record: AccountRecord, error: CyranoError) -> float:
        note_sync(self._health, record.name, error=error)
        if isinstance(error, AuthError):
            self._refused[record.name] = self._mark(record), self._clock()
            return LOOK_AGAIN_S
        self._refused.pop(record.name, None)
        if isinstance(error, AccountError) and error.permanent:
            return self._every_s  # a folder that is not there: somebody has to do something first
        cap_s = max(self._every_s, 60.0)
        backoff = self._backoffs.setdefault(record.name, Backoff(self._dice, first_s=15.0, cap_s=cap_s))
        return backoff.next_s()
