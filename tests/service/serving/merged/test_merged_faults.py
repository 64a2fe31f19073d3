"""What goes wrong while merged adapters are served: the incumbent writes on, and nothing is told wrongly."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.adapter import AdapterCard, current_version, set_current
from connectors.adapter.disk import fresh_name
from connectors.errors import EngineDown, EngineError, TrainError
from service.serving.merged import MergedKeeper
from service.serving.merged_models import LOCK
from tests.fake_engine import BASE, FakeEngine
from tests.service.serving.merged.parts import Engine, Train, Trainer, served


def test_whoever_waits_too_long_is_told_when_to_come_back(
    make: Callable[..., MergedKeeper], train: Train, engine: Engine
) -> None:
    """A start takes longer than anybody is kept waiting."""
    keeper = make()
    keeper._turnstile._patience_s = 0.05
    train()
    said: list[EngineDown] = []

    def ask() -> None:
        with pytest.raises(EngineDown) as caught:
            served(keeper)
        said.append(caught.value)

    engine.before_it = ask
    keeper.refresh()
    assert "changes to ana@v1" in str(said[0])
    assert said[0].retry_after_s > 0


def test_one_that_does_not_come_up_leaves_the_incumbent(
    keeper: MergedKeeper, train: Train, engine: Engine, root: Path
) -> None:
    """The engine went back by itself; why is said once, and it is not tried again at once; a better one is."""
    train()
    keeper.refresh()
    train()
    engine.error = EngineError("ana@v2 could not be served: out of memory", hint="Choose a smaller model.")
    assert keeper.refresh() == []
    assert keeper.refresh() == []
    assert engine.changes == ["ana@v1", "ana@v2"]
    assert current_version(root, "ana") == 1
    assert served(keeper) == "ana@v1"
    assert "out of memory Choose a smaller model." in keeper.problems["ana@v2"]
    engine.error = None
    train()
    assert keeper.refresh() == ["ana@v3"]
    assert keeper.problems == {}


@pytest.mark.parametrize("fault", ["broken", "lying"])
def test_one_that_fails_its_probe_makes_way_again(
    keeper: MergedKeeper, train: Train, engine: Engine, root: Path, fault: str
) -> None:
    """It is up, and writes nothing or another name: what was there before is brought back."""
    train()
    keeper.refresh()
    train()
    if fault == "broken":
        engine.fake.behaviour.broken.add("ana@v2")
    else:
        engine.before_it = lambda: setattr(engine.fake.behaviour, "lying", not engine.changes[1:])
    assert keeper.refresh() == []
    assert engine.changes == ["ana@v1", "ana@v2", "ana@v1"]
    engine.fake.behaviour.lying = False
    assert served(keeper) == "ana@v1"
    assert current_version(root, "ana") == 1
    assert "ana@v2 is not in service" in keeper.problems["ana@v2"]


def test_a_merge_that_fails_changes_nothing(
    keeper: MergedKeeper, train: Train, trainer: Trainer, engine: Engine
) -> None:
    """The incumbent goes on; the trainer's own words say why."""
    train()
    keeper.refresh()
    train()
    trainer.error = TrainError("The merged model needs 16.1 GB on the disk, and 3.0 GB are free.", hint="Free some.")
    assert keeper.refresh() == []
    assert engine.changes == ["ana@v1"]
    assert served(keeper) == "ana@v1"
    assert "16.1 GB" in keeper.problems["ana@v2"]


def test_an_engine_that_is_away_changes_nothing(keeper: MergedKeeper, train: Train, engine: Engine, root: Path) -> None:
    """Whoever asks is told to come back, and the adapter is tried again as soon as the engine is there."""
    train()
    engine.error = EngineDown("No process keeps the engine.")
    with pytest.raises(EngineDown):
        keeper.refresh()
    assert current_version(root, "ana") is None
    engine.error = None
    assert keeper.refresh() == ["ana@v1"]


def test_after_a_crash_a_draft_bears_the_name_of_what_wrote_it(
    keeper: MergedKeeper, train: Train, fake: FakeEngine, root: Path, engine: Engine
) -> None:
    """The engine came back with the base model, whatever the pointer says; then the adapter is served again."""
    train()
    keeper.refresh()
    fake.behaviour.models = {BASE: ""}
    assert current_version(root, "ana") == 1
    assert served(keeper) == BASE
    keeper.refresh()
    assert served(keeper) == "ana@v1"
    assert engine.changes == ["ana@v1", "ana@v1"]


def test_weights_of_no_certain_name_write_nothing(keeper: MergedKeeper, fake: FakeEngine) -> None:
    """In the middle of an exchange the engine has none."""
    fake.behaviour.models = {"@changing": ""}
    with pytest.raises(EngineDown):
        served(keeper)


def test_a_change_that_ended_before_its_pointer_moved_is_finished(
    make: Callable[..., MergedKeeper], train: Train, root: Path, engine: Engine
) -> None:
    """The process ended in between: the next one probes and moves the pointer, and merges nothing again."""
    train()
    make().refresh()
    (root / "ana" / "current").unlink()
    assert make().refresh() == ["ana@v1"]
    assert current_version(root, "ana") == 1
    assert engine.changes == ["ana@v1"]


