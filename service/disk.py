"""Room on the disk, looked at before it is needed.

The stores map files into memory; where such a file cannot grow, the system ends the process without a word.
"""

import shutil
from pathlib import Path

from connectors.errors import StoreError

NEEDED_MB = 200


def free_mb(folder: Path) -> float:
    """Return how much room is left beside a folder."""
    return shutil.disk_usage(folder).free / 1e6


def need_space(folder: Path) -> None:
    """Refuse to start what writes where there is hardly any room left.

    Raises:
        StoreError: there is less than `NEEDED_MB`.
    """
    left = free_mb(folder)
    if left < NEEDED_MB:
        hint = f"Free some disk space: {NEEDED_MB} MB at least. Nothing is lost; go on with the same command."
        raise StoreError(f"The disk is full: {left:.0f} MB are left for {folder}.", hint=hint)
