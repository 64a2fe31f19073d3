"""service/disk.py: a full disk is said before it ends the process."""

from pathlib import Path

import pytest

from connectors.errors import StoreError
from service import disk


def test_room_enough_is_nothing_to_say(tmp_path: Path) -> None:
    """Where there is room, work begins."""
    disk.need_space(tmp_path)


def test_a_full_disk_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the folder and how much room is needed."""
    monkeypatch.setattr(disk, "NEEDED_MB", disk.free_mb(tmp_path) * 2)
    with pytest.raises(StoreError, match="is full") as caught:
        disk.need_space(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "Free some disk space" in caught.value.hint
