"""The versions that were ever given: no name of an adapter is used twice."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.adapter.disk import replace_file
from connectors.errors import StoreError

LAST = "@last.json"
"""No account is called so: "@" stands in no account's name."""


def next_version(root: Path, account: str) -> int:
    """Return a version that no adapter of an account ever had, and note that it is taken."""
    root.mkdir(parents=True, exist_ok=True)
    with _last_versions(root) as last:
        last[account] = max(last.get(account, 0), _last_version(root, account)) + 1
        return last[account]


def remember_versions(root: Path, account: str) -> None:
    """Write down an account's last version before its folder is deleted.

    Raises:
        StoreError: the disk is full or not writable.
    """
    if not (version := _last_version(root, account)):
        return
    try:
        with _last_versions(root) as last:
            last[account] = max(last.get(account, 0), version)
    except OSError as error:
        hint = "Free some disk space, then run the command again."
        raise StoreError(f"The versions of {account} could not be written down: {error}", hint=hint) from error


@contextmanager
def _last_versions(root: Path) -> Iterator[dict[str, int]]:
    """Yield the last version of each account to be changed, while no other process does so; then write them down."""
    path = root / LAST
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        known = _read_last(path)
        yield known
        replace_file(path, json.dumps(known, sort_keys=True) + "\n")
    finally:
        os.close(descriptor)


def _read_last(path: Path) -> dict[str, int]:
    try:
        known: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known


def _last_version(root: Path, account: str) -> int:
    """Return the highest version there is, 0 where there is none; one whose card is broken counts too."""
    names = (path.name for path in (root / account).glob("v*"))
    return max((int(name[1:]) for name in names if name[1:].isdecimal()), default=0)
