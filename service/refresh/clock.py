"""The clock: looks at each account again and again, and has it refreshed when that is due.

The rules this module keeps:
1. When each account is looked at next stands in the database: it survives the process, and a machine that slept or was
   off looks once, at once, at what it missed.
2. Over all processes and machines one clock goes, that of who holds the lease; the others stand by.
3. Looks are `look_every_minutes` apart at most, whatever the clocks of the machine do: one that was set back is noticed
   by a clock that only grows. Summer time changes nothing, for all times are UTC; the hours of `[refresh]` are not.
4. What somebody asks for is seen within seconds.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from math import inf
from queue import Empty, SimpleQueue
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine

from connectors.errors import CyranoError
from service.refresh.decide import Decision
from service.refresh.lease import CLOCK, Held, Leases, LeaseTaken
from service.refresh.store import Store

logger = logging.getLogger(__name__)

TICK_S = 0.5
"""How often it is looked whether somebody asked for a run."""
TEND_S = 5.0
"""How often accounts that came or went are looked for, and jobs that a clock set back has put far away."""
STAND_BY_S = 5.0
"""How often a clock that stands by looks whether it is to go."""
HEAR_AGAIN_S = 5.0
TURN = timedelta(seconds=15)
"""How soon an account is looked at again that waits for its turn."""
RING = "service.refresh.clock:ring"

_bells: list[Callable[[str], None]] = []
"""The bell of this process's clock: what APScheduler keeps can name a function, and no object."""


def ring(account: str) -> None:
    """Say that an account is to be looked at; called by APScheduler."""
    for bell in _bells:
        bell(account)


class Clock:
    """Gives each account its turns."""

    def __init__(
        self,
        engine: Engine,
        leases: Leases,
        *,
        accounts: Callable[[], Iterable[str]],
        asked: Callable[[], Iterable[str]],
        turn: Callable[[str], Decision],
        every: Callable[[str], timedelta],
        tidy: Callable[[], object] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Join the parts.

        Args:
            engine: The database.
            leases: Who may be the clock.
            accounts: Returns the names of the accounts there are now.
            asked: Returns those for which somebody asked.
            turn: Looks at an account, and refreshes it if that is due.
            every: Returns how far looks at an account may be apart.
            tidy: Called every few seconds: puts right what processes elsewhere that are gone have left.
            clock: The time of day, UTC.
        """
        self._engine = engine
        self._leases = leases
        self._accounts = accounts
        self._asked = asked
        self._turn = turn
        self._every = every
        self._tidy = tidy
        self._clock = clock
        self._rung: SimpleQueue[str] = SimpleQueue()
        self._heard_at: dict[str, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Be the clock as soon as no other one is, until told to stop."""
        while not stop.is_set():
            try:
                with self._leases.hold(CLOCK) as held:
                    self._go(held, stop)
            except LeaseTaken:
                stop.wait(STAND_BY_S)
            except CyranoError as error:
                logger.warning("the clock stands still: %s", error)
                stop.wait(STAND_BY_S)

    def _go(self, held: Held, stop: threading.Event) -> None:
        logger.info("this process keeps the clock")
        with self._scheduler() as scheduler:
            ticks = 0
            while not stop.is_set() and not held.is_lost:
                if ticks % round(TEND_S / TICK_S) == 0:
                    self._tend(scheduler)
                ticks += 1
                for account in self._due():
                    if not stop.is_set():
                        self._take(scheduler, account)

    @contextmanager
    def _scheduler(self) -> Iterator[Any]:
        scheduler = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(1)}, jobstores={"default": Store(self._engine)}
        )
        bell = self._rung.put
        _bells.append(bell)
        scheduler.start()
        try:
            yield scheduler
        finally:
            scheduler.shutdown()
            _bells.remove(bell)

    def _due(self) -> list[str]:
        """Wait for a tick, and return whose turn it is: first those for whom somebody asked."""
        rung = []
        with suppress(Empty):
            rung.append(self._rung.get(timeout=TICK_S))
            while True:
                rung.append(self._rung.get_nowait())
        with suppress(CyranoError):
            return list(dict.fromkeys((*self._heard(), *rung)))
        return rung

    def _heard(self) -> list[str]:
        """Return for whom somebody asked; one who must wait for a turn is not looked at with every tick."""
        now = time.monotonic()
        asked = [account for account in self._asked() if self._heard_at.get(account, -inf) + HEAR_AGAIN_S <= now]
        self._heard_at |= dict.fromkeys(asked, now)
        return asked

    def _take(self, scheduler: Any, account: str) -> None:  # noqa: ANN401
        try:
            decision = self._turn(account)
        except CyranoError as error:
            logger.warning("%s could not be refreshed: %s", account, error)
        except Exception as error:  # noqa: BLE001  the clock goes on
            # Where, not what: the message of a foreign exception may quote mail.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s could not be refreshed: %s\n%s", account, type(error).__name__, where)  # noqa: TRY400
        else:
            self._plan(scheduler, account, decision)

    def _plan(self, scheduler: Any, account: str, decision: Decision) -> None:  # noqa: ANN401
        """Look sooner than usual where it is known when a run is due, or that it waits for its turn only."""
        now = self._clock()
        at = now + TURN if decision.is_due else decision.next_at
        if at is None or at >= now + self._every(account):
            return
        with suppress(JobLookupError, CyranoError):
            scheduler.modify_job(account, next_run_time=max(at, now + timedelta(seconds=1)))

    def _tend(self, scheduler: Any) -> None:  # noqa: ANN401
        """See to it that each account has its job, within its time."""
        try:
            self._tidy()
            names, jobs = set(self._accounts()), {job.id: job for job in scheduler.get_jobs()}
            for gone in jobs.keys() - names:
                scheduler.remove_job(gone)
            for name in sorted(names):
                self._see_to(scheduler, name, jobs.get(name))
        except (JobLookupError, CyranoError) as error:
            logger.warning("the clock could not be tended: %s", error)

    def _see_to(self, scheduler: Any, name: str, job: Any) -> None:  # noqa: ANN401
        every, now = self._every(name), self._clock()
        if job is None or job.trigger.interval != every:
            # Without a grace time a look that a sleeping machine missed is made up for, however late, and once.
            scheduler.add_job(
                RING, IntervalTrigger(seconds=every.total_seconds(), timezone=UTC), [name], id=name, name="look",
                next_run_time=now, coalesce=True, misfire_grace_time=None, replace_existing=True,
            )  # fmt: skip
        elif job.next_run_time is None or job.next_run_time > now + every + TURN:
            scheduler.modify_job(name, next_run_time=now)
