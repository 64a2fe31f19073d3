"""connectors/adapter.py: versions that are never used twice."""

from pathlib import Path

from connectors.adapter import CARD, WEIGHTS, AdapterCard, folder, list_cards, publish


def _publish(root: Path, tmp_path: Path) -> AdapterCard:
    built = tmp_path / "built"
    built.mkdir()
    (built / WEIGHTS).write_bytes(b"weights")
    card = AdapterCard(
        account="ana", base_model="m", prompt_version="1", method="lora", created_at="", is_approved=True, verdict=""
    )
    return publish(root, built, card)


def test_a_broken_card_does_not_free_its_version(tmp_path: Path) -> None:
    """Its folder is still there, and its name may still be in an engine."""
    root = tmp_path / "adapters"
    assert [_publish(root, tmp_path).version for _ in range(2)] == [1, 2]
    (folder(root, "ana", 2) / CARD).write_text("{")
    assert _publish(root, tmp_path).version == 3
    assert [card.version for card in list_cards(root, "ana")] == [1, 3]
