"""Lets drafts through one by one, and none while the engine changes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.errors import EngineDown
from connectors.reason import Reason

PATIENCE_S = 5.0
"""Weights that are exchanged in place are there again in so long, mostly; a start takes longer."""
RETRY_AFTER_S = 15


class Turnstile:
    """Counts who is inside. Safe to share between threads."""

    def __init__(self, *, drain_s: float, patience_s: float = PATIENCE_S) -> None:
        """Begin open, with nobody inside.

        Args:
            drain_s: How long those inside may take before it is closed around them.
            patience_s: How long whoever finds it closed waits.
        """
        self._drain_s = drain_s
        self._patience_s = patience_s
        self._inside = 0
        self._why = ""
        self._moved = threading.Condition()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Be inside for the block.

        Raises:
            EngineDown: it is closed, and stays so for longer than one waits.
        """
        with self._moved:
            if not self._moved.wait_for(lambda: not self._why, self._patience_s):
                hint = "Ask again in a moment."
                raise EngineDown(self._why, hint=hint, retry_after_s=RETRY_AFTER_S, reason=Reason.CHANGES)
            self._inside += 1
        try:
            yield
        finally:
            with self._moved:
                self._inside -= 1
                self._moved.notify_all()

    @contextmanager
    def closed(self, why: str) -> Iterator[None]:
        """Let nobody in for the block, which begins when all are out, or have had their time."""
        with self._moved:
            self._why = why
            self._moved.wait_for(lambda: not self._inside, self._drain_s)
        try:
            yield
        finally:
            with self._moved:
                self._why = ""
                self._moved.notify_all()
