"""Sharing the machine between drafting and training: whether the engine goes on beside a run, sleeps, or ends for it.

The rule: it goes on where both have room; else it frees as little as it must, and only for as long as the run lasts.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from connectors.errors import EngineError
from connectors.pipe import Room
from service.engine.record import is_kept
from service.engine.rest import Mode, resting
from service.engine.settings import EngineSettings
from service.refresh.settings import RefreshSettings
from service.training import OnRoom

logger = logging.getLogger(__name__)

GIB = 2**30
Way = Literal["beside", "sleep", "stop"]


class Sharing:
    """What the engine of a home does while adapters are trained."""

    def __init__(
        self,
        home: Path,
        engine: EngineSettings,
        *,
        answers: Callable[[], bool],
        build: Callable[[], Literal["cpu", "gpu"]],
    ) -> None:
        """Join the parts.

        Args:
            home: Whose engine it is.
            engine: How it runs.
            answers: Tells whether it answers now: `ModelServer.is_ready`.
            build: Returns on what an engine that is started here runs; asked only where that decides.
        """
        self._home = home
        self._engine = engine
        self._answers = answers
        self._build = build

    def room_for(self, account: str, settings: RefreshSettings, *, check: Callable[[], None] = lambda: None) -> OnRoom:
        """Return what makes room for a run, for `service.training.run_trainer`; `check` as it takes it."""

        @contextmanager
        def make_room(room: Room) -> Iterator[None]:
            with self.made(room, f"while Cyrano learns from {account}'s mail", settings, check=check):
                yield

        return make_room

    @contextmanager
    def made(
        self, room: Room, reason: str, settings: RefreshSettings, *, check: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """Make room for the block.

        Raises:
            EngineError: the engine cannot rest as it is asked to.
            EngineDown: it did not come to rest, or rests for somebody else.
        """
        way = self.way(room, settings)
        logger.info(
            "a run needs %.2f GiB on %s, %.2f GiB are free: %s", room.needs / GIB, room.device, room.free / GIB, way
        )
        if way == "beside":
            yield
            return
        with resting(self._home, reason, way, drain_s=settings.drain_s, is_there=self._is_there, check=check):
            yield

    def way(self, room: Room, settings: RefreshSettings) -> Way:
        """Return what the engine is to do.

        Raises:
            EngineError: what is set cannot be done.
        """
        if settings.share == "beside" or not self._is_there():
            return "beside"
        if settings.share != "auto":
            return self._possible(settings.share, room)
        if room.needs <= room.free or not self._is_shared(room):
            return "beside"
        if self._can_sleep(room):
            return "sleep"
        # A server named by URL is not ours to stop, nor is its memory known to be this machine's: the trainer, which
        # looks for itself before it begins, says what it lacks.
        return "beside" if self._engine.url else "stop"

    def _possible(self, asked: Mode, room: Room) -> Way:
        """Return how the engine can do what is set for it."""
        if asked == "sleep" and self._can_sleep(room):
            return "sleep"
        if not self._engine.url:
            return "stop"  # on a processor an engine that sleeps frees nothing
        raise EngineError(
            f'The engine cannot rest as [refresh] share = "{asked}" asks: it is a server named by [engine] url.',
            hint='Set [refresh] share = "beside", or [engine] sleep_mode = true where that server can sleep.',
        )

    def _can_sleep(self, room: Room) -> bool:
        if not self._engine.sleep_mode:
            return False
        return room.device == "cuda" if self._engine.url else self._build() == "gpu"

    def _is_shared(self, room: Room) -> bool:
        """Tell whether the memory asked for may be the engine's."""
        return bool(self._engine.url) or (room.device == "cuda") == (self._build() == "gpu")

    def _is_there(self) -> bool:
        """Tell whether there is an engine, be it one that only starts."""
        return (not self._engine.url and is_kept(self._home)) or self._answers()
