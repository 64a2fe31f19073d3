"""Lets an engine rest when somebody asks for it: drafts under way end first, then its memory is freed.

It knows nothing of processes: whoever keeps the engine ends and starts it.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from connectors.errors import EngineDown, EngineError
from connectors.llm import ModelServer
from service.engine.rest import Rest, RestWatch, answer, remove_answer

logger = logging.getLogger(__name__)

LOOK_S = 0.2
QUIET_LOOKS = 3
"""So often in a row nothing may be under way: a draft that was let in is not yet a request."""


class Pauses:
    """The rests of one engine."""

    def __init__(self, home: Path, server: ModelServer, stopping: threading.Event) -> None:
        """Join the parts.

        Args:
            home: Whose engine it is.
            server: The engine.
            stopping: Is set when it is to end anyway.
        """
        self._home = home
        self._server = server
        self._stopping = stopping
        self._watch = RestWatch(home)

    def asked(self) -> Rest | None:
        """Return the rest that is asked for now."""
        return None if self._stopping.is_set() else self._watch.asked()

    def drain(self, rest: Rest, *, is_alive: Callable[[], bool]) -> None:
        """Wait until nothing is under way any more, or for as long as the rest allows."""
        answer(self._home, rest, "draining")
        ends_at, quiet = time.monotonic() + rest.drain_s, 0
        while quiet < QUIET_LOOKS and time.monotonic() < ends_at and self._goes_on(rest) and is_alive():
            quiet = quiet + 1 if self._load() == 0 else 0
            self._stopping.wait(LOOK_S)
        if left := self._load():
            logger.warning("%d requests were still under way after %.0f s", left, rest.drain_s)

    def rest(self, rest: Rest, *, is_alive: Callable[[], bool]) -> None:
        """Say that the engine rests, and wait until that is over."""
        answer(self._home, rest, "resting")
        logger.info("the engine rests (%s)", rest.mode)
        began = time.monotonic()
        while self._goes_on(rest) and is_alive():
            self._stopping.wait(LOOK_S)
        remove_answer(self._home)
        logger.info("the engine rested for %.1f s", time.monotonic() - began)

    def fail(self, rest: Rest, error: EngineError) -> None:
        """Say that the engine cannot rest, and wait until nobody asks for it any more."""
        logger.warning("the engine cannot rest: %s", error)
        answer(self._home, rest, "failed", str(error))
        while self._goes_on(rest):
            self._stopping.wait(LOOK_S)
        remove_answer(self._home)

    def fall_asleep(self) -> bool:
        """Free the memory of the GPU; tell whether that worked."""
        try:
            self._server.sleep(1)
        except EngineError as error:
            logger.warning("the engine cannot sleep: %s", error)
            return False
        return True

    def wake(self) -> None:
        """Take the memory again.

        Raises:
            EngineDown: the engine does not come back, and must be started anew.
        """
        try:
            self._server.wake_up()
            is_awake = self._server.is_ready() and not self._server.is_sleeping()
        except EngineError as error:
            raise EngineDown(f"The engine does not wake up: {error}", hint=error.hint) from error
        if not is_awake:
            raise EngineDown("The engine does not wake up.", hint="It is started anew.")

    def wake_forgotten(self) -> None:
        """Wake a server that sleeps although nobody wants it to: whoever let it sleep was killed before its end."""
        try:
            if self._server.is_sleeping():
                logger.warning("the engine sleeps, and nobody wants it to: it is woken")
                self._server.wake_up()
        except EngineError as error:
            logger.debug("the engine does not say whether it sleeps: %s", error)

    def _goes_on(self, rest: Rest) -> bool:
        now = self.asked()
        return now is not None and now.asked_at == rest.asked_at

    def _load(self) -> int:
        """Return how much is under way; nothing, where the engine is gone or does not tell."""
        try:
            return self._server.load()
        except EngineError as error:
            logger.debug("the engine does not say what is under way: %s", error)
            return 0
