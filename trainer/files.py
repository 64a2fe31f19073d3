"""Files that appear whole or not at all, so that a killed run finds only finished work."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from safetensors import SafetensorError

from connectors.errors import StoreError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Have `write` fill a file beside `path`, flush it to the disk and put it in place.

    Raises:
        StoreError: the disk is full or not writable; what was at `path` is still there.
    """
    fresh = path.with_name(f"{path.name}.new")
    with disk_errors(f"{path.name} could not be written"):
        try:
            with fresh.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise


@contextmanager
def disk_errors(what: str, *, then: str = "train again: the run goes on") -> Iterator[None]:
    """Say what the disk refused, and what to do when it does so no more.

    Raises:
        StoreError: in place of any OSError inside, and of what the library that writes weights makes of one.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        is_full = any(f"os error {code}" in str(error) for code in _FULL) or getattr(error, "errno", None) in _FULL
        cure = "Free some disk space" if is_full else "Check that the folder is there and can be written to"
        raise StoreError(f"{what}: {error}", hint=f"{cure}, then {then}.") from error
