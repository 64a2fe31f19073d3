"""Asking the engine to rest for a while: `<home>/run/rest.json`, written by whoever needs its memory.

Whoever keeps the engine obeys, in whatever process that is, and says so in `rested.json`. Rules:
1. A rest ends when its asker says so, when the asker's process is gone, or when its file has not been touched for a
   while: nothing that fails can leave the engine at rest.
2. No clocks are compared: whoever looks measures by their own how long the file has stood still.
3. One rest at a time; who comes second is told, and takes nothing away from the first.
4. From the moment a rest is asked for until it is over, drafts are refused with words that say when to ask again.
"""

import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from connectors.adapter.disk import replace_file
from connectors.errors import EngineDown, EngineError
from connectors.reason import Reason
from service.refresh.holder import is_dead, is_here, read_holder, this_process

logger = logging.getLogger(__name__)

FILE = "rest.json"
ANSWER = "rested.json"
LOCK = "rest.lock"
BEAT_S = 5.0
STALE_S = 30.0
"""A file that nobody touched for so long is what somebody left who cannot be asked."""
HEARD_S = 15.0
"""How long whoever keeps the engine may take to notice that it is to rest."""
STOP_S = 30.0
"""How long it may take to end or to free its memory, after the drafts under way."""
POLL_S = 0.2
RETRY_AFTER_S = 30

