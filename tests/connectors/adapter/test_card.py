"""A folder is what was published, or it is no adapter."""

import json
import shutil
from pathlib import Path

import pytest

from connectors.adapter import CARD, WEIGHTS, damaged, folder, has_weights, list_cards, read_card
from connectors.errors import StoreError
from tests.connectors.adapter.published import publish_one


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where adapters lie."""
    return tmp_path / "adapters"


def test_a_card_names_the_digest_of_each_file(root: Path) -> None:
    """Weights, configuration and report; the card itself cannot."""
    card = publish_one(root)
    assert sorted(card.files) == ["adapter_config.json", WEIGHTS, "report.html"]
    assert card.files[WEIGHTS] == card.weights_sha256
    assert read_card(folder(root, "ana", 1)) == card


@pytest.mark.parametrize("name", ["adapter_config.json", WEIGHTS, "report.html"])
def test_a_changed_file_is_told_by_its_name(root: Path, name: str) -> None:
    """One other letter is enough; of weights it is said that they are weights."""
    publish_one(root)
    (folder(root, "ana", 1) / name).write_text("other")
    with pytest.raises(StoreError, match="weights" if name == WEIGHTS else name) as caught:
        read_card(folder(root, "ana", 1))
    assert caught.value.hint


def test_a_missing_file_is_told_by_its_name(root: Path) -> None:
    """A copy that broke off half-way."""
    publish_one(root)
    (folder(root, "ana", 1) / "adapter_config.json").unlink()
    with pytest.raises(StoreError, match=r"adapter_config\.json is missing"):
        read_card(folder(root, "ana", 1))


def test_weights_that_were_deleted_are_told_apart_from_damage(root: Path) -> None:
    """It is history: no training is asked for on its account."""
    card = publish_one(root)
    assert has_weights(root, card)
    (folder(root, "ana", 1) / WEIGHTS).unlink()
    assert not has_weights(root, card)
    assert list_cards(root, "ana") == [card]
    assert damaged(root, "ana") == {}
    with pytest.raises(StoreError, match="no weights any more"):
        read_card(folder(root, "ana", 1))


def test_cards_from_before_files_were_listed_are_still_read(root: Path) -> None:
    """Their weights are checked as before."""
    publish_one(root)
    path = folder(root, "ana", 1)
    content = json.loads((path / CARD).read_text())
    del content["files"]
    (path / CARD).write_text(json.dumps(content))
    assert has_weights(root, read_card(path))
    (path / WEIGHTS).write_bytes(b"other")
    with pytest.raises(StoreError, match="not those of its card"):
        read_card(path)
    (path / WEIGHTS).unlink()
    with pytest.raises(StoreError, match="no weights any more"):
        read_card(path)


def test_what_is_no_adapter_is_said_by_version(root: Path) -> None:
    """No card, half a card, somebody else's card, or a folder that was copied by hand; the good one is still listed."""
    for _ in range(4):
        publish_one(root)
    (folder(root, "ana", 1) / CARD).unlink()
    (folder(root, "ana", 2) / CARD).write_text('{"account": "ana"')
    shutil.copytree(folder(root, "ana", 3), folder(root, "ana", 9))
    found = damaged(root, "ana")
    assert list(found) == [1, 2, 9]
    assert "no card.json" in found[1]
    assert "cannot be read" in found[2]
    assert "holds the card of ana@v3" in found[9]
    assert [card.version for card in list_cards(root, "ana")] == [3, 4]


def test_a_card_that_was_replaced_is_read_anew(root: Path) -> None:
    """What is remembered of a card is not older than its file."""
    card = publish_one(root)
    assert list_cards(root, "ana") == [card]
    path = folder(root, "ana", 1) / CARD
    path.write_text(json.dumps(json.loads(path.read_text()) | {"verdict": "another verdict, a longer one"}))
    assert list_cards(root, "ana")[0].verdict == "another verdict, a longer one"
