"""Which version is to write."""

from pathlib import Path

import pytest

from connectors.adapter import (
    WEIGHTS,
    clear_current,
    current_version,
    folder,
    is_withdrawn,
    reinstate,
    set_current,
    target,
    withdraw,
    withdrawn_because,
)
from connectors.adapter.disk import fresh_name
from connectors.errors import StoreError
from tests.connectors.adapter.published import publish_one


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where adapters lie."""
    return tmp_path / "adapters"


def _target(root: Path, *unusable: int) -> int | None:
    card = target(root, "ana", is_usable=lambda card: card.version not in unusable)
    return card and card.version


def test_the_newest_that_may_and_can_is_to_write(root: Path) -> None:
    """Not a rejected one, one without weights, one that cannot be served here, or one that was withdrawn."""
    assert _target(root) is None
    for is_approved in (True, True, True, True, False):
        publish_one(root, is_approved=is_approved)
    assert _target(root) == 4
    (folder(root, "ana", 4) / WEIGHTS).unlink()
    assert _target(root) == 3
    assert _target(root, 3) == 2
    withdraw(root, "ana", 3, "rolled back")
    assert _target(root) == 2
    assert _target(root, 1, 2) is None


def test_a_withdrawn_one_says_why_and_comes_back(root: Path) -> None:
    """The first reason stays; nothing but the mark is touched."""
    publish_one(root)
    for reason in ("it wrote nonsense", "again"):
        withdraw(root, "ana", 1, reason)
    assert is_withdrawn(root, "ana", 1)
    assert withdrawn_because(root, "ana", 1) == "it wrote nonsense"
    assert publish_one(root).version == 2
    for _ in range(2):
        reinstate(root, "ana", 1)
    assert not is_withdrawn(root, "ana", 1)
    assert withdrawn_because(root, "ana", 1) == ""
    assert sorted(path.name for path in (root / "ana").iterdir()) == ["v1", "v2"]


def test_the_pointer_moves_whole_or_not_at_all(root: Path) -> None:
    """What cannot be written leaves the one before, and nothing beside it; then there is room again."""
    publish_one(root)
    set_current(root, "ana", 1)
    fresh_name(root / "ana" / "current").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"ana@v2 could not be put in service.*No space left") as caught:
        set_current(root, "ana", 2)
    assert "disk space" in caught.value.hint
    assert current_version(root, "ana") == 1
    assert sorted(path.name for path in (root / "ana").iterdir()) == ["current", "v1"]
    set_current(root, "ana", 2)
    assert current_version(root, "ana") == 2


def test_without_a_pointer_the_base_model_writes(root: Path) -> None:
    """Clearing it twice does no harm."""
    publish_one(root)
    set_current(root, "ana", 1)
    for _ in range(2):
        clear_current(root, "ana")
    assert current_version(root, "ana") is None
