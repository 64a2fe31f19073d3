"""What a running service does for each account by the clock: now, and again when the work itself says.

Each account has its own turn in its own thread: one that hangs or fails never holds up another. Accounts that are added
meanwhile get their turn, removed ones lose it. A machine that slept does at once what it missed, and only once.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from connectors.errors import CyranoError

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
AFTER_ACCIDENT_S = 300.0
_MOST_THREADS = 200


@contextmanager
def scheduled(accounts: Callable[[], Iterable[str]], work: Callable[[str], float]) -> Iterator[None]:
    """Give each account its turns while the block lasts, never two of one account at the same time.

    The end of the block waits for work under way, which must have been told to stop by then.

    Args:
        accounts: Returns the names of the accounts there are now.
        work: Does an account's work, and returns after how many seconds its next turn is due.
    """
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(_MOST_THREADS)})
    rota = _Rota(scheduler, accounts, work)
    scheduler.add_job(
        rota.look, "interval", seconds=LOOK_EVERY_S, next_run_time=datetime.now(UTC), coalesce=True, max_instances=1
    )
    scheduler.start()
    try:
        yield
    finally:
        rota.close()
        scheduler.shutdown()


class _Rota:
    """Whose turn is planned or under way."""

    def __init__(
        self, scheduler: BackgroundScheduler, accounts: Callable[[], Iterable[str]], work: Callable[[str], float]
    ) -> None:
        self._scheduler = scheduler
        self._accounts = accounts
        self._work = work
        self._known: set[str] = set()
        self._is_closed = False
        self._lock = threading.Lock()

    def close(self) -> None:
        """Plan no more. A scheduler that is shutting down waits for its threads, and they would wait for it."""
        with self._lock:
            self._is_closed = True

    def look(self) -> None:
        """Plan a turn at once for every account that has none."""
        try:
            names = set(self._accounts())
        except CyranoError as error:
            logger.warning("the accounts cannot be read now: %s", error)
            return
        with self._lock:
            fresh = names - self._known
            self._known |= fresh
        for name in sorted(fresh):
            self._plan(name, 0.0)

    def _turn(self, name: str) -> None:
        if name not in self._names():
            with self._lock:
                self._known.discard(name)
            return
        self._plan(name, self._attempt(name))

    def _names(self) -> set[str]:
        try:
            return set(self._accounts())
        except CyranoError:
            return {*self._known}

    def _plan(self, name: str, wait_s: float) -> None:
        at = datetime.now(UTC) + timedelta(seconds=wait_s)
        with self._lock:
            if not self._is_closed:
                # Without a grace time a turn that a sleeping machine missed is made up for, however late.
                self._scheduler.add_job(self._turn, "date", [name], run_date=at, misfire_grace_time=None)

    def _attempt(self, name: str) -> float:
        """Do the work; what fails is logged, and tried again."""
        try:
            return self._work(name)
        except CyranoError as error:
            logger.warning("scheduled work for %s failed: %s", name, error)
        except Exception as error:  # noqa: BLE001  the clock goes on
            # Where, not what: the message of a foreign exception may quote mail.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("scheduled work for %s failed: %s\n%s", name, type(error).__name__, where)  # noqa: TRY400
        return AFTER_ACCIDENT_S
