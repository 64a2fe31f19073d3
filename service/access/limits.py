"""How often something may be asked."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from service.problems import TooFast

_SWEEP_AT = 1024
"""So many keys may be remembered before those are dropped that asked nothing lately."""


class Pace:
    """Lets each key through so often within a time; safe to share between threads. `what` is limited: "drafts"."""

    def __init__(
        self, most: int, within_s: float, *, what: str, hint: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._within_s = within_s
        self._what = what
        self._hint = hint
        self._monotonic = monotonic
        self._taken: dict[str, deque[tuple[float, str]]] = {}
        self._lock = threading.Lock()

    def take(self, key: str, thing: str = "") -> None:
        """Count a request.

        Args:
            key: Who asks.
            thing: What for, where the same again is to count once; "" where each request counts.

        Raises:
            TooFast: there were too many; `retry_after_s` says when there is room again.
        """
        with self._lock:
            now = self._monotonic()
            taken = self._recent(key, now)
            if thing and any(thing == counted for _, counted in taken):
                return
            if len(taken) < self._most:
                taken.append((now, thing))
                return
            wait_s = max(1, math.ceil(taken[0][0] + self._within_s - now))
        raise TooFast(
            f"{self._most} {self._what} within {self._within_s:.0f} s are all there may be.",
            hint=self._hint,
            retry_after_s=wait_s,
        )

    def _recent(self, key: str, now: float) -> deque[tuple[float, str]]:
        """Return when a key was let through lately, for the caller to change."""
        if key not in self._taken and len(self._taken) >= _SWEEP_AT:
            self._sweep(now)
        taken = self._taken.setdefault(key, deque())
        while taken and taken[0][0] <= now - self._within_s:
            taken.popleft()
        return taken

    def _sweep(self, now: float) -> None:
        for key in [key for key, taken in self._taken.items() if not taken or taken[-1][0] <= now - self._within_s]:
            del self._taken[key]


def drafts_pace(per_minute: int) -> Pace:
    """Return how many drafts may be asked for: by a token, or by an account's owner at the add-on."""
    return Pace(per_minute, 60.0, what="drafts", hint="Wait a little, or raise [http] drafts_per_minute.")
