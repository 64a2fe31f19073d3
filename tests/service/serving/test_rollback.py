"""Going back to an earlier adapter, and forward again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.adapter import WEIGHTS, AdapterCard, current_version, folder, is_withdrawn, taint, withdrawn_because
from connectors.errors import UsageError
from service.forget import retrain_note
from service.serving.rollback import roll_back
from tests.fake_engine import BASE, FakeEngine
from tests.service.serving.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Three approved adapters of Ana's and a rejected one; the third writes."""
    with FakeEngine() as engine:
        served = Served(root=tmp_path / "adapters", engine=engine)
        for is_approved in (True, True, True, False):
            served.train(is_approved=is_approved)
        served.keeper.refresh()
        yield served


def _withdrawn(served: Served) -> list[int]:
    return [version for version in range(1, 9) if is_withdrawn(served.root, "ana", version)]


def _name(card: AdapterCard | None) -> str:
    return card.name if card else "base"


def test_without_a_name_the_one_before_writes_again(served: Served) -> None:
    """It is there before the withdrawn one goes, and a restart changes nothing about it."""
    assert _name(roll_back(served.root, "ana")) == "ana@v2"
    assert withdrawn_because(served.root, "ana", 3) == "rolled back to ana@v2"
    assert served.writer() == "ana@v3"
    assert served.keeper.refresh() == ["ana@v2"]
    assert served.writer() == "ana@v2"
    assert served.engine.behaviour.log == ["load ana@v3", "load ana@v2", "unload ana@v3"]
    assert served.keeper.problems == {}
    assert served.another().refresh() == []
    assert current_version(served.root, "ana") == 2


def test_twice_goes_back_twice(served: Served) -> None:
    """Whether or not the first flip has come by then; and no farther than there are adapters."""
    roll_back(served.root, "ana")
    assert _name(roll_back(served.root, "ana")) == "ana@v1"
    assert served.keeper.refresh() == ["ana@v1"]
    with pytest.raises(UsageError, match="no adapter before ana@v1") as caught:
        roll_back(served.root, "ana")
    assert "--to base" in caught.value.hint
    assert _withdrawn(served) == [2, 3]


@pytest.mark.parametrize("name", ["ana@v1", "v1"])
def test_one_can_be_named(served: Served, name: str) -> None:
    """All newer ones are withdrawn; what was rejected was never in question."""
    assert _name(roll_back(served.root, "ana", name)) == "ana@v1"
    assert _withdrawn(served) == [2, 3]
    assert served.keeper.refresh() == ["ana@v1"]


def test_to_the_base_model_and_forward_again(served: Served) -> None:
    """The pointer goes, the engine forgets the adapters; the one that is named comes back."""
    assert roll_back(served.root, "ana", "base") is None
    assert served.keeper.refresh() == [BASE]
    assert served.writer() == BASE
    assert current_version(served.root, "ana") is None
    assert list(served.engine.behaviour.models) == [BASE]
    with pytest.raises(UsageError, match="no adapter in service"):
        roll_back(served.root, "ana")
    roll_back(served.root, "ana", "ana@v3")
    assert _withdrawn(served) == [1, 2]
    assert served.keeper.refresh() == ["ana@v3"]


def test_a_withdrawn_one_asks_for_no_training(served: Served) -> None:
    """What it learned from matters while it writes or is to; one that is withdrawn mends nothing."""
    taint(served.root, "ana", 2)
    roll_back(served.root, "ana", "v2")
    served.keeper.refresh()
    assert "ana@v2 learned from mail that was forgotten" in retrain_note(served.root, "ana", is_strict=False)
    roll_back(served.root, "ana", "base")
    served.keeper.refresh()
    assert retrain_note(served.root, "ana", is_strict=False) == ""


def test_the_next_approved_adapter_takes_over(served: Served) -> None:
    """What was withdrawn stays so; what is new has passed its own gate."""
    roll_back(served.root, "ana")
    served.keeper.refresh()
    served.train()
    assert served.keeper.refresh() == ["ana@v5"]
    assert _withdrawn(served) == [3]


def test_what_cannot_serve_is_refused_before_anything_changes(served: Served) -> None:
    """One that is not there, was rejected, has no weights any more, or is for another model."""
    (folder(served.root, "ana", 1) / WEIGHTS).unlink()
    for name, words in (
        ("ana@v9", "no adapter ana@v9"),
        ("ben@v1", "no adapter ben@v1"),
        ("nonsense", "no adapter nonsense"),
        ("ana@v4", "ana@v4 may not serve"),
        ("ana@v1", "no weights any more"),
    ):
        with pytest.raises(UsageError, match=words) as caught:
            roll_back(served.root, "ana", name)
        assert caught.value.hint
    later = served.another(base_model="another")
    with pytest.raises(UsageError, match="ana@v2 cannot serve: It was trained for the base model tiny"):
        roll_back(served.root, "ana", why_not=later.why_not)
    assert _withdrawn(served) == []


def test_the_one_before_is_one_that_can_serve(served: Served) -> None:
    """What cannot is stepped over."""
    back = roll_back(served.root, "ana", why_not=lambda card: "It is for another." if card.version == 2 else "")
    assert _name(back) == "ana@v1"
    assert _withdrawn(served) == [2, 3]


def test_an_older_one_that_fails_leaves_the_one_before_it(served: Served) -> None:
    """The withdrawn one does not come back by itself."""
    (folder(served.root, "ana", 2) / WEIGHTS).write_bytes(b"damaged")
    roll_back(served.root, "ana", "ana@v2")
    assert served.keeper.refresh() == ["ana@v1"]
    assert served.writer() == "ana@v1"
    assert "weights" in served.keeper.problems["ana@v2"]


def test_while_nothing_older_can_be_loaded_it_is_said_why(served: Served) -> None:
    """The withdrawn one does not write on for want of another; the base model does."""
    roll_back(served.root, "ana", "ana@v1")
    served.engine.behaviour.refused.add("ana@v1")
    assert served.keeper.refresh() == [BASE]
    assert "adapter rank" in served.keeper.problems["ana@v1"]


def test_accounts_are_rolled_back_apart(served: Served) -> None:
    """One owner's word is not another's."""
    served.train("ben")
    served.train("ben")
    served.keeper.refresh()
    roll_back(served.root, "ana")
    assert served.keeper.refresh() == ["ana@v2"]
    assert served.writer("ben") == "ben@v2"
