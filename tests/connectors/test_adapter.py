"""connectors/adapter.py: versions that are never used twice, and what an adapter learned from."""

import hashlib
import json
import shutil
from collections.abc import Collection
from pathlib import Path

import pytest

from connectors.adapter import (
    CARD,
    LAST,
    LEARNED,
    LORA,
    WEIGHTS,
    AdapterCard,
    folder,
    has_learned,
    is_tainted,
    is_withdrawn,
    list_cards,
    publish,
    read_card,
    remember_versions,
    set_current,
    taint,
    take,
    withdrawn_because,
    write_learned,
)
from connectors.errors import CyranoError, StoreError, UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where adapters lie."""
    return tmp_path / "adapters"


def _publish(root: Path, account: str = "ana", learned: Collection[str] = ()) -> AdapterCard:
    built = root.parent / "built"
    built.mkdir(parents=True)
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


def test_cards_from_before_there_was_merging_are_served_as_they_were(root: Path) -> None:
    """A card that does not say how it is served is that of an adapter beside its base model."""
    _publish(root)
    path = folder(root, "ana", 1) / CARD
    content = json.loads(path.read_text())
    del content["serving"]
    path.write_text(json.dumps(content))
    assert read_card(folder(root, "ana", 1)).serving == LORA


def test_a_model_in_several_files_is_whole_or_refused(root: Path, tmp_path: Path) -> None:
    """Each file counts, by name and content."""
    built = tmp_path / "whole"
    built.mkdir()
    for number in (1, 2):
        (built / f"model-{number}.safetensors").write_bytes(b"weights %d" % number)
    card = AdapterCard(
        account="ana", base_model="m", prompt_version="1", method="full", created_at="", is_approved=True, verdict=""
    )
    published = folder(root, "ana", publish(root, built, card).version)
    assert read_card(published).method == "full"
    second = published / "model-2.safetensors"
    second.rename(published / "model-3.safetensors")
    with pytest.raises(StoreError):
        read_card(published)
    (published / "model-3.safetensors").rename(second)
    second.write_bytes(b"weights 3")
    with pytest.raises(StoreError):
        read_card(published)


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """An adapter of Ana's from another machine, where models lie elsewhere."""
    _publish(tmp_path / "there" / "adapters", learned=["a@example.org"])
    path = folder(tmp_path / "there" / "adapters", "ana", 1)
    card = json.loads((path / CARD).read_text())
    (path / CARD).write_text(json.dumps(card | {"base_model": "/gpu/models/m"}))
    return path


def test_an_adapter_from_elsewhere_is_taken_in(root: Path, brought: Path) -> None:
    """It gets the next version and the base model's name here; what was brought stays as it was."""
    _publish(root)
    (brought / WEIGHTS).write_bytes(b"other weights")
    digest = hashlib.sha256(b"other weights").hexdigest()
    card = json.loads((brought / CARD).read_text()) | {"weights_sha256": digest}
    (brought / CARD).write_text(json.dumps(card))
    taken = take(root, brought, "ana", "models/m")
    assert (taken.name, taken.base_model) == ("ana@v2", "models/m")
    assert read_card(folder(root, "ana", 2)) == taken
    assert has_learned(root, taken, {"a@example.org"}) is True
    assert sorted(path.name for path in (root / "ana").iterdir()) == ["v1", "v2"]
    assert read_card(brought).version == 1


@pytest.mark.parametrize(
    ("account", "model", "says"),
    [("ben", "m", "of ana, not of ben"), ("ana", "other", "/gpu/models/m"), ("ana", "", "not for none")],
)
def test_an_adapter_of_another_account_or_model_is_not_taken(
    root: Path, brought: Path, account: str, model: str, says: str
) -> None:
    """It is said which it is for, and nothing is left behind."""
    with pytest.raises(UsageError, match=says) as caught:
        take(root, brought, account, model)
    assert caught.value.hint
    assert not root.exists()


def test_what_is_no_whole_adapter_is_not_taken(root: Path, brought: Path, tmp_path: Path) -> None:
    """Neither an empty folder, nor weights that were cut off on the way."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no adapter"):
        take(root, tmp_path / "empty", "ana", "m")
    (brought / WEIGHTS).write_bytes(b"weig")
    with pytest.raises(StoreError, match="not those of its card"):
        take(root, brought, "ana", "m")
    assert not root.exists()


def test_an_adapter_is_taken_in_once(root: Path, brought: Path) -> None:
    """The second time it is said under which name it is here."""
    assert take(root, brought, "ana", "m").name == "ana@v1"
    with pytest.raises(CyranoError, match="ana@v1"):
        take(root, brought, "ana", "m")


def test_an_adapter_that_was_judged_beside_another_waits(root: Path, brought: Path) -> None:
    """Nobody measured whether it is better than what writes here; it is there, and its owner may put it in service."""
    _publish(root)
    (brought / WEIGHTS).write_bytes(b"other weights")
    digest = hashlib.sha256(b"other weights").hexdigest()
    card = json.loads((brought / CARD).read_text()) | {"weights_sha256": digest}
    for parent, is_waiting in ((None, True), ("ana@v1", False)):
        (brought / CARD).write_text(json.dumps(card | {"parent": parent, "base_model": "/gpu/models/m"}))
        taken = take(root, brought, "ana", "m")
        assert is_withdrawn(root, "ana", taken.version) == is_waiting
        shutil.rmtree(folder(root, "ana", taken.version))
    (brought / CARD).write_text(json.dumps(card))
    set_current(root, "ana", 1)
    taken = take(root, brought, "ana", "m")
    assert taken.is_approved
    assert "ana@v1 writes here" in withdrawn_because(root, "ana", taken.version)


def test_an_adapter_that_knows_forgotten_mail_is_taken_in_tainted(root: Path, brought: Path, tmp_path: Path) -> None:
    """The mail was carried off before it was forgotten here."""
    assert not is_tainted(root, "ana", take(root, brought, "ana", "m", known=["a@example.org", "b"]).version)
    elsewhere = tmp_path / "elsewhere"
    assert is_tainted(elsewhere, "ana", take(elsewhere, brought, "ana", "m", known=["b"]).version)
