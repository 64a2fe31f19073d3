"""A training run from the service's side: write the order, start the child, pass on what it says."""

import glob
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.errors import CyranoError, TrainError
from connectors.job import ENGINE_KEY, TrainJob, read_job, write_job
from service.progress import OnProgress, progress_bars

TRAINER = (sys.executable, "-m", "trainer")
RESULT = "result.json"
"""What a finished run leaves in its folder; a folder without it is a run to go on with."""


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
    digit = "[0-9]"
    return list(runs.glob(f"{glob.escape(account)}-{digit * 8}-{digit * 6}"))


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
    folder: Path, engine_key: str, on_stage: Callable[[Stage], None], *, program: Sequence[str] = TRAINER
) -> dict[str, Any]:
    """Run the trainer on a folder, in a process of its own, and return its result.

    Raises:
        TrainError: the run ended badly; the message is the trainer's own.
    """
    command = [*program, str(folder)]
    env = {**os.environ, ENGINE_KEY: engine_key}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, encoding="utf-8") as child:  # noqa: S603  our own
        try:
            last = _follow(child.stdout or iter(()), on_stage)
        except BaseException:
            child.terminate()
            raise
    if "result" in last:
        return dict(last["result"])
    if "error" in last:
        raise TrainError(last["error"], hint=last.get("hint", ""))
    raise TrainError(
        f"The trainer ended with code {child.returncode} and no word.",
        hint="-9 means the system ran out of memory. `cyrano train` again goes on where it stopped.",
    )


def follow_run(folder: Path, engine_key: str) -> dict[str, Any]:
    """Carry out the trainer's job in a folder, with a bar for each stage, and return its result."""
    with progress_bars() as start_bar:
        bars: dict[str, OnProgress] = {}

        def show(stage: Stage) -> None:
            if stage.name not in bars:
                bars[stage.name] = start_bar(stage.name)
            bars[stage.name](stage.done, stage.total)

        return run_trainer(folder, engine_key, show)


def _follow(lines: Iterator[str] | Any, on_stage: Callable[[Stage], None]) -> dict[str, Any]:  # noqa: ANN401
    last: dict[str, Any] = {}
    for line in lines:
        said = json.loads(line)
        if "stage" in said:
            on_stage(Stage(name=said["stage"], done=said["done"], total=said["total"], note=said.get("note", "")))
        else:
            last = said
    return last
