"""Files appear whole or not at all."""

from pathlib import Path
from typing import BinaryIO

import pytest

from connectors.errors import StoreError
from trainer.files import write_whole


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """When writing fails half-way the file before is still there, and no half one beside it."""
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"old")

    def fill_disk(file: BinaryIO) -> None:
        file.write(b"ne")
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match="No space left") as caught:
        write_whole(path, fill_disk)
    assert "disk space" in caught.value.hint
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert path.read_bytes() == b"old"
