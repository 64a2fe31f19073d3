"""Who holds something: a process, named so that another one can tell whether it still lives.

The rule: a process counts as dead only where that is certain. A process id says nothing on another machine, in another
container or after a restart of the system; there what it holds is its own until it has been silent for long.
"""

import os
import secrets
import socket
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class Holder(NamedTuple):
    """A process and one of its holds. As text it stands in the table `lease` and in files."""

    place: str
    """The start of the system and the space of process ids within it; "" where they cannot be told."""
    pid: int
    started: str
    """When the process started, as the system counts; ids are used again."""
    mark: str
    """Tells the holds of one process apart."""
    host: str
    """For people."""

    def __str__(self) -> str:
        return "|".join(str(each) for each in self)

    @property
    def name(self) -> str:
        """Who it is, for people."""
        return f"process {self.pid} on {self.host}"


def this_process() -> Holder:
    """Return this process, with a mark of its own."""
    pid = os.getpid()
    return Holder(_place(), pid, _started(pid), secrets.token_hex(4), socket.gethostname().replace("|", "-"))


def read_holder(text: str) -> Holder | None:
    """Read what `str` made; None where it is something else."""
    parts = text.split("|")
    if len(parts) != len(Holder._fields) or not parts[1].isdecimal():
        return None
    return Holder(parts[0], int(parts[1]), *parts[2:])


def is_here(holder: Holder) -> bool:
    """Tell whether a holder is, or was, a process that this one could see."""
    return bool(holder.place) and holder.place == _place()


def is_dead(holder: Holder) -> bool:
    """Tell whether a holder has certainly ended."""
    return is_here(holder) and _started(holder.pid) != holder.started


def _place() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Return when a process started, in the system's ticks; "" where there is none, or only what is left of one."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the program's name, in brackets, may hold anything
    return "" if fields[0] in {"Z", "X"} else fields[19]