def test_a_base_model_that_changed_leaves_itself(make: Callable[..., MergedKeeper], train: Train, root: Path) -> None:
    """Adapters of the former one do not write; the pointer stays, for nobody wanted it gone."""
    revisions = ["one"]
    keeper = make(revision=lambda: revisions[0])
    train(base_revision="one")
    keeper.refresh()
    revisions[0] = "two"
    assert keeper.refresh() == [BASE]
    assert served(keeper) == BASE
    assert "changed since" in keeper.problems["ana@v1"]
    assert current_version(root, "ana") == 1


def test_the_model_of_a_removed_account_leaves_the_engine(
    keeper: MergedKeeper, train: Train, root: Path, tmp_path: Path
) -> None:
    """What was learned from somebody's mail does not stay behind."""
    train()
    keeper.refresh()
    (root / "ana").rename(root.parent / "gone")
    assert keeper.refresh() == [BASE]
    assert list((tmp_path / "merged").iterdir()) == []


def test_one_process_at_a_time_changes_the_engine(
    make: Callable[..., MergedKeeper], train: Train, engine: Engine, tmp_path: Path
) -> None:
    """Another one that looks meanwhile leaves it alone, and follows."""
    train()
    other = make()
    looked: list[list[str]] = []
    engine.before_it = lambda: looked.append(other.refresh())
    keeper = make()
    assert keeper.refresh() == ["ana@v1"]
    assert looked == [[]]
    assert served(other) == "ana@v1"
    assert (tmp_path / "run" / LOCK).exists()


def test_a_resting_engine_is_left_alone(make: Callable[..., MergedKeeper], train: Train, engine: Engine) -> None:
    """Neither drafts nor changes while somebody learns."""

    def awake() -> None:
        raise EngineDown("The model server rests while Cyrano learns.")

    keeper = make(awake=awake)
    train()
    with pytest.raises(EngineDown):
        keeper.refresh()
    with pytest.raises(EngineDown):
        served(keeper)
    assert engine.changes == []


def test_watching_ends_a_merge_when_it_is_told_to_stop(keeper: MergedKeeper, train: Train, root: Path) -> None:
    """A merge of minutes does not keep the service from ending."""
    train()
    stop = threading.Event()
    begun = threading.Event()

    def merge(card: AdapterCard, output: Path, check: Callable[[], None]) -> None:  # noqa: ARG001  as all that merge
        begun.set()
        stop.wait(5)
        check()

    keeper._models._merge = merge
    thread = threading.Thread(target=keeper.watch, args=(0.01, stop))
    thread.start()
    assert begun.wait(5)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert current_version(root, "ana") is None


def test_the_pointer_of_an_older_one_does_not_keep_the_newest_from_being_served(
    keeper: MergedKeeper, train: Train, root: Path
) -> None:
    """As when somebody changes from adapters beside the base model to merged ones."""
    train(serving="lora")
    set_current(root, "ana", 1)
    train(serving="merged")
    assert keeper.refresh() == ["ana@v2"]


def test_what_another_process_had_served_after_all_is_not_taken_back(
    make: Callable[..., MergedKeeper], keeper: MergedKeeper, train: Train, engine: Engine, root: Path
) -> None:
    """It was refused to this one in passing; the engine is not started back and forth."""
    train()
    keeper.refresh()
    train()
    engine.error = EngineError("no memory just now")
    assert keeper.refresh() == []
    engine.error = None
    other = make()
    assert other.refresh() == ["ana@v2"]
    engine.changes.clear()
    assert keeper.refresh() == other.refresh() == []
    assert engine.changes == []
    assert current_version(root, "ana") == 2
    assert keeper.problems == {}


def test_what_is_served_but_does_not_answer_makes_way_for_good(
    make: Callable[..., MergedKeeper], keeper: MergedKeeper, train: Train, engine: Engine
) -> None:
    """What another process serves is taken once, not again and again."""
    train()
    keeper.refresh()
    train()
    engine.error = EngineError("no memory just now")
    keeper.refresh()
    engine.error = None
    make().refresh()
    engine.fake.behaviour.broken.add("ana@v2")
    keeper.refresh()
    keeper.refresh()
    assert served(keeper) == "ana@v1"


def test_an_engine_that_cannot_be_changed_now_did_not_die(keeper: MergedKeeper, train: Train, engine: Engine) -> None:
    """It rests, or takes too long: the adapter is not blamed, however often."""
    train()
    engine.error = EngineDown("The model server rests already.")
    for _ in range(3):
        with pytest.raises(EngineDown):
            keeper.refresh()
    engine.error = None
    assert keeper.refresh() == ["ana@v1"]


def test_an_account_whose_first_pointer_could_not_be_written_keeps_its_turn(
    make: Callable[..., MergedKeeper], keeper: MergedKeeper, train: Train, engine: Engine, root: Path
) -> None:
    """The engine was changed, and then the disk was full: nobody else takes over."""
    train("ben")
    fresh_name(root / "ben" / "current").symlink_to("/dev/full")
    assert keeper.refresh() == []
    train("ana")
    assert make().refresh() == ["ben@v1"]
    assert engine.changes == ["ben@v1"]
