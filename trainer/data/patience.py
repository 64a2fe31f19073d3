"""A writer that waits for an engine that went away, and asks again when it is back.

The rules this module keeps:
1. When nobody got an answer for `patience_s`, the engine is taken to be gone: EngineDown.
2. A question that alone got none for so long may be what brings the engine down: Unanswered, and the others go on.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from connectors.errors import EngineDown, EngineError
from connectors.llm import Sampling


class Writer(Protocol):
    """What answers a chat: `connectors.llm.ModelServer`."""

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Return the whole answer to a chat."""


class Unanswered(EngineError):
    """One question got no answer though others did."""


class PatientWriter:
    """Asks a writer, however often it takes. Threads share it."""

    def __init__(self, writer: Writer, *, patience_s: float) -> None:
        self._writer = writer
        self._patience_s = patience_s
        self._answered_at = time.monotonic()
        self._left = threading.Event()
        self.is_waiting = False
        """Whether the engine is away just now."""

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Return the whole answer to a chat.

        Raises:
            EngineDown: nobody got an answer for `patience_s` seconds, or the caller left.
            Unanswered: only this question got none.
            EngineError: the writer refuses it.
        """
        asked_at = time.monotonic()
        while True:
            try:
                answer = self._writer.complete(model, messages, sampling)
            except EngineDown as error:
                self._wait(error, asked_at)
            else:
                self._answered_at, self.is_waiting = time.monotonic(), False
                return answer

    def leave(self) -> None:
        """Ask no more: who waits for the engine gives up."""
        self._left.set()

    def _wait(self, error: EngineDown, asked_at: float) -> None:
        self.is_waiting = True
        now = time.monotonic()
        if now - self._answered_at >= self._patience_s:
            raise error
        if now - asked_at >= self._patience_s:
            raise Unanswered(str(error), hint=error.hint) from error
        if self._left.wait(error.retry_after_s):
            raise error
