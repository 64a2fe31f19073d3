"""Which engine runs, for other processes: `<home>/run/engine.json`, and the lock that says whether it still counts.

The rule: whoever keeps the engine holds the lock, and the system lets go of it however that process ends. A record
whose lock is free is what a killed process left behind.
"""

import json
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from connectors.adapter.disk import replace_file
from connectors.errors import EngineError
from service.lock import try_hold

FILE = "engine.json"
LOCK = "engine.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRecord:
    """A running engine."""

    url: str
    pid: int
    """It leads a process group."""
    model: str
    """What the engine calls what it serves."""
    argv: tuple[str, ...] = ()
    """The command that is configured: whoever would run another has other settings."""


def hold_engine(home: Path) -> AbstractContextManager[bool]:
    """Try to become the one who keeps this home's engine; yield whether that worked."""
    return try_hold(home / "run" / LOCK)


def is_kept(home: Path) -> bool:
    """Tell whether a process keeps this home's engine, whatever state that is in."""
    with hold_engine(home) as is_free:
        return not is_free


def write_record(home: Path, record: EngineRecord) -> None:
    """Tell other processes where the engine is.

    Raises:
        EngineError: the disk is full or not writable.
    """
    try:
        replace_file(home / "run" / FILE, json.dumps(asdict(record)) + "\n")
    except OSError as error:
        said = f"Where the engine runs could not be written down: {error.strerror}."
        raise EngineError(said, hint="Free some disk space.") from error


def read_record(home: Path) -> EngineRecord | None:
    """Return what was last written, or None. Whether that engine answers is another question."""
    try:
        values = json.loads((home / "run" / FILE).read_text(encoding="utf-8"))
        return EngineRecord(**{**values, "argv": tuple(values["argv"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def remove_record(home: Path) -> None:
    """Tell other processes that there is no engine."""
    (home / "run" / FILE).unlink(missing_ok=True)
