"""Requests that came before. They are known again by a digest, as long as one of their tokens is good.

A card's buttons carry a number of their own, so pressing the same button of another card is another request. What was
seen is kept in memory: after a restart, a request not older than its tokens could come once more.
"""

import hashlib
import heapq
import threading
import time
from collections.abc import Callable

from service.addon.tokens import Refused

MOST = 100_000
"""More requests than this are not made within the life of a token; whoever makes them is let wait."""


class Replays:
    """What was seen. Safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: set[bytes] = set()
        self._ends: list[tuple[float, bytes]] = []

    def check(self, *parts: bytes, until: float) -> None:
        """Remember a request until a time; refuse one that is remembered.

        Raises:
            Refused: it came before.
        """
        digest = hashlib.sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).digest()
        with self._lock:
            self._forget()
            if digest in self._seen or len(self._seen) >= MOST:
                raise Refused("replayed")
            self._seen.add(digest)
            heapq.heappush(self._ends, (until, digest))

    def _forget(self) -> None:
        now = self._clock()
        while self._ends and self._ends[0][0] < now:
            self._seen.discard(heapq.heappop(self._ends)[1])
