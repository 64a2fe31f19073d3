"""Keeps one thread per watched mailbox, whatever comes and goes.

Rules:
1. One broken account never stops another: each has its own thread, connection and back-off.
2. An account that is added gets its thread while Cyrano runs; one that is removed loses it.
3. A watcher that ended because its credentials were refused starts again once they changed, or after some hours:
   servers lock accounts for trying.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from connectors.account import AccountRecord
from connectors.errors import CyranoError

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
ASK_AGAIN_S = 6 * 3600.0
"""After which refused credentials are tried again, even if they are still the same."""
JOIN_S = 10.0
"""How long a thread may take to stop; one that takes longer dies with the process."""


class Worker(Protocol):
    """What works for one account until it is told to stop: `service.watching.watch.Watcher`."""

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, or until the credentials are refused."""


@dataclass(slots=True)
class _Post:
    """An account's place in the crew."""

    record: AccountRecord
    mark: str
    thread: threading.Thread
    stop: threading.Event = field(default_factory=threading.Event)
    started_at: float = 0.0


class Crew:
    """The watchers of all accounts."""

    def __init__(
        self,
        accounts: Callable[[], Iterable[AccountRecord]],
        hire: Callable[[AccountRecord], Worker | None],
        *,
        mark: Callable[[AccountRecord], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join the parts.

        Args:
            accounts: Returns the accounts there are now.
            hire: Returns who watches an account, or None where there is nothing to watch.
            mark: Returns what changes when an account's settings or credentials do.
            clock: Seconds that only grow.
        """
        self._accounts = accounts
        self._hire = hire
        self._mark = mark
        self._clock = clock
        self._posts: dict[str, _Post] = {}

    def run(self, stop: threading.Event) -> None:
        """Keep the crew until told to stop, then wait until all have stopped."""
        try:
            while not stop.is_set():
                self.look()
                stop.wait(LOOK_EVERY_S)
        finally:
            self._dismiss(self._posts.values())

    def look(self) -> None:
        """Start and end threads, so that each account there is has its own. A database that fails changes nothing."""
        try:
            records = {record.name: record for record in self._accounts()}
        except CyranoError as error:
            logger.warning("the accounts cannot be read now: %s", error)
            return
        gone = [name for name, post in self._posts.items() if records.get(name) != post.record]
        self._dismiss([self._posts.pop(name) for name in gone])
        for record in records.values():
            try:
                if self._is_free(record):
                    self._start(record)
            except Exception as error:  # noqa: BLE001  one account must not keep the others from being watched
                logger.error("no watch for %s now: %s", record.name, type(error).__name__)  # noqa: TRY400

    def _is_free(self, record: AccountRecord) -> bool:
        """Tell whether nobody watches an account, and somebody might do so with success."""
        post = self._posts.get(record.name)
        if post is None:
            return True
        if post.thread.is_alive():
            return False
        return self._mark_of(record) != post.mark or self._clock() - post.started_at > ASK_AGAIN_S

    def _start(self, record: AccountRecord) -> None:
        worker = self._hire(record)
        # Where there is nothing to watch the post is over at once, and filled again when something changes.
        work = worker.run if worker else _rest
        stop = threading.Event()
        thread = threading.Thread(target=work, args=(stop,), name=f"watch-{record.name}", daemon=True)
        mark = self._mark_of(record)
        self._posts[record.name] = _Post(record=record, mark=mark, thread=thread, stop=stop, started_at=self._clock())
        thread.start()

    def _mark_of(self, record: AccountRecord) -> str:
        try:
            return self._mark(record)
        except CyranoError as error:
            return f"unknown: {error}"

    @staticmethod
    def _dismiss(posts: Iterable[_Post]) -> None:
        leaving = list(posts)
        for post in leaving:
            post.stop.set()
        ends_at = time.monotonic() + JOIN_S
        for post in leaving:
            post.thread.join(timeout=max(0.0, ends_at - time.monotonic()))


def _rest(_stop: threading.Event) -> None:
    """Watch nothing."""
