"""A draft made in a thread of its own, so that whoever waits for it can look up meanwhile."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import cast

from service.drafting.draft import DraftEvent


class Pump:
    """Takes events from a draft as they come. `stop` breaks the draft off; so it ends at its next event.

    `on_end` is called when the draft has really ended, whoever still listens.
    """

    def __init__(self, events: Iterator[DraftEvent], on_end: Callable[[], None]) -> None:
        self._events = events
        self._on_end = on_end
        self._queue: SimpleQueue[DraftEvent | Exception | None] = SimpleQueue()
        self._is_stopped = threading.Event()
        threading.Thread(target=self._run, name="draft", daemon=True).start()

    def take(self, timeout_s: float) -> DraftEvent | None:
        """Return the next event, or None when the draft is over.

        Raises:
            TimeoutError: there was none within `timeout_s`.
            CyranoError: the draft failed.
        """
        try:
            event = self._queue.get(timeout=timeout_s)
        except Empty:
            raise TimeoutError from None
        if isinstance(event, Exception):
            raise event
        return event

    def stop(self) -> None:
        """Break the draft off; after its end, or a second time, this does nothing."""
        self._is_stopped.set()

    def _run(self) -> None:
        try:
            # Every draft is a generator: closing it is what stops the model.
            with closing(cast("Generator[DraftEvent]", self._events)) as events:
                for event in events:
                    if self._is_stopped.is_set():
                        return
                    self._queue.put(event)
            self._queue.put(None)
        except Exception as error:  # noqa: BLE001  carried over to whoever waits, and raised there
            self._queue.put(error)
        finally:
            self._on_end()
