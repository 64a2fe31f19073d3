"""connectors/adapter.py: versions that are never used twice, and what an adapter learned from."""

import json
import shutil
from collections.abc import Collection
from pathlib import Path

import pytest

from connectors.adapter import (
    CARD,
    LAST,
    LEARNED,
    WEIGHTS,
    AdapterCard,
    folder,
    has_learned,
    is_tainted,
    list_cards,
    publish,
    remember_versions,
    taint,
    write_learned,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where adapters lie."""
    return tmp_path / "adapters"


def _publish(root: Path, account: str = "ana", learned: Collection[str] = ()) -> AdapterCard:
    built = root.parent / "built"
    built.mkdir()
    (built / WEIGHTS).write_bytes(b"weights")
    write_learned(built, learned)
    card = AdapterCard(
        account=account, base_model="m", prompt_version="1", method="lora", created_at="", is_approved=True, verdict=""
    )
    return publish(root, built, card)


def test_a_broken_card_does_not_free_its_version(root: Path) -> None:
    """Its folder is still there, and its name may still be in an engine."""
    assert [_publish(root).version for _ in range(2)] == [1, 2]
    (folder(root, "ana", 2) / CARD).write_text("{")
    assert _publish(root).version == 3
    assert [card.version for card in list_cards(root, "ana")] == [1, 3]


def test_an_account_that_comes_back_goes_on_counting(root: Path) -> None:
    """Engines keep what they computed under a name, so that "ana@v2" must stay what it was."""
    assert [_publish(root).version for _ in range(2)] == [1, 2]
    assert _publish(root, "ben").version == 1
    shutil.rmtree(root / "ana")
    assert _publish(root).version == 3
    assert _publish(root, "ben").version == 2


def test_adapters_from_before_there_was_a_record_count_too(root: Path) -> None:
    """What is written down when an account is removed is what lies there."""
    (root / "ana" / "v7").mkdir(parents=True)
    remember_versions(root, "ana")
    shutil.rmtree(root / "ana")
    assert _publish(root).version == 8


def test_a_damaged_record_stops_nobody(root: Path) -> None:
    """The folders that are there still count."""
    _publish(root)
    (root / LAST).write_text("{")
    assert _publish(root).version == 2


def test_removal_of_an_account_that_never_had_an_adapter_leaves_no_trace(root: Path) -> None:
    """No folder is made only to remember nothing."""
    remember_versions(root, "ana")
    assert not root.exists()


def test_an_adapter_knows_what_it_learned_from_without_naming_it(root: Path) -> None:
    """By digests; one that says nothing of it is told apart from one that did not."""
    card = _publish(root, learned=["a@example.org", "b@example.org"])
    assert has_learned(root, card, {"b@example.org", "c@example.org"}) is True
    assert has_learned(root, card, {"c@example.org"}) is False
    path = folder(root, "ana", 1) / LEARNED
    assert "example.org" not in path.read_text()
    assert len(json.loads(path.read_text())) == 2
    path.unlink()
    assert has_learned(root, card, {"b@example.org"}) is None


def test_a_tainted_adapter_stays_as_it_is_beside_its_mark(root: Path) -> None:
    """The mark frees no version and is no adapter."""
    _publish(root)
    for _ in range(2):
        taint(root, "ana", 1)
    assert is_tainted(root, "ana", 1)
    assert not is_tainted(root, "ana", 2)
    assert _publish(root).version == 2
    assert [card.version for card in list_cards(root, "ana")] == [1, 2]
