"""A training run from the service's side: write the order, start the child, pass on what it says."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from subprocess import PIPE
from typing import IO, Any

from connectors.errors import CyranoError, EngineError, TrainError
from connectors.job import ENGINE_KEY, TrainJob, read_job, write_job
from connectors.pipe import LEASH, Room, RoomAnswer
from service.kills import count_kills
from service.progress import OnProgress, progress_bars

OnRoom = Callable[[Room], AbstractContextManager[None]]
"""What makes room, for a block."""

TRAINER = (sys.executable, "-m", "trainer")
RESULT = "result.json"
"""What a finished run leaves in its folder; a folder without it is a run to go on with."""
CHECK_S = 1.0
END_S = 5.0
GIB = 2**30
NOT_BY_A_PERSON = "If nobody killed it, "
GOES_ON = "`cyrano train` again goes on where it stopped."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the run is: so many of so many, in words."""

    name: str
    done: int
    total: int
    note: str


def plan_run(runs: Path, order: TrainJob, now: datetime) -> Path:
    """Return the folder of an unfinished run of the same order, else write the order into a new one."""
    for folder in sorted(runs_of(runs, order.account), reverse=True):
        if not (folder / RESULT).exists() and _is_same(folder, order):
            return folder
    run = f"{order.account}-{now:%Y%m%d-%H%M%S}"
    write_job(runs / run, order.model_copy(update={"run": run}))
    return runs / run


def runs_of(runs: Path, account: str) -> list[Path]:
    """Return the folders of an account's runs; those of "ana-maria" are not "ana"'s."""
    return [path for path in runs.glob("*") if is_run_of(path.name, account)]


def is_run_of(run_id: str, account: str) -> bool:
    """Tell whether a run, or its folder, is an account's by its name."""
    return re.fullmatch(rf"{re.escape(account)}-\d{{8}}-\d{{6}}", run_id) is not None


def _is_same(folder: Path, order: TrainJob) -> bool:
    """Tell whether a run had the same order; where the engine was then does not matter."""
    try:
        known = read_job(folder)
    except CyranoError:
        return False
    return isinstance(known, TrainJob) and known == order.model_copy(
        update={"run": known.run, "engine_url": known.engine_url}
    )


def run_trainer(
    folder: Path,
    engine_key: str,
    on_stage: Callable[[Stage], None],
    *,
    on_room: OnRoom | None = None,
    check: Callable[[], None] = lambda: None,
    helps: str = "",
    program: Sequence[str] = TRAINER,
) -> dict[str, Any]:
    """Run the trainer on a folder, in a process of its own, and return its result. It never outlives this process.

    Args:
        folder: Where the job is.
        engine_key: The key of the engine that it may ask for words.
        on_stage: Is told how far it is.
        on_room: Makes room when it asks for some, and is left when it has ended; what entering it raises is its answer.
            Without it there is room.
        helps: What to do where it was killed, if it does not train.
        check: Is called every second or so; what it raises ends the trainer.
        program: What the trainer is.

    Raises:
        TrainError: the run ended badly; the message is the trainer's own.
    """
    command = [*program, str(folder)]
    # Threads that spin while they wait slow training manifold where the engine needs the cores too.
    env = {"OMP_WAIT_POLICY": "passive", **os.environ, ENGINE_KEY: engine_key, LEASH: "1"}
    kills = count_kills()
    # In a session of its own: Ctrl-C in a terminal is for this process, which ends the trainer by its leash.
    started = subprocess.Popen(command, env=env, stdin=PIPE, stdout=PIPE, start_new_session=True)  # noqa: S603  our own
    with started as child, ExitStack() as held:
        try:
            heard = _Conversation(child, on_stage, on_room, held)
            heard.follow(check)
        except BaseException:
            _end(child)
            raise
        child.wait()
    return heard.result(child.returncode, is_shortage=count_kills() > kills, helps=helps)


