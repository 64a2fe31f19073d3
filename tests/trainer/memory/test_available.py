"""How much memory can be taken now."""

from pathlib import Path

import pytest

from trainer.memory.available import available_bytes


@pytest.fixture
def meminfo(tmp_path: Path) -> Path:
    """A machine with 8 GiB that the system would give."""
    path = tmp_path / "meminfo"
    path.write_text("MemTotal:       16777216 kB\nMemFree: 5 kB\nMemAvailable:    8388608 kB\n")
    return path


def test_what_the_system_would_give_counts(meminfo: Path, tmp_path: Path) -> None:
    """Files that are only kept in memory can go."""
    assert available_bytes(meminfo=meminfo, cgroup=tmp_path) == 8 << 30


def test_a_containers_limit_counts_where_it_is_lower(meminfo: Path, tmp_path: Path) -> None:
    """The machine may have more than the container gets; its cached files can go, too."""
    (tmp_path / "memory.max").write_text(f"{4 << 30}\n")
    (tmp_path / "memory.current").write_text(f"{3 << 30}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {1 << 30}\n")
    assert available_bytes(meminfo=meminfo, cgroup=tmp_path) == 2 << 30
    (tmp_path / "memory.max").write_text("max\n")
    assert available_bytes(meminfo=meminfo, cgroup=tmp_path) == 8 << 30


def test_a_system_that_does_not_say_has_none(tmp_path: Path) -> None:
    """Nothing is taken that is not known to be there."""
    assert available_bytes(meminfo=tmp_path / "none", cgroup=tmp_path) == 0


def test_this_machine_says_something() -> None:
    """The real files are read."""
    assert available_bytes() > 1 << 20
