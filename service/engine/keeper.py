"""Keeps one model server running: starts it, waits until it answers, starts it again when it ends.

Rules:
1. One engine per home: who holds the lock keeps it, everybody else uses it.
2. It ends with the process that keeps it, however that ends (see leash.py).
3. What trying again cannot mend (no model, wrong settings) is said once and not tried again; all else is, with
   growing waits.
4. It rests while somebody asks for it (see rest.py), and is back in service after, whatever failed on the way.
5. Another model takes its place behind a drain; one that does not come up makes way for what was served before.
"""

import logging
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from random import random
from types import TracebackType
from typing import Self

from connectors.errors import EngineDown, EngineError
from connectors.llm import ModelServer
from service.backoff import Backoff
from service.engine.change import change
from service.engine.child import Child, need_free_port
from service.engine.command import Command, engine_url, served_name
from service.engine.log import explain, read_tail, rotate, shortage
from service.engine.order import CONFIGURED, Order, Served, read_order, write_order
from service.engine.pause import Pauses
from service.engine.prepare import prepare
from service.engine.record import EngineRecord, hold_engine, read_record, remove_record, write_record
from service.engine.rest import Rest
from service.engine.settings import EngineSettings
from service.engine.swap import answers_as, have_same_form, swap

logger = logging.getLogger(__name__)

POLL_S = 0.25
CHECK_S = 5.0
"""Between two looks at an engine that runs."""
UNHEALTHY_S = 60.0
"""An engine that has not answered for so long is started anew."""
SWAP_DRAIN_S = 5.0
"""For what began to be written after all, when the drafts under way had ended."""
STEADY_S = 60.0
"""An engine that ran for so long ended by accident: it is started again at once."""


