"""Keeps one model server running: starts it, waits until it answers, starts it again when it ends.

Rules:
1. One engine per home: who holds the lock keeps it, everybody else uses it.
2. It ends with the process that keeps it, however that ends (see leash.py).
3. What trying again cannot mend (no model, wrong settings) is said once and not tried again; all else is, with
   growing waits.
"""

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from random import random
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from connectors.errors import EngineDown, EngineError, ModelMissing
from connectors.llm import ModelServer
from service.backoff import Backoff
from service.engine.child import Child
from service.engine.command import Command, engine_command, engine_url, served_name
from service.engine.log import explain, missing_model, read_tail, rotate
from service.engine.machine import inspect_machine
from service.engine.record import EngineRecord, hold_engine, read_record, remove_record, write_record
from service.engine.settings import EngineSettings

logger = logging.getLogger(__name__)

POLL_S = 0.25
CHECK_S = 5.0
"""Between two looks at an engine that runs."""
UNHEALTHY_S = 60.0
"""An engine that has not answered for so long is started anew."""
STEADY_S = 60.0
"""An engine that ran for so long ended by accident: it is started again at once."""


class EngineState(StrEnum):
    """How the engine does."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


def prepare(settings: EngineSettings) -> Command:
    """Build the command for this machine, after looking whether it can work.

    Raises:
        ModelMissing: no model is set, or it is a folder and there is none.
        EngineError: vLLM is not installed.
    """
    if not settings.model:
        raise ModelMissing("No base model is set.", hint="Set [engine] model in cyrano.toml.")
    model = Path(settings.model)
    is_folder = (model / "config.json").is_file()
    if model.is_absolute() and not is_folder:
        raise missing_model(settings.model)
    if is_folder:
        # Not `resolve`: a link has a name of its own, and that is the one drafts ask for.
        settings = settings.model_copy(update={"model": str(model.absolute())})
    return engine_command(settings, inspect_machine(), os.environ)


class EngineKeeper:
    """The engine of one home folder. Use it in a `with`, or call `start` and `stop`."""

    def __init__(
        self,
        settings: EngineSettings,
        home: Path,
        *,
        api_key: str = "none",
        build: Callable[[EngineSettings], Command] = prepare,
        backoff: Backoff | None = None,
    ) -> None:
        self.url = engine_url(settings)
        self.log = home / "logs" / "engine.log"
        self.error: EngineError | None = None
        """Why the engine last ended or did not start."""
        self._settings = settings
        self._home = home
        self._build = build
        self._backoff = backoff or Backoff(random, first_s=0.5)
        self._server = ModelServer(self.url, api_key=api_key)
        self._state = EngineState.STOPPED
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> EngineState:
        """How the engine does now."""
        return self._state

    def start(self) -> None:
        """Begin to keep the engine, in a thread of its own; return at once."""
        self._stopping.clear()
        self._enter(EngineState.STARTING)
        self._thread = threading.Thread(target=self._keep, name="engine-keeper", daemon=True)
        self._thread.start()

    def wait_ready(self, timeout_s: float, progress: Callable[[float], None] = lambda _: None) -> None:
        """Wait until the engine answers, calling `progress` with the seconds waited.

        Raises:
            EngineError: it cannot start; the message says why.
            EngineDown: it did not answer in time.
        """
        began = time.monotonic()
        while (waited_s := time.monotonic() - began) < timeout_s:
            with self._changed:
                if self._state is EngineState.READY:
                    return
                if self._state in {EngineState.FAILED, EngineState.STOPPED}:
                    break
                self._changed.wait(POLL_S)
            progress(waited_s)
        raise self.error or EngineDown(f"The engine did not answer within {timeout_s:.0f} s.", hint=f"See {self.log}.")

    def stop(self) -> None:
        """End the engine, if it is this keeper's, and wait until it is gone."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _keep(self) -> None:
        try:
            while not self._stopping.is_set():
                self._keep_once()
        except EngineError as error:
            self._note(error, EngineState.FAILED)
        except Exception as error:
            logger.exception("the keeper of the engine failed")
            self._note(EngineError(f"The engine could not be kept: {error}"), EngineState.FAILED)
        else:
            self._enter(EngineState.STOPPED)

    def _keep_once(self) -> None:
        """Run one life of an engine: a server named by URL, another process's, or our own."""
        if self._settings.url:
            self._follow(lambda: True)
            return
        command = self._build(self._settings)
        with hold_engine(self._home) as is_mine:
            if not is_mine:
                self._follow(lambda: self._is_kept_elsewhere(command))
                return
            remove_record(self._home)  # what a killed process left behind
            try:
                self._run(command)
            except EngineDown as error:
                self._note(error, EngineState.RESTARTING)
            finally:
                remove_record(self._home)
            if not self._stopping.is_set():
                self._stopping.wait(self._backoff.next_s())

    def _run(self, command: Command) -> None:
        """Run a child until it ends or is to stop. Raises what `explain` makes of its end."""
        self._need_free_port()
        rotate(self.log)
        written = self.log.stat().st_size if self.log.exists() else 0
        began = time.monotonic()
        child = Child(command, self.log)
        logger.info("engine started as process %d", child.pid)
        try:
            code = self._attend(child, command, began)
        finally:
            child.stop()
        if code is not None:
            tail = read_tail(self.log, start=written)
            raise explain(tail, code=code, model=self._settings.model, where=f"port {self._settings.port}")

    def _need_free_port(self) -> None:
        """Another server on our port would answer our questions about the engine's health."""
        address = urlsplit(self.url)
        with contextlib.suppress(OSError), socket.create_connection((address.hostname, address.port), timeout=1):
            raise EngineDown(
                f"The engine cannot listen on port {address.port}: another program does.",
                hint="Stop that program, or set [engine] port.",
            )

    def _attend(self, child: Child, command: Command, began: float) -> int | None:
        """Watch over a child; return its exit code, or None when it is to stop."""
        answered_at: float | None = None
        looked_at = began
        while not self._stopping.is_set():
            if (code := child.wait(POLL_S)) is not None:
                return code
            now = time.monotonic()
            if answered_at is not None and now - looked_at < CHECK_S:
                continue
            looked_at = now
            if self._server.is_ready():
                if answered_at is None:
                    logger.info("engine ready after %.1f s", now - began)
                    self._announce(child, command)
                elif now - began > STEADY_S:
                    self._backoff.reset()
                answered_at = now
            elif now - (answered_at or began) > (UNHEALTHY_S if answered_at else self._settings.start_timeout_s):
                raise EngineDown("The engine runs but does not answer.", hint=f"See {self.log}.")
        return None

    def _announce(self, child: Child, command: Command) -> None:
        model = served_name(self._settings.model)
        write_record(self._home, EngineRecord(url=self.url, pid=child.pid, model=model, argv=command.argv))
        self._enter(EngineState.READY)

    def _is_kept_elsewhere(self, command: Command) -> bool:
        """Tell whether another process still keeps an engine; raise if it is one of other settings."""
        with hold_engine(self._home) as is_free:
            if is_free:
                return False
        record = read_record(self._home)
        if record is not None and record.argv != command.argv:
            raise EngineError(
                f"Another process keeps an engine with other settings (model {record.model}).",
                hint="Stop it, or give both the same [engine] section.",
            )
        return True

    def _follow(self, is_there: Callable[[], bool]) -> None:
        """Use an engine that somebody else keeps, as long as it is there."""
        while not self._stopping.is_set() and is_there():
            if self._server.is_ready():
                self._enter(EngineState.READY)
            elif self._state is EngineState.READY:
                self._note(EngineDown(f"The model server at {self.url} went away."), EngineState.RESTARTING)
            self._stopping.wait(POLL_S if self._state is not EngineState.READY else CHECK_S)

    def _note(self, error: EngineError, state: EngineState) -> None:
        logger.warning("engine %s: %s", state, error)
        self.error = error
        self._enter(state)

    def _enter(self, state: EngineState) -> None:
        with self._changed:
            self._state = state
            if state is EngineState.READY:
                self.error = None
            self._changed.notify_all()
