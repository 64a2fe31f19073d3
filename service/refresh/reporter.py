"""What a run under way writes down of itself, and what it is asked again and again: whether it may go on."""

import logging
import threading
import time
from collections.abc import Callable

from connectors.errors import StoreError
from service.refresh.lease import Held
from service.refresh.runs import RunGone, Runs
from service.training import Stage
from service.turns import Stopped

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
"""How often it is looked whether the account is still there."""


class Reporter:
    """Keeps the row of one run, in the thread that carries it out.

    A database that cannot be written for a while does not end hours of work: only what the run needs to know does.
    """

    def __init__(
        self,
        run_id: str,
        runs: Runs,
        held: Held,
        stop: threading.Event,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run_id = run_id
        self._runs = runs
        self._held = held
        self._stop = stop
        self._monotonic = monotonic
        self._now = ("", 0, 0)
        self._looked_at = float("-inf")

    def enter(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Note where the run is.

        Raises:
            RunGone: its account was removed.
        """
        self._now = stage, done, total
        self._looked_at = self._monotonic()
        try:
            self._runs.progress(self._run_id, stage, done, total)
        except RunGone:
            raise
        except StoreError as error:
            logger.warning("run %s: its progress could not be written: %s", self._run_id, error)

    def follow(self, stage: Stage) -> None:
        """Note what the trainer says of itself."""
        self.enter(stage.name, stage.done, stage.total)

    def check(self) -> None:
        """Raise if the run may not go on.

        Raises:
            Stopped: Cyrano is stopping.
            LeaseLost: another process trains now.
            RunGone: the account was removed.
        """
        if self._stop.is_set():
            raise Stopped("Cyrano is stopping.")
        self._held.check()
        if self._monotonic() - self._looked_at >= LOOK_EVERY_S:
            self.enter(*self._now)
