"""Tidies up after processes that were killed. Whatever is under way is left alone: only the holder of the lease sweeps.

What it does not do: wake the engine. Whoever keeps it sees by itself that the one who let it rest is gone.
"""

import logging
import re
import shutil
from contextlib import suppress
from pathlib import Path

from service.refresh.lease import TRAINING, Leases, LeaseTaken
from service.refresh.runs import GONE, Runs

logger = logging.getLogger(__name__)

_OF_A_RUN = re.compile(r"\..+-\d{8}-\d{6}")
"""What a trainer builds beside the place where it will lie."""


def sweep(runs: Runs, leases: Leases, adapters: Path) -> None:
    """Tidy up at the start. Where somebody trains now there is nothing to tidy up."""
    with suppress(LeaseTaken), leases.hold(TRAINING):
        runs.interrupt(GONE)
        for folder in unfinished_adapters(adapters):
            shutil.rmtree(folder, ignore_errors=True)
            logger.info("an unfinished adapter was removed: %s", folder.name)


def interrupt_left(runs: Runs, leases: Leases) -> None:
    """Note of runs under way that nobody carries them out any more, if that is so."""
    if not runs.unfinished() or leases.holder(TRAINING) is not None:
        return
    with suppress(LeaseTaken), leases.hold(TRAINING):
        runs.interrupt(GONE)


def unfinished_adapters(adapters: Path) -> list[Path]:
    """Return the folders in which adapters were being built."""
    return [path for path in adapters.glob("*/.*") if path.is_dir() and _OF_A_RUN.fullmatch(path.name)]
