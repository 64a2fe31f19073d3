"""An adapter appears whole or not at all."""

from pathlib import Path

import pytest

from connectors.adapter import CARD, WEIGHTS, AdapterCard, damaged, list_cards, publish, read_card
from connectors.errors import StoreError
from tests.connectors.adapter.published import publish_one

CANDIDATE = AdapterCard(
    account="ana", base_model="m", prompt_version="1", method="lora", created_at="", is_approved=True, verdict=""
)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """The adapter before is untouched, nothing half-written stays, and it is said what to do."""
    root = tmp_path / "adapters"
    before = publish_one(root)
    built = root / "ana" / ".run-1"
    built.mkdir()
    (built / WEIGHTS).write_bytes(b"weights")
    (built / CARD).symlink_to("/dev/full")
    with pytest.raises(StoreError, match="No space left on device") as caught:
        publish(root, built, CANDIDATE)
    assert "disk space" in caught.value.hint
    assert sorted(path.name for path in (root / "ana").iterdir()) == ["v1"]
    assert list_cards(root, "ana") == [before]
    assert damaged(root, "ana") == {}


def test_files_in_folders_count_too(tmp_path: Path) -> None:
    """A whole model may bring folders; each file in them has its digest."""
    built = tmp_path / "built"
    (built / "deep").mkdir(parents=True)
    (built / WEIGHTS).write_bytes(b"weights")
    (built / "deep" / "words.txt").write_text("words")
    card = publish(tmp_path / "adapters", built, CANDIDATE)
    path = tmp_path / "adapters" / "ana" / "v1"
    assert sorted(card.files) == [WEIGHTS, "deep/words.txt"]
    (path / "deep" / "words.txt").write_text("others")
    with pytest.raises(StoreError, match=r"deep/words\.txt"):
        read_card(path)
