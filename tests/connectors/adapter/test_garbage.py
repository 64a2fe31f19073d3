"""Old weights go, and never those that somebody needs."""

import os
from pathlib import Path

import pytest

from connectors.adapter import WEIGHTS, collect, folder, has_weights, list_cards, set_current, withdraw
from tests.connectors.adapter.published import publish_one

NOW = 1_800_000_000.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six adapters of Ana's, all approved."""
    root = tmp_path / "adapters"
    for _ in range(6):
        publish_one(root)
    return root


def _collect(root: Path, *, keep: int, serving: tuple[int, ...] = ()) -> list[int]:
    return collect(root, "ana", keep=keep, serving=serving, clock=lambda: NOW)


def _left(root: Path) -> list[int]:
    return [card.version for card in list_cards(root, "ana") if has_weights(root, card)]


def test_the_newest_few_stay_and_the_rest_is_history(root: Path) -> None:
    """Cards and reports stay readable; a second time there is nothing to do."""
    set_current(root, "ana", 6)
    assert _collect(root, keep=3) == [1, 2, 3]
    assert _left(root) == [4, 5, 6]
    assert len(list_cards(root, "ana")) == 6
    assert (folder(root, "ana", 1) / "report.html").is_file()
    assert _collect(root, keep=3) == []


def test_what_writes_and_the_one_before_it_stay_however_old(root: Path) -> None:
    """After a rollback, too: the way back and the way forward are open."""
    set_current(root, "ana", 3)
    assert _collect(root, keep=1) == [1, 4, 5]
    assert _left(root) == [2, 3, 6]


def test_the_one_before_is_one_that_may_serve(root: Path) -> None:
    """A withdrawn one is nothing to go back to."""
    withdraw(root, "ana", 5, "it wrote nonsense")
    set_current(root, "ana", 6)
    assert _collect(root, keep=1) == [1, 2, 3, 5]
    assert _left(root) == [4, 6]


def test_what_an_engine_still_has_stays(root: Path) -> None:
    """An engine may read it again from the disk."""
    set_current(root, "ana", 6)
    _collect(root, keep=1, serving=(2,))
    assert _left(root) == [2, 5, 6]


def test_what_is_to_write_stays_before_the_pointer_says_so(root: Path) -> None:
    """The flip is about to come."""
    set_current(root, "ana", 2)
    withdraw(root, "ana", 6, "it wrote nonsense")
    _collect(root, keep=1)
    assert 5 in _left(root)


def test_of_the_rejected_only_the_newest_keeps_its_weights(root: Path) -> None:
    """So that its rejection can be looked into; nightly rejections do not fill the disk."""
    for _ in range(3):
        publish_one(root, is_approved=False)
    set_current(root, "ana", 6)
    assert _collect(root, keep=2) == [1, 2, 3, 4, 7, 8]
    assert _left(root) == [5, 6, 9]


def test_a_deletion_that_broke_off_is_finished(root: Path) -> None:
    """Of a model in several files none stays behind, whichever went first."""
    set_current(root, "ana", 6)
    (folder(root, "ana", 1) / "model-2.safetensors").write_bytes(b"half")
    (folder(root, "ana", 1) / WEIGHTS).unlink()
    assert 1 in _collect(root, keep=1)
    assert not list(folder(root, "ana", 1).glob("*.safetensors"))


def test_what_a_run_left_behind_goes_after_a_day(root: Path) -> None:
    """Not what a run is writing now."""
    for name, age_s in (("old", 90_000), ("fresh", 60)):
        path = root / "ana" / f".run-{name}"
        path.mkdir()
        os.utime(path, (NOW - age_s, NOW - age_s))
    set_current(root, "ana", 6)
    _collect(root, keep=6)
    assert [path.name for path in (root / "ana").glob(".*")] == [".run-fresh"]


def test_other_accounts_are_left_alone(root: Path) -> None:
    """Each has its own history."""
    ben = publish_one(root, "ben", is_approved=False)
    publish_one(root, "ben")
    _collect(root, keep=1)
    assert has_weights(root, ben)
