"""Start the processes that train one model together, and stand between them and whoever wants the run.

The rules this module keeps:
1. No worker outlives this process: each reads its order from a pipe and ends when that closes, however this one ended.
2. When one worker ends badly, all end, and the error that is told is the cause, not the others' loss of a partner.
3. Nothing is reachable from another machine: workers meet by a file, and talk over the loopback interface.

Mail travels through the pipes; no file holds it.
"""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from connectors.errors import TrainError, UsageError
from connectors.job import TrainJob
from connectors.train_settings import TrainSettings
from trainer.data.packing import Example
from trainer.data.pairs import Pair
from trainer.training import checkpoint
from trainer.training.checkpoint import Progress
from trainer.training.hardware import Hardware, look
from trainer.training.order import COUNT, MEETING, NUMBER, Order
from trainer.training.preference import FOLDER as STAGE
from trainer.training.preference import Outcome, read_outcome
from trainer.training.workers import Weights

WORKER = (sys.executable, "-m", "trainer.training.worker")
GRACE_S = 5.0
"""How long the others may take to say what they know when one has ended badly."""

Report = Callable[[int, int, str], None]
Said = tuple[int, dict[str, Any] | None]
"""Which worker, and a line of it, or None when it has closed its mouth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What the workers made."""

    progress: Progress
    preferred: Outcome | None
    """What the stage of preferences did, if there was one."""
    weights: Weights
    """What was learned, whole and on the processor."""


def train_in_workers(
    folder: Path,
    job: TrainJob,
    learned: Sequence[Example],
    held_out: Sequence[Example],
    *,
    report: Report,
    pairs: Sequence[Pair] = (),
    program: Sequence[str] = WORKER,
) -> Trained:
    """Train a job's model in `settings.processes` processes, which leave their checkpoints in `folder`.

    Started again after a failure, the run goes on from its last checkpoint.

    Args:
        folder: The run's.
        job: Its model and settings.
        learned: What is learned from.
        held_out: What measures.
        report: Is told the step, the number of steps and a few words.
        pairs: What the stage of preferences learns from; without any there is none.
        program: What a worker is.

    Raises:
        UsageError: the settings cannot be carried out in several processes, or not on this machine.
        TrainError: a worker failed or was killed.
    """
    check_possible(job.settings, look(), gpus=torch.cuda.device_count())
    order = Order(folder=folder, job=job, learned=tuple(learned), held_out=tuple(held_out), pairs=tuple(pairs))
    with tempfile.TemporaryDirectory() as meeting:
        summary = _carry_out(order, job.settings.processes, Path(meeting) / "store", report, program)
    progress = _progress(folder)
    if not pairs:
        return Trained(progress=progress, preferred=None, weights=progress.best)
    preferred = read_outcome(summary, _progress(folder / STAGE))
    return Trained(
        progress=progress,
        preferred=preferred,
        weights=preferred.progress.best if preferred.is_kept else progress.best,
    )


def _progress(folder: Path) -> Progress:
    found = checkpoint.load(folder)
    if found is None:
        raise TrainError("The workers ended without a result.", hint="Start the run again: cyrano train.")
    return found[0]


def check_possible(settings: TrainSettings, hardware: Hardware, *, gpus: int) -> None:
    """Refuse what is not known to work, before anything starts.

    Raises:
        UsageError: what, and what to set instead.
    """
    if hardware.device == "cuda" and settings.processes > gpus:
        raise UsageError(
            f"[train] processes is {settings.processes}, and this machine has {gpus} GPU(s).",
            hint=f"Set processes to {gpus} at most.",
        )
    for name, value, instead in (
        ("quantisation", settings.quantisation, "none"),
        ("optimiser", settings.optimiser, "adamw"),
        ("compile", settings.compile.replace("auto", "off"), "off"),
    ):
        if value != instead:
            raise UsageError(
                f"[train] {name} = {value!r} does not go with several processes or offload.",
                hint=f"Set {name} to {instead!r}, or processes to 1 and offload to false.",
            )
    if settings.batch_size == "auto":
        raise UsageError(
            "The largest batch cannot be looked for in several processes or with offload.",
            hint="Set [train] batch_size to a number; `cyrano plan` says what fits.",
        )


