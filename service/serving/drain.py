"""Who is writing now, and when an adapter that was replaced may go."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Drain:
    """Counts drafts by the model that writes them. Safe to share between threads."""

    def __init__(self, *, drain_s: float, linger_s: float, clock: Callable[[], float]) -> None:
        """Begin with nobody writing.

        Args:
            drain_s: How long a replaced model may go on writing.
            linger_s: How long it stays at least: drafts of other processes may be about to ask for it.
            clock: Seconds that only grow.
        """
        self._drain_s = drain_s
        self._linger_s = linger_s
        self._clock = clock
        self._writing: Counter[str] = Counter()
        self._since: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Count a model as writing for the block."""
        with self._lock:
            self._writing[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._writing[name] -= 1

    def writing(self) -> list[str]:
        """Return the names of the models that are writing."""
        with self._lock:
            return [name for name, count in self._writing.items() if count]

    def may_go(self, name: str) -> bool:
        """Tell whether a model that was replaced may be unloaded; the time runs from when it is first asked."""
        since = self._since.setdefault(name, self._clock())
        least_s = self._drain_s if name in self.writing() else self._linger_s
        return self._clock() - since >= least_s

    def forget(self, name: str) -> None:
        """It is gone, or not replaced any more."""
        self._since.pop(name, None)
