"""Two real processes that train together, for tests. They are forked from one that has imported what they need."""

import multiprocessing
import traceback
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from trainer.training.sharding import Sharded, together

COUNT = 2
TIMEOUT_S = 300

_START = multiprocessing.get_context("forkserver")
_START.set_forkserver_preload(["tests.trainer.learners", "trainer.training.team", "trainer.training.preference"])


def in_two(work: Callable[..., Any], meeting: Path, *arguments: Any, **named: Any) -> list[Any]:
    """Have two workers call `work` with themselves and some arguments; return what each of them returned.

    `work` is a function of a module, and what it takes and returns can be pickled. The workers meet in a folder where
    nobody has met before.
    """
    return call_in_two(partial(_with_workers, partial(work, **named), meeting / "store"), *arguments)


def call_in_two(work: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Call `work` in two processes, with 0 or 1 and some arguments; return what each of them returned."""
    pipes = [_START.Pipe() for _ in range(COUNT)]
    processes = [
        _START.Process(target=_be, args=(theirs, partial(work, number, *arguments)), daemon=True)
        for number, (_, theirs) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    answers = []
    for ours, theirs in pipes:
        theirs.close()
        assert ours.poll(TIMEOUT_S), "a worker says nothing"
        answers.append(ours.recv())
    for process in processes:
        process.join(TIMEOUT_S)
    # Of two failures one is only the loss of the other.
    assert not any(failure for _, failure in answers), "\n".join(failure for _, failure in answers)
    return [result for result, _ in answers]


def _be(pipe: Connection, work: Callable[[], Any]) -> None:
    torch.set_num_threads(1)
    try:
        pipe.send((work(), ""))
    except BaseException:  # noqa: BLE001  told to the test
        pipe.send((None, traceback.format_exc()))


def _with_workers(work: Callable[..., Any], meeting: Path, number: int, *arguments: Any) -> Any:
    with together(meeting, number=number, count=COUNT, device="cpu") as workers:
        assert isinstance(workers, Sharded)
        return work(workers, *arguments)
