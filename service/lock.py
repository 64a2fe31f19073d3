"""One process at a time on the embedded stores."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.errors import StoreBusy


@contextmanager
def hold_home(home: Path) -> Iterator[None]:
    """Hold the home folder's lock; the system lets go of it when the process ends, however it ends.

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
