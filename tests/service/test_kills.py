"""How often the system ended a process for lack of memory."""

from pathlib import Path

from service.kills import count_kills


def test_the_systems_count_is_read(tmp_path: Path) -> None:
    """Of the machine or of the container, whichever knows of more."""
    machine, container = tmp_path / "vmstat", tmp_path / "memory.events"
    assert count_kills(vmstat=machine, cgroup=container) == 0
    machine.write_text("pgfault 7\noom_kill 2\n")
    assert count_kills(vmstat=machine, cgroup=container) == 2
    container.write_text("oom 1\noom_kill 3\noom_group_kill 9\n")
    assert count_kills(vmstat=machine, cgroup=container) == 3


def test_this_machine_has_a_count() -> None:
    """Whatever it is, it is a number."""
    assert count_kills() >= 0
