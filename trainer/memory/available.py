"""How much of the machine's memory can be taken now: by the system's word, and by the limit of a container."""

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def available_bytes(*, meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> int:
    """Return the bytes that can be taken without others being driven out; 0 where the system does not say."""
    left = _of_container(cgroup)
    found = _of_machine(meminfo)
    return found if left is None else min(found, left)


def _of_machine(meminfo: Path) -> int:
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)


def _of_container(cgroup: Path) -> int | None:
    """Return what a container's limit leaves, or None where there is no limit. Cached files do not count as held."""
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        held = int((cgroup / "memory.current").read_text(encoding="ascii"))
        statistics = (cgroup / "memory.stat").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    if limit == "max":
        return None
    cached = int(dict(zip(statistics[::2], statistics[1::2], strict=False)).get("inactive_file", 0))
    return max(0, int(limit) - held + cached)
