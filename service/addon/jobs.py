"""Drafts in the making, apart from the requests that asked for them: Gmail waits 30 seconds, a model may take longer.

The rules this module keeps:
1. A job belongs to an account and its owner. Nobody else's request finds it, nor one for a later account of that name.
2. Everybody has as many in the making as anybody else who drafts. One that nobody asks after is broken off.
3. What is finished is kept for a while to be inserted, the newest few of everybody's. No job keeps a token of Google's.
4. A job is its process's, and ends with it. What it was ordered by goes along on the cards, to be ordered again.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import cast

from retrieval.prompt import Request
from service.addon.orders import Order
from service.drafting.draft import Done, DraftEvent
from service.slots import Slots

logger = logging.getLogger(__name__)

PATIENCE_S = 120.0
"""A draft that nobody asked after for so long is broken off."""
MOST_KEPT = 8
"""Of one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What goes into a draft, and the draft as it is made."""

    request: Request
    exclude: frozenset[str]
    """Message-IDs it may not lean on."""
    events: Iterator[DraftEvent]


Make = Callable[[], Asked]
"""Gathers what a draft needs, which may take a while too; nothing of it is made before its events are iterated."""


@dataclass(slots=True, kw_only=True)
class Job:
    """A draft in the making, or made. Read `done` and `error` when it `is_over`; one broken off has neither."""

    job_id: str
    owner: str
    started: float
    asked_at: float
    order: Order
    """To begin it again where it failed, with whatever tokens come then."""
    request: Request | None = None
    exclude: frozenset[str] = frozenset()
    done: Done | None = None
    error: Exception | None = None
    is_discarded: bool = False
    is_consent_asked: bool = False
    """Whether its failure had the user asked for consent: that is done once."""
    _end: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Whether it is done or failed."""
        return self._end.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, and say whether it came."""
        return self._end.wait(max(seconds, 0.0))

    def end(self) -> None:
        """Let those who wait go on."""
        self._end.set()


class Jobs:
    """The jobs of all. Safe to share between threads."""

    def __init__(
        self,
        *,
        at_once: int,
        keep_s: float,
        clock: Callable[[], float] = time.monotonic,
        ids: Callable[[], str] = lambda: secrets.token_urlsafe(12),
    ) -> None:
        """Begin without jobs.

        Args:
            at_once: How many one may have in the making.
            keep_s: How long one is kept after it was last asked after.
            clock: Seconds.
            ids: Numbers that nobody guesses.
        """
        self._slots = Slots(at_once)
        self._keep_s = keep_s
        self._clock = clock
        self._ids = ids
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, owner: str, make: Make, order: Order) -> Job:
        """Begin a draft.

        Raises:
            TooManyDrafts: the owner has as many in the making as allowed.
        """
        self._slots.take(owner)
        now = self._clock()
        job = Job(job_id=self._ids(), owner=owner, started=now, asked_at=now, order=order)
        with self._lock:
            self._sweep(now)
            self._make_room(owner)
            self._jobs[job.job_id] = job
        threading.Thread(target=self._run, args=(job, make), name="addon-draft", daemon=True).start()
        return job

    def find(self, owner: str, job_id: str) -> Job | None:
        """Return somebody's job, if it is still at hand."""
        now = self._clock()
        with self._lock:
            self._sweep(now)
            job = self._jobs.get(job_id)
            if job is None or job.owner != owner:
                return None
            job.asked_at = now
            return job

    def newest(self, owner: str) -> Job | None:
        """Return somebody's newest finished draft that was not discarded."""
        with self._lock:
            self._sweep(self._clock())
            done = [job for job in self._jobs.values() if job.owner == owner and _is_shown(job)]
        return max(done, key=_started, default=None)

    def drop(self, job: Job) -> None:
        """Forget a job."""
        with self._lock:
            self._jobs.pop(job.job_id, None)

    def elapsed_s(self, job: Job) -> int:
        """How long ago it began."""
        return round(self._clock() - job.started)

    def _run(self, job: Job, make: Make) -> None:
        try:
            asked = make()
            job.request, job.exclude = asked.request, asked.exclude
            # Every draft is a generator: closing it is what stops the model.
            with closing(cast("Generator[DraftEvent]", asked.events)) as events:
                for event in events:
                    if isinstance(event, Done):
                        job.done = event
                    elif self._clock() - job.asked_at > PATIENCE_S:
                        logger.info("a draft for the add-on was broken off: nobody asked after it")
                        return
        except Exception as error:  # noqa: BLE001  carried over to whoever asks after it
            job.error = error
        finally:
            self._slots.give_back(job.owner)
            job.end()

    def _sweep(self, now: float) -> None:
        """Drop what is old, whosever it is."""
        for job in [job for job in self._jobs.values() if job.is_over and now - job.asked_at > self._keep_s]:
            del self._jobs[job.job_id]

    def _make_room(self, owner: str) -> None:
        """Drop somebody's finished drafts, but for the newest."""
        over = sorted((job for job in self._jobs.values() if job.owner == owner and job.is_over), key=_started)
        for job in over[: max(len(over) - MOST_KEPT, 0)]:
            del self._jobs[job.job_id]


def _started(job: Job) -> float:
    return job.started


def _is_shown(job: Job) -> bool:
    return job.is_over and job.done is not None and not job.is_discarded