Mode = Literal["sleep", "stop", "stay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A rest somebody asked for."""

    reason: str
    """In words that end a sentence: "while Cyrano learns from ana's mail"."""
    mode: Mode
    """sleep: the engine frees its GPU's memory. stop: it ends, and is started again after. stay: it goes on
    running, and only nothing is written."""
    drain_s: float
    """How long drafts under way may take."""
    holder: str
    asked_at: float
    """Tells one rest from the next; no clock is compared with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What whoever keeps the engine says to a rest."""

    asked_at: float
    state: Literal["draining", "resting", "failed"]
    error: str = ""


class RestWatch:
    """Looks whether the engine is to rest. Threads may share it."""

    def __init__(self, home: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Join the parts.

        Args:
            home: Whose engine it is.
            clock: Seconds that only grow.
        """
        self._path = home / "run" / FILE
        self._clock = clock
        self._touched: int | None = None
        self._seen_at = 0.0
        self._lock = threading.Lock()

    def asked(self) -> Rest | None:
        """Return the rest that is asked for now, or None."""
        try:
            touched = self._path.stat().st_mtime_ns
        except OSError:
            return None
        rest = _read_rest(self._path)
        return None if rest is None or _is_gone(rest) or self._stands_still(touched) else rest

    def refusal(self) -> EngineDown | None:
        """Return why no draft can be written now, or None where nothing is in the way."""
        rest = self.asked()
        if rest is None:
            return None
        return EngineDown(
            f"The model server rests {rest.reason}.",
            hint="Ask again later; mail that came meanwhile is answered then.",
            retry_after_s=RETRY_AFTER_S,
            reason=Reason.RESTS,
        )

    def check(self) -> None:
        """See to it that nothing is in the way of a draft.

        Raises:
            EngineDown: the engine is to rest.
        """
        if refused := self.refusal():
            raise refused

    def _stands_still(self, touched: int) -> bool:
        now = self._clock()
        with self._lock:
            if touched != self._touched:
                self._touched, self._seen_at = touched, now
            return now - self._seen_at > STALE_S


@contextmanager
def resting(
    home: Path,
    reason: str,
    mode: Mode,
    *,
    drain_s: float,
    is_there: Callable[[], bool],
    check: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Have the engine rest for the block. Its memory is free when the block begins; it comes back after it.

    Args:
        home: Whose engine it is.
        reason: See `Rest`.
        mode: How it rests.
        drain_s: How long drafts under way may take before.
        is_there: Tells whether there is an engine, be it one that only starts; where there is none, none has to rest.
        check: Is called again and again while the rest is waited for; what it raises ends that.

    Raises:
        EngineDown: it rests for somebody else already, or nobody is there who could let it rest.
        EngineError: it could not.
    """
    rest = Rest(reason=reason, mode=mode, drain_s=drain_s, holder=str(this_process()), asked_at=time.time())
    path = home / "run" / FILE
    _write_rest(home, rest, check)
    over = threading.Event()
    beat = threading.Thread(target=_beat, args=(path, over), name="rest", daemon=True)
    beat.start()
    try:
        _wait_for_rest(home, rest, is_there, check)
        yield
    finally:
        over.set()
        beat.join()
        _remove(home, rest)


def answer(home: Path, rest: Rest, state: Literal["draining", "resting", "failed"], error: str = "") -> None:
    """Say how far a rest is; for whoever keeps the engine. On a full disk the asker waits in vain, and nobody else."""
    said = Answer(asked_at=rest.asked_at, state=state, error=error)
    try:
        (home / "run").mkdir(parents=True, exist_ok=True)
        replace_file(home / "run" / ANSWER, json.dumps(asdict(said)) + "\n")
    except OSError as failed:
        logger.warning("it could not be said that the engine is %s: %s", state, failed.strerror)


def remove_answer(home: Path) -> None:
    """Say that the engine does not rest."""
    (home / "run" / ANSWER).unlink(missing_ok=True)


def is_left_behind(home: Path) -> bool:
    """Tell whether a rest is asked for by a process that is gone."""
    rest = _read_rest(home / "run" / FILE)
    return rest is not None and _is_gone(rest)


def clear_left_behind(home: Path) -> None:
    """Remove what a killed process left; the engine does without, this only tidies up."""
    if is_left_behind(home):
        with _alone(home):
            if is_left_behind(home):
                (home / "run" / FILE).unlink(missing_ok=True)


def _wait_for_rest(home: Path, rest: Rest, is_there: Callable[[], bool], check: Callable[[], None]) -> None:
    began = time.monotonic()
    while True:
        check()
        said = _read_answer(home)
        waited = time.monotonic() - began
        if said is not None and said.asked_at == rest.asked_at:
            if said.state == "resting":
                return
            if said.state == "failed":
                raise EngineError(f"The model server cannot rest: {said.error}", hint="logs/engine.log says more.")
            if waited > rest.drain_s + STOP_S:
                raise EngineDown("The model server does not come to rest.", hint="logs/engine.log says more.")
        elif waited > HEARD_S or (waited > 1 and not is_there()):
            if not is_there():
                return
            raise EngineDown(
                "The model server answers, but no process of Cyrano keeps it, so it cannot be let rest.",
                hint='Set [refresh] share = "beside", or start it with: cyrano engine.',
            )
        time.sleep(POLL_S)


def _write_rest(home: Path, rest: Rest, check: Callable[[], None]) -> None:
    path, watch = home / "run" / FILE, RestWatch(home)
    _wait_for_none(path, watch, check)
    try:
        with _alone(home):
            if watch.asked() is not None:  # somebody was quicker
                raise _taken()
            replace_file(path, json.dumps(asdict(rest)) + "\n")
    except OSError as error:
        said = f"The model server could not be asked to rest: {error.strerror}."
        raise EngineError(said, hint="Free some disk space.") from error


def _wait_for_none(path: Path, watch: RestWatch, check: Callable[[], None]) -> None:
    """See to it that nobody else has the engine rest; of another machine's process that takes a while to know.

    Raises:
        EngineDown: somebody does.
    """
    first = None
    while (other := watch.asked()) is not None:
        check()
        with suppress(OSError):
            touched = path.stat().st_mtime_ns
            first = first or touched
            holder = read_holder(other.holder)
            if touched != first or (holder is not None and is_here(holder)):
                raise _taken()
        time.sleep(POLL_S)


def _remove(home: Path, rest: Rest) -> None:
    """End a rest; one that somebody else asks for meanwhile stays."""
    path = home / "run" / FILE
    with suppress(OSError), _alone(home):
        if _read_rest(path) == rest:
            path.unlink(missing_ok=True)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let nobody else ask for a rest, or end one, within the block."""
    folder = home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _taken() -> EngineDown:
    return EngineDown("The model server rests already.", hint="Wait until the other run has ended.")


def _read_rest(path: Path) -> Rest | None:
    try:
        return Rest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _is_gone(rest: Rest) -> bool:
    holder = read_holder(rest.holder)
    return holder is None or is_dead(holder)


def _read_answer(home: Path) -> Answer | None:
    try:
        return Answer(**json.loads((home / "run" / ANSWER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _beat(path: Path, over: threading.Event) -> None:
    while not over.wait(BEAT_S):
        with suppress(OSError):
            os.utime(path)
