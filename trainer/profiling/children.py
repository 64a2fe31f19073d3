"""Carry out a cell's order in a fresh process, and put down how it ended, however that was.

The rules this module keeps:
1. Cells share nothing: each process is forked from one that has imported the code and done nothing with it, or, where
   there is a GPU, which no forked process may share, started from nothing.
2. A cell ends with its parent: whoever killed that did not want this one to go on.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from trainer.files import disk_errors, write_whole
from trainer.profiling.cell import main
from trainer.profiling.leash import end_with_parent
from trainer.profiling.records import ORDER, OUTCOME, Order, Outcome, read_outcome

Work = Callable[[Path], None]

LOG = "log.txt"
NO_MEMORY = ("MemoryError", "bad_alloc", "can't allocate memory", "Cannot allocate memory")
LAST_LINES = 30


def carry_out(folder: Path, order: Order, *, timeout_s: float, work: Work = main) -> Outcome:
    """Return how an order ended; one that has ended before is not carried out again.

    Args:
        folder: All cells' folder, with the examples in it.
        order: What is to be measured.
        timeout_s: Seconds after which the cell is given up.
        work: What is called with the cell's folder, in the fresh process.

    Raises:
        StoreError: the disk is full or not writable.
    """
    cell = folder / order.key
    if known := read_outcome(cell):
        return known
    with disk_errors(f"{cell} could not be written"):
        cell.mkdir(parents=True, exist_ok=True)
    write_whole(cell / ORDER, lambda file: file.write(order.model_dump_json(indent=1).encode()))
    code = _run(work, cell, timeout_s)
    if outcome := read_outcome(cell):
        return outcome
    outcome = judge(code, _last_lines(cell / LOG), timeout_s)
    write_whole(cell / OUTCOME, lambda file: file.write(outcome.model_dump_json(indent=1).encode()))
    return outcome


def judge(code: int | None, lines: Sequence[str], timeout_s: float) -> Outcome:
    """Tell from its exit code (None: it was given up) and its last words why a cell left nothing behind."""
    if code is None:
        return Outcome(status="failed", reason=f"took more than {timeout_s:g} s")
    if code == -signal.SIGKILL:
        return Outcome(status="out of memory", reason="the system killed it")
    if any(word in line for line in lines for word in NO_MEMORY):
        return Outcome(status="out of memory", reason="the system refused more memory")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "no word")
    # The kind of a fault, and not its message: that may quote what the examples hold.
    return Outcome(status="failed", reason=f"ended with code {code}: {last.split(':')[0][:80]}")


def _run(work: Work, cell: Path, timeout_s: float) -> int | None:
    """Return the exit code, or None after the time is over."""
    child = _process(work, cell)
    child.start()
    try:
        child.join(timeout_s)
        return child.exitcode
    finally:
        child.kill()
        child.join()
        child.close()


def _process(work: Work, cell: Path) -> BaseProcess:
    if torch.cuda.is_available():
        return multiprocessing.get_context("spawn").Process(target=_work, args=(work, cell))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([main.__module__])
    return context.Process(target=_work, args=(work, cell))


def _work(work: Work, cell: Path) -> None:
    """Be the fresh process."""
    end_with_parent()
    with (cell / LOG).open("wb") as words:
        os.dup2(words.fileno(), 1)
        os.dup2(words.fileno(), 2)
    work(cell)


def _last_lines(log: Path) -> list[str]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        return list(deque(lines, maxlen=LAST_LINES))
