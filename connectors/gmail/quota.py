"""What Google lets one mailbox be asked: quota units, spent from a bucket that fills evenly.

Rules:
1. In no minute more is spent than is allowed: what the bucket holds and what flows into it are the allowance together.
2. Work in bulk leaves a rest in the bucket, so that a watcher never waits behind a first sync.
"""

import time
from collections.abc import Callable
from threading import Lock

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

COSTS = {
    "gmail.users.drafts.create": 10,
    "gmail.users.drafts.delete": 10,
    "gmail.users.drafts.get": 20,
    "gmail.users.drafts.list": 5,
    "gmail.users.drafts.update": 15,
    "gmail.users.getProfile": 1,
    "gmail.users.history.list": 2,
    "gmail.users.labels.list": 1,
    "gmail.users.messages.get": 20,
    "gmail.users.messages.list": 5,
    "gmail.users.threads.get": 40,
}
"""Units per call, as Google counts since May 2026."""

_IN_THE_BUCKET = 0.1
_LEFT_BY_BULK = 0.1
_DEAREST = 40
_NOTHING = 1e-6


class QuotaSettings(BaseModel):
    """How much Google allows, and how often new mail is looked for. The section `[gmail]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units_per_minute: PositiveInt = 6000
    """Quota units per minute and mailbox; Google projects made before May 2026 have 15,000."""
    costs: dict[str, PositiveInt] = {}
    """Units per call where Google counts otherwise: {"gmail.users.messages.get" = 5}."""
    poll_s: PositiveFloat = 20.0
    """How often a watched mailbox is asked for changes."""

    def cost(self, method: str) -> int:
        """Return the units of one call; a method that is not in the table counts as the dearest."""
        return self.costs.get(method, COSTS.get(method, _DEAREST))


class Quota:
    """The bucket of one mailbox, for all threads that work on it."""

    def __init__(
        self,
        settings: QuotaSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Fill the bucket. `clock` counts seconds and never jumps."""
        self.settings = settings
        self._capacity = settings.units_per_minute * _IN_THE_BUCKET
        self._per_second = settings.units_per_minute * (1 - _IN_THE_BUCKET) / 60
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._units = self._capacity
        self._filled_at = clock()

    def spend(self, method: str, calls: int = 1, *, is_bulk: bool = False) -> None:
        """Pay for calls, after waiting until there is enough for them."""
        units = self.settings.cost(method) * calls
        while (wait_s := self._take(units, is_bulk=is_bulk)) > 0:
            self._sleep(wait_s)

    def drain(self) -> None:
        """Empty the bucket: Google says that too much was asked, so somebody else spends too."""
        with self._lock:
            self._fill()
            self._units = min(self._units, 0.0)

    def _take(self, units: int, *, is_bulk: bool) -> float:
        """Take units out, or return how many seconds to wait before asking again."""
        with self._lock:
            self._fill()
            rest = self._capacity * _LEFT_BY_BULK if is_bulk else 0.0
            # What costs more than the bucket holds goes when it is full, and leaves a debt.
            missing = min(units + rest, self._capacity) - self._units
            if missing > _NOTHING:
                return missing / self._per_second
            self._units -= units
            return 0.0

    def _fill(self) -> None:
        now = self._clock()
        self._units = min(self._capacity, self._units + (now - self._filled_at) * self._per_second)
        self._filled_at = now
