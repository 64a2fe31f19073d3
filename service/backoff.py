"""How long to wait before another try: twice as long each time, up to a cap, and never all at the same moment."""

from collections.abc import Callable


class Backoff:
    """Waits that grow from `first_s` to `cap_s`, each shortened at random by up to half."""

    def __init__(self, random: Callable[[], float], *, first_s: float = 1.0, cap_s: float = 60.0) -> None:
        self._random = random
        self._first_s = first_s
        self._cap_s = cap_s
        self._tries = 0

    def next_s(self) -> float:
        """Return how long to wait now."""
        full = min(self._cap_s, self._first_s * 2.0**self._tries)
        self._tries += full < self._cap_s
        return full * (1 - self._random() / 2)

    def reset(self) -> None:
        """Begin anew: it worked."""
        self._tries = 0
