"""The folder of a run, as a refresh finds it and leaves it to the trainer."""

import fcntl
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from connectors.errors import CyranoError, StoreBusy
from connectors.job import TrainJob, read_job, write_job
from service.training import RESULT

LOCK = "lock"
QUIET_WITHIN_S = 30.0
_POLL_S = 0.2


def prepare(folder: Path, order: TrainJob) -> None:
    """Write the order into a run's folder. What an earlier start made there stays if it had the same order.

    Raises:
        StoreError: the disk is full or not writable.
    """
    order = order.model_copy(update={"run": folder.name})
    try:
        known = read_job(folder)
    except CyranoError:
        known = None
    if known is not None and not _is_same(known, order):
        shutil.rmtree(folder, ignore_errors=True)
    write_job(folder, order)


def read_result(folder: Path) -> dict[str, Any] | None:
    """Return what a finished run left; None where it is not finished."""
    try:
        result: Any = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) else None


def wait_for_quiet(folder: Path, check: Callable[[], None]) -> None:
    """Wait until no trainer works in a folder: one whose service was killed needs a moment to notice.

    Raises:
        StoreBusy: one does, and does not end.
    """
    for _ in range(round(QUIET_WITHIN_S / _POLL_S)):
        if not _is_held(folder / LOCK):
            return
        check()
        Event().wait(_POLL_S)
    hint = "Wait until it ends, or end it; the next run goes on where it stopped."
    raise StoreBusy(f"Another trainer works in {folder}.", hint=hint)


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _is_same(known: object, order: TrainJob) -> bool:
    """Tell whether a run had the same order; where the engine was then does not matter."""
    return isinstance(known, TrainJob) and known == order.model_copy(update={"engine_url": known.engine_url})
