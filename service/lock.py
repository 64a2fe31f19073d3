"""One process at a time: on the embedded stores, and wherever else one alone may work.

The system lets go of a lock when the process that holds it ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.errors import StoreBusy


@contextmanager
def try_hold(path: Path) -> Iterator[bool]:
    """Hold a lock within the block where nobody else does; yield whether that worked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def hold_home(home: Path) -> Iterator[None]:
    """Hold the home folder's lock.

    Raises:
        StoreBusy: another process holds it.
    """
    path = home / "run" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise StoreBusy(
                f"Cyrano is already running on {home} (process {file.read().strip() or 'unknown'}).",
                hint="Stop it first, or leave it to it: `cyrano up` syncs by itself. "
                "To run parts apart, set [archive] url and [index] url.",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
