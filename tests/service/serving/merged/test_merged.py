"""One account's adapter, merged into the model that the engine serves, with stand-ins for engine and trainer."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.adapter import current_version, taint, withdraw
from connectors.errors import EngineDown, EngineError, EngineTaken
from connectors.llm import ModelServer, Sampling
from connectors.reason import Reason
from service.notices import NoticeKind
from service.serving.merged import MergedKeeper
from service.serving.rollback import roll_back
from tests.fake_engine import BASE, draft_of
from tests.service.serving.merged.parts import MESSAGES, Engine, Train, Trainer, served


def test_without_an_adapter_the_base_model_writes_for_all(keeper: MergedKeeper, engine: Engine) -> None:
    """Nothing is merged, nothing is started."""
    assert keeper.refresh() == []
    assert served(keeper) == served(keeper, "ben") == BASE
    assert engine.changes == []


@pytest.mark.parametrize("serving", ["lora", "merged"])
def test_an_approved_adapter_is_merged_served_and_then_current(
    keeper: MergedKeeper, train: Train, root: Path, engine: Engine, serving: str
) -> None:
    """From the folder to the draft, whichever method trained it; the next look changes nothing."""
    train(serving=serving)
    assert served(keeper) == BASE
    assert keeper.refresh() == ["ana@v1"]
    assert current_version(root, "ana") == 1
    assert served(keeper) == keeper.in_service("ana") == "ana@v1"
    assert ModelServer(engine.fake.url).complete("ana@v1", MESSAGES, Sampling()) == draft_of("ana@v1")
    assert keeper.refresh() == []
    assert engine.changes == ["ana@v1"]
    assert keeper.loaded("ana") == [1]
    assert keeper.loaded("ben") == []


def test_a_newer_one_takes_its_place_and_the_old_model_goes(
    keeper: MergedKeeper, train: Train, tmp_path: Path, trainer: Trainer
) -> None:
    """The newest of several is merged alone; on the disk is what is served, and nothing that was cut short."""
    train()
    keeper.refresh()
    (tmp_path / "merged" / ".ana@v9").mkdir()
    train()
    train()
    assert keeper.refresh() == ["ana@v3"]
    assert trainer.merged == ["ana@v1", "ana@v3"]
    assert [path.name for path in (tmp_path / "merged").iterdir()] == ["ana@v3"]


def test_nobody_is_inside_while_the_engine_changes(keeper: MergedKeeper, train: Train, engine: Engine) -> None:
    """A draft under way ends first; one that comes meanwhile waits, and is written by the new one, named so."""
    train()
    keeper.refresh()
    train()
    inside, leave, seen = threading.Event(), threading.Event(), []

    def write() -> None:
        with keeper.serving("ana") as name:
            inside.set()
            assert leave.wait(5)
            seen.append((name, list(engine.changes)))

    first = threading.Thread(target=write)
    first.start()
    assert inside.wait(5)
    late = threading.Thread(target=lambda: seen.append((served(keeper), list(engine.changes))))
    engine.before_it = late.start
    threading.Timer(0.2, leave.set).start()
    assert keeper.refresh() == ["ana@v2"]
    first.join(5)
    late.join(5)
    assert seen == [("ana@v1", ["ana@v1"]), ("ana@v2", ["ana@v1", "ana@v2"])]


def test_only_one_account_isserved(keeper: MergedKeeper, train: Train, engine: Engine) -> None:
    """Another account's draft is not written by it, and told why; its adapter waits, and says so."""
    train("ben")
    keeper.refresh()
    train("ana")
    assert keeper.refresh() == []
    assert served(keeper, "ben") == "ben@v1"
    with pytest.raises(EngineError, match="serves the adapter of ben") as caught:
        served(keeper, "ana")
    assert 'serving = "lora"' in caught.value.hint
    assert keeper.in_service("ana") is None
    assert "ben" in keeper.problems["ana@v1"]
    assert caught.value.reason is Reason.TAKEN
    assert [notice.kind for notice in keeper.notices("ana")] == [NoticeKind.ADAPTER_WAITS]
    assert engine.changes == ["ben@v1"]


def test_the_turn_goes_over_when_its_owner_rolls_back_to_the_base_model(
    keeper: MergedKeeper, train: Train, root: Path
) -> None:
    """First the base model writes, then the other account's adapter."""
    train("ben")
    keeper.refresh()
    train("ana")
    roll_back(root, "ben", "base")
    assert keeper.refresh() == [BASE]
    assert current_version(root, "ben") is None
    assert keeper.refresh() == ["ana@v1"]


def test_a_rollback_brings_the_one_before(keeper: MergedKeeper, train: Train, root: Path, trainer: Trainer) -> None:
    """It is merged again, and in service when it answered."""
    train()
    keeper.refresh()
    train()
    keeper.refresh()
    roll_back(root, "ana")
    assert keeper.refresh() == ["ana@v1"]
    assert current_version(root, "ana") == 1
    assert trainer.merged == ["ana@v1", "ana@v2", "ana@v1"]


@pytest.mark.parametrize("is_strict", [False, True])
def test_what_learned_from_forgotten_mail_leaves_service_where_it_is_strict(
    make: Callable[..., MergedKeeper], train: Train, root: Path, tmp_path: Path, *, is_strict: bool
) -> None:
    """At once nothing is written by it, and with the next look it is gone from the engine and from the disk."""
    keeper = make(is_strict=is_strict)
    train()
    keeper.refresh()
    taint(root, "ana", 1)
    if not is_strict:
        assert served(keeper) == "ana@v1"
        return
    with pytest.raises(EngineDown, match="forgotten"):
        served(keeper)
    assert keeper.refresh() == [BASE]
    assert served(keeper) == BASE
    assert list((tmp_path / "merged").iterdir()) == []


@pytest.mark.parametrize("change", [{"is_approved": False}, {"prompt_version": "0"}, {"base_model": "other"}])
def test_what_may_not_serve_does_not(keeper: MergedKeeper, train: Train, change: dict[str, object]) -> None:
    """Not approved, made for another prompt, or for another model: the one in service stays."""
    train()
    keeper.refresh()
    train(**change)
    assert keeper.refresh() == []
    assert served(keeper) == "ana@v1"


def test_a_withdrawn_one_with_nothing_before_it_leaves_the_base_model(
    keeper: MergedKeeper, train: Train, root: Path
) -> None:
    """And no pointer."""
    train()
    keeper.refresh()
    withdraw(root, "ana", 1, "said so")
    assert keeper.refresh() == [BASE]
    assert current_version(root, "ana") is None


def test_the_turn_of_another_is_told_apart_from_trouble(keeper: MergedKeeper, train: Train) -> None:
    """Whoever waits for the engine can go on waiting."""
    train("ben")
    keeper.refresh()
    with pytest.raises(EngineTaken):
        served(keeper, "ana")
