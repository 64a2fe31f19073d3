"""How many drafts somebody may have in the making: a token, or an account's owner at the add-on."""

import threading
from collections import Counter

from service.problems import TooManyDrafts


class Slots:
    """Counts what is in the making for each key; safe to share between threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """Take a slot.

        Raises:
            TooManyDrafts: all are taken.
        """
        with self._lock:
            if self._taken[key] >= self._limit:
                hint = "Wait for one to end, or raise [http] drafts_at_once."
                raise TooManyDrafts(f"{self._limit} drafts are in the making already.", hint=hint)
            self._taken[key] += 1

    def give_back(self, key: str) -> None:
        """Give a slot back."""
        with self._lock:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
