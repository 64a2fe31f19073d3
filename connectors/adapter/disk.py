"""Flushing what must not be lost to the disk, and replacing a file in one step."""

import os
import threading
from pathlib import Path


def sync_to_disk(path: Path) -> None:
    """Flush a file, or a folder and all that is in it."""
    for each in [*path.rglob("*"), path] if path.is_dir() else [path]:
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_entry(folder: Path) -> None:
    """Flush which names a folder holds, not what is in them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fresh_name(path: Path) -> Path:
    """Return where a file is written before it takes its place: nobody else, in whatever process, writes there."""
    return path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")


def replace_file(path: Path, text: str) -> None:
    """Write a small file so that it holds either what it held or the new text; nothing else stays if that fails."""
    fresh = fresh_name(path)
    try:
        fresh.write_text(text, encoding="utf-8")
        sync_to_disk(fresh)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync_entry(path.parent)
