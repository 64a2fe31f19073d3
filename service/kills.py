"""How often the system ended a process because memory ran out: what a SIGKILL meant can be told by it."""

from pathlib import Path

VMSTAT = Path("/proc/vmstat")
CGROUP = Path("/sys/fs/cgroup/memory.events")


def count_kills(*, vmstat: Path = VMSTAT, cgroup: Path = CGROUP) -> int:
    """Return how many processes the system has ended for memory so far, by its own count; 0 where it keeps none."""
    return max(_number(vmstat), _number(cgroup))


def _number(path: Path) -> int:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