@dataclass(slots=True, kw_only=True)
class _End:
    """How the workers ended, as far as it is known."""

    error: TrainError | None = None
    """What a worker said that knew what to do."""
    defect: str = ""
    """What a worker said that did not; it may only have lost a partner."""
    deaths: list[str]
    summary: Mapping[str, Any]
    """What the first worker said of the stage of preferences."""

    def cause(self) -> TrainError | None:
        """Return the likeliest cause: what was explained, then a violent end, then what was not explained."""
        if self.error:
            return self.error
        if self.deaths:
            return TrainError(
                f"{self.deaths[0]}, and the run cannot go on without it.",
                hint="If nobody killed it, the machine's memory ran out: lower [train] batch_size or processes. "
                "Started again, the run goes on from its last checkpoint.",
            )
        return TrainError(self.defect, hint="The log above is for a bug report.") if self.defect else None


def _carry_out(order: Order, count: int, meeting: Path, report: Report, program: Sequence[str]) -> Mapping[str, Any]:
    """Have the workers carry out an order, pass on what is reported, and return the summary of the last stage."""
    outcome = _End(deaths=[], summary={})
    with _started(count, meeting, program) as workers:
        for number, line in _hear(workers, order, outcome):
            if line is None:
                _note_end(outcome, number, workers)
            elif "stage" in line:
                report(line["done"], line["total"], line["note"])
            elif "preferred" in line:
                outcome.summary = line["preferred"]
            elif "error" in line:
                outcome.error = outcome.error or TrainError(line["error"], hint=line["hint"])
            else:
                outcome.defect = outcome.defect or f"A worker failed: {line['defect']}."
    if cause := outcome.cause():
        raise cause
    return outcome.summary


def _hear(workers: Sequence[subprocess.Popen[bytes]], order: Order, outcome: _End) -> Iterator[Said]:
    """Give the workers their order, and yield what they say until all are silent, or one has failed a while ago."""
    said: queue.Queue[Said] = queue.Queue()
    for number, worker in enumerate(workers):
        threading.Thread(target=_listen, args=(number, worker, said), daemon=True).start()
        threading.Thread(target=_order, args=(worker, order), daemon=True).start()
    deadline: float | None = None
    talking = len(workers)
    while talking:
        if outcome.cause() and deadline is None:
            deadline = time.monotonic() + GRACE_S
        try:
            number, line = said.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return
        talking -= line is None
        yield number, line


def _note_end(outcome: _End, number: int, workers: Sequence[subprocess.Popen[bytes]]) -> None:
    code = workers[number].wait()
    if code < 0:
        outcome.deaths.append(f"Worker {number + 1} of {len(workers)} was killed ({signal.Signals(-code).name})")
    elif code > 0 and not outcome.defect and not outcome.error:
        outcome.defect = f"Worker {number + 1} of {len(workers)} ended with code {code} and no word."


@contextmanager
def _started(count: int, meeting: Path, program: Sequence[str]) -> Iterator[Sequence[subprocess.Popen[bytes]]]:
    """Start the workers, and see to it that none is left after the block."""
    workers: list[subprocess.Popen[bytes]] = []
    threads = str(max(1, (os.cpu_count() or 1) // count))
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    common = {"OMP_NUM_THREADS": threads, "GLOO_SOCKET_IFNAME": loopback, "NCCL_SOCKET_IFNAME": loopback}
    try:
        for number in range(count):
            own = {MEETING: str(meeting), NUMBER: str(number), COUNT: str(count)}
            environment = {**common, **os.environ, **own}
            workers.append(
                subprocess.Popen(program, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  our own
            )
        yield workers
    finally:
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait()


def _listen(number: int, worker: subprocess.Popen[bytes], said: "queue.Queue[Said]") -> None:
    assert worker.stdout is not None
    for line in worker.stdout:
        said.put((number, json.loads(line)))
    said.put((number, None))


def _order(worker: subprocess.Popen[bytes], order: Order) -> None:
    """Hand over the order, in one line. The pipe stays open: its end tells a worker that nobody wants it any more."""
    assert worker.stdin is not None
    try:
        worker.stdin.write(order.line())
        worker.stdin.flush()
    except BrokenPipeError:
        pass  # it is dead, and its end is noticed elsewhere
