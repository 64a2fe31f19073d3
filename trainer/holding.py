"""Holding a job's folder while it is carried out."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.errors import StoreBusy

LOCK = "lock"


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Let one process at a time work in a folder; the system lets go when the process ends, however it ends.

    Raises:
        StoreBusy: another one does.
    """
    with (folder / LOCK).open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreBusy(f"The run in {folder} is already under way.", hint="Wait until it ends.") from error
        yield