def follow_run(
    folder: Path, engine_key: str, *, on_room: OnRoom | None = None, helps: str = ""
) -> dict[str, Any]:  # fmt: skip
    """Carry out the trainer's job in a folder, with a bar for each stage, and return its result."""
    with progress_bars() as start_bar:
        bars: dict[str, OnProgress] = {}

        def show(stage: Stage) -> None:
            if stage.name not in bars:
                bars[stage.name] = start_bar(stage.name)
            bars[stage.name](stage.done, stage.total)

        return run_trainer(folder, engine_key, show, on_room=on_room, helps=helps)


class _Conversation:
    """What a trainer says, and is answered."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        on_stage: Callable[[Stage], None],
        on_room: OnRoom | None,
        held: ExitStack,
    ) -> None:
        self._child = child
        self._on_stage = on_stage
        self._on_room = on_room
        self._held = held
        self._last: dict[str, Any] = {}
        self._room: Room | None = None

    def follow(self, check: Callable[[], None]) -> None:
        """Listen until the trainer is silent for good."""
        lines: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=_listen, args=(self._child.stdout, lines), name="trainer", daemon=True).start()
        checked_at = time.monotonic()
        while True:
            line = None
            with suppress(Empty):
                line = lines.get(timeout=CHECK_S)
            if line == b"":
                return
            if line:
                self._hear(json.loads(line))
            if line is None or time.monotonic() - checked_at >= CHECK_S:
                check()
                checked_at = time.monotonic()

    def result(self, code: int, *, is_shortage: bool, helps: str = "") -> dict[str, Any]:
        """Return how it ended.

        Raises:
            TrainError: badly.
        """
        if "result" in self._last:
            return dict(self._last["result"])
        if "error" in self._last:
            raise TrainError(self._last["error"], hint=self._last.get("hint", ""))
        if code == -signal.SIGKILL:
            raise killed(self._room, is_shortage=is_shortage, helps=helps)
        raise TrainError(f"The trainer ended with code {code} and no word.", hint=helps.capitalize() or GOES_ON)

    def _hear(self, said: dict[str, Any]) -> None:
        if "stage" in said:
            self._on_stage(Stage(name=said["stage"], done=said["done"], total=said["total"], note=said.get("note", "")))
        elif said.get("asks") == "room":
            self._room = Room.model_validate(said)
            self._answer(self._make_room(self._room))
        else:
            self._last = said

    def _make_room(self, room: Room) -> RoomAnswer:
        try:
            if self._on_room is not None:
                self._held.enter_context(self._on_room(room))
        except EngineError as error:  # what `check` raises is no answer, but the end
            return RoomAnswer(go=False, why=str(error), hint=error.hint)
        return RoomAnswer(go=True)

    def _answer(self, answer: RoomAnswer) -> None:
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):  # it is dead, and its silence is noticed
            # Not by its buffer: what stays in there of a broken pipe would be told once more when it is closed.
            os.write(self._child.stdin.fileno(), answer.model_dump_json().encode() + b"\n")


def killed(room: Room | None, *, is_shortage: bool, helps: str = "") -> TrainError:
    """Say that the trainer was killed, and what to do about it.

    Args:
        room: What it asked for, if it came so far.
        is_shortage: Whether the system ended a process meanwhile because memory ran out.
        helps: What to do, if it did not train.
    """
    said = "The system ran out of memory and ended the trainer" if is_shortage else "The trainer was killed (SIGKILL)"
    if room is None:
        return TrainError(f"{said}.", hint=NOT_BY_A_PERSON + (helps or f"lower [train] batch_size. {GOES_ON}"))
    numbers = f"by plan it needs {room.needs / GIB:.1f} GiB, and {room.free / GIB:.1f} GiB were free when it asked"
    lines = "; ".join(room.advice) or "a smaller batch_size"
    return TrainError(f"{said}; {numbers}.", hint=NOT_BY_A_PERSON + (helps or f"set in [train]: {lines}. {GOES_ON}"))


def _listen(stream: IO[bytes], lines: "SimpleQueue[bytes]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(b"")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a trainer that nobody wants any more: at once, its checkpoints are whole at any time."""
    assert child.stdin is not None
    with suppress(OSError):
        child.stdin.close()  # its workers hear of it too
    child.terminate()
    try:
        child.wait(END_S)
    except subprocess.TimeoutExpired:
        child.kill()