class EngineState(StrEnum):
    """How the engine does."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    RESTING = "resting"
    """Somebody asked it to; it comes back by itself."""
    FAILED = "failed"
    STOPPED = "stopped"


class EngineKeeper:
    """The engine of one home folder. Use it in a `with`, or call `start` and `stop`."""

    def __init__(
        self,
        settings: EngineSettings,
        home: Path,
        *,
        api_key: str = "none",
        build: Callable[[EngineSettings, str], Command] = prepare,
        backoff: Backoff | None = None,
    ) -> None:
        self.url = engine_url(settings)
        self.log = home / "logs" / "engine.log"
        self.error: EngineError | None = None
        """Why the engine last ended or did not start."""
        self._settings = settings
        self._home = home
        self._api_key = api_key
        self._build = build
        self._backoff = backoff or Backoff(random, first_s=0.5)
        self._server = ModelServer(self.url, api_key=api_key)
        self._state = EngineState.STOPPED
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._pauses = Pauses(home, self._server, self._stopping)
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
        """Wait until the engine answers, calling `progress` with the seconds waited. While it rests no time is counted.

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
                if self._state is EngineState.RESTING:
                    began = time.monotonic()
                self._changed.wait(POLL_S)
            progress(waited_s)
        raise self.error or EngineDown(f"The engine did not answer within {timeout_s:.0f} s.", hint=f"See {self.log}.")

    def change(self, model: str, name: str, *, drain_s: float = 120.0, timeout_s: float | None = None) -> None:
        """Have another model served, under a name, by whichever process keeps the engine; return when it answers.

        Args:
            model: A folder or name, as [engine] model takes it; "" stands for what is configured.
            name: What the engine calls it.
            drain_s: How long drafts under way may take before.
            timeout_s: How long the start may take, as configured if not given.

        Raises:
            EngineError: it did not come up, or cannot be changed; what was served before is served again.
            EngineDown: it could not be tried, or nobody can tell yet how it went.
        """
        if self._settings.url:
            said = "The model server named by [engine] url is not Cyrano's to restart."
            raise EngineError(said, hint='Leave [engine] url out, or set serving = "lora".')
        if self._settings.serving != "merged":
            raise EngineError("The engine serves its base model.", hint='Set [engine] serving = "merged" for others.')
        wanted = Served(model=model, name=name) if model else CONFIGURED
        called = wanted.name or served_name(self._settings.model)
        timeout_s = timeout_s or self._settings.start_timeout_s
        change(
            self._home,
            wanted,
            called,
            drain_s=drain_s,
            timeout_s=timeout_s,
            swap=self._swap(wanted, called),
            answers_as=partial(answers_as, self._server),
        )

    def _swap(self, wanted: Served, called: str) -> Callable[[], bool] | None:
        """Return what exchanges the weights of the running engine, or None where only a start can do that."""
        now, then = (each.model or self._settings.model for each in (read_order(self._home).served, wanted))
        if not self._settings.sleep_mode or not have_same_form(now, then):
            return None
        server = ModelServer(self.url, api_key=self._api_key, timeout_s=self._settings.start_timeout_s)
        return partial(swap, server, then, called, drain_s=SWAP_DRAIN_S)

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
                try:
                    self._keep_once()
                except OSError as error:
                    self._pause(shortage(error))
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
            self._follow(lambda: True, is_obeying=True)
            return
        configured = self._build(self._settings, "")
        with hold_engine(self._home) as is_mine:
            if not is_mine:
                self._follow(lambda: self._is_kept_elsewhere(configured))
                return
            remove_record(self._home)  # what a killed process left behind
            if rest := self._pauses.asked():
                self._rest_stopped(rest)
                return
            order = self._order()
            try:
                self._run(self._ordered(order, configured), order.served.name, configured)
            except (EngineError, OSError) as error:
                self._bear(error if isinstance(error, EngineError) else shortage(error), self._order())
            finally:
                remove_record(self._home)

    def _order(self) -> Order:
        """Return what is to be served; what was merged is of no use where adapters are served beside their base."""
        return read_order(self._home) if self._settings.serving == "merged" else Order()

    def _ordered(self, order: Order, configured: Command) -> Command:
        """Return the command for what is to be served."""
        if order.served == CONFIGURED:
            return configured
        settings = self._settings.model_copy(update={"model": order.served.model})
        return self._build(settings, order.served.name)

    def _bear(self, error: EngineError, order: Order) -> None:
        """Go on after a life that ended badly: as it was before a change, or anew after a while.

        Raises:
            EngineError: trying again cannot help.
        """
        is_hopeless = not isinstance(error, EngineDown)
        if not order.is_proven or (is_hopeless and order.served != CONFIGURED):
            logger.warning("%s is not served, what was before is served again: %s", order.served.name, error)
            try:
                write_order(self._home, order.taken_back(error))
            except EngineError as failed:  # a full disk: it is tried again, until there is room
                error, is_hopeless = failed, False
            else:
                self._enter(EngineState.RESTARTING)
                return
        if is_hopeless:
            raise error
        self._pause(error)

    def _pause(self, error: EngineError) -> None:
        """Wait before the next life; each time a little longer."""
        self._note(error, EngineState.RESTARTING)
        ends_at = time.monotonic() + self._backoff.next_s()
        while time.monotonic() < ends_at and not self._pauses.asked():
            if self._stopping.wait(min(POLL_S, max(0.0, ends_at - time.monotonic()))):
                return

    def _rest_stopped(self, rest: Rest) -> None:
        """Stay away while somebody needs the memory."""
        self._enter(EngineState.RESTING)
        self._pauses.rest(rest, is_alive=lambda: True)
        self._enter(EngineState.STARTING)

    def _run(self, command: Command, name: str, configured: Command) -> None:
        """Run a child until it ends, is to stop or to make way. Raises what `explain` makes of its end."""
        need_free_port(self.url)
        rotate(self.log)
        written = self.log.stat().st_size if self.log.exists() else 0
        began = time.monotonic()
        child = Child(command, self.log)
        logger.info("engine started as process %d", child.pid)
        model = name or served_name(self._settings.model)
        record = EngineRecord(url=self.url, pid=child.pid, model=model, argv=configured.argv)
        try:
            code = self._attend(child, record, began)
        finally:
            child.stop()
        if code is not None:
            tail = read_tail(self.log, start=written)
            raise explain(tail, code=code, model=self._settings.model, where=f"port {self._settings.port}")

    def _attend(self, child: Child, record: EngineRecord, began: float) -> int | None:
        """Watch over a child; return its exit code, or None when it is to stop."""
        answered_at: float | None = None
        looked_at = began
        while not self._stopping.is_set():
            if (code := child.wait(POLL_S)) is not None:
                return code
            if rest := self._pauses.asked():
                if not self._rest_asleep(rest, child, is_ready=answered_at is not None):
                    return None
                answered_at = looked_at = time.monotonic()
                self._enter(EngineState.READY)
                continue
            now = time.monotonic()
            if answered_at is not None and now - looked_at < CHECK_S:
                continue
            looked_at = now
            if self._server.is_ready():
                if answered_at is None:
                    logger.info("engine ready after %.1f s", now - began)
                    self._announce(record)
                elif now - began > STEADY_S:
                    self._backoff.reset()
                answered_at = now
            elif now - (answered_at or began) > (UNHEALTHY_S if answered_at else self._settings.start_timeout_s):
                raise EngineDown("The engine runs but does not answer.", hint=f"See {self.log}.")
        return None

    def _rest_asleep(self, rest: Rest, child: Child, *, is_ready: bool) -> bool:
        """Let the engine sleep until a rest is over; return False where the child has to end instead.

        Raises:
            EngineDown: it did not wake up.
        """
        self._enter(EngineState.RESTING)

        def is_alive() -> bool:
            return child.wait(0) is None

        if is_ready:
            self._pauses.drain(rest, is_alive=is_alive)
        if rest.mode == "stop" or not is_ready:
            return False
        if rest.mode == "sleep" and not self._pauses.fall_asleep():
            return False
        self._pauses.rest(rest, is_alive=is_alive)
        if self._stopping.is_set() or not is_alive():
            return False
        if rest.mode == "sleep":
            self._pauses.wake()
        return True

    def _announce(self, record: EngineRecord) -> None:
        order = self._order()
        try:
            if not order.is_proven:
                write_order(self._home, Order(served=order.served))
            write_record(self._home, record)
        except EngineError as error:  # a full disk: it serves all the same, and the next start says so
            logger.warning("%s", error)
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

    def _follow(self, is_there: Callable[[], bool], *, is_obeying: bool = False) -> None:
        """Use an engine that somebody else keeps, as long as it is there; let it sleep, where nobody else would."""
        checked_at = -CHECK_S
        while not self._stopping.is_set() and is_there():
            rest = self._pauses.asked()
            if rest and is_obeying:
                self._rest_elsewhere(rest)
            elif rest:
                self._enter(EngineState.RESTING)
            elif time.monotonic() - checked_at >= (CHECK_S if self._state is EngineState.READY else POLL_S):
                checked_at = time.monotonic()
                self._look(is_obeying=is_obeying)
            self._stopping.wait(POLL_S)

    def _look(self, *, is_obeying: bool) -> None:
        if self._server.is_ready():
            if self._state is not EngineState.READY and is_obeying and self._settings.sleep_mode:
                self._pauses.wake_forgotten()
            self._enter(EngineState.READY)
        elif self._state in {EngineState.READY, EngineState.RESTING}:
            self._note(EngineDown(f"The model server at {self.url} went away."), EngineState.RESTARTING)

    def _rest_elsewhere(self, rest: Rest) -> None:
        """Let a server sleep that is not ours; it cannot be stopped from here."""
        self._enter(EngineState.RESTING)
        self._pauses.drain(rest, is_alive=lambda: True)
        if not self._pauses.fall_asleep():
            self._pauses.fail(rest, EngineError("the server named by [engine] url cannot sleep"))
            return
        self._pauses.rest(rest, is_alive=lambda: True)
        try:
            self._pauses.wake()
        except EngineDown as error:
            self._note(error, EngineState.RESTARTING)

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
