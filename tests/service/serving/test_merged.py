"""One account's adapter, merged into the model that the engine serves, with stand-ins for engine and trainer."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.adapter import (
    WEIGHTS,
    AdapterCard,
    current_version,
    publish,
    set_current,
    taint,
    withdraw,
)
from connectors.adapter.disk import fresh_name
from connectors.errors import CyranoError, EngineDown, EngineError, EngineTaken, TrainError
from connectors.llm import ModelServer, Sampling
from connectors.merge_job import Merged, write_merged
from retrieval.prompt import PROMPT_VERSION
from service.serving.merged import MergedKeeper
from service.serving.merged_models import LOCK
from service.serving.rollback import roll_back
from tests.fake_engine import BASE, FakeEngine, draft_of

MESSAGES = [{"role": "user", "content": "Hello"}]
Train = Callable[..., AdapterCard]


class Engine:
    """What keeps the engine: a change takes place at once, unless it is to fail."""

    def __init__(self, fake: FakeEngine) -> None:
        self.fake = fake
        self.changes: list[str] = []
        self.error: EngineError | None = None
        self.before_it: Callable[[], object] = lambda: None

    def change(self, model: str, name: str) -> None:
        """Serve another model, as `EngineKeeper` does."""
        self.before_it()
        self.changes.append(name)
        if self.error is not None:
            raise self.error
        assert not model or (Path(model) / "config.json").is_file()
        self.fake.behaviour.models = {name: model}


class Trainer:
    """What merges: it writes folders that look like merged models."""

    def __init__(self) -> None:
        self.merged: list[str] = []
        self.error: CyranoError | None = None

    def __call__(self, card: AdapterCard, output: Path, check: Callable[[], None]) -> None:
        """Merge."""
        check()
        if self.error is not None:
            raise self.error
        self.merged.append(card.name)
        output.mkdir(parents=True, exist_ok=True)
        (output / "config.json").write_text(json.dumps({"of": card.name}))
        made = Merged(adapter=card.name, weights_sha256=card.weights_sha256, base_model="tiny", files={})
        write_merged(output, made)


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    """A model server with the base model."""
    with FakeEngine() as running:
        yield running


@pytest.fixture
def engine(fake: FakeEngine) -> Engine:
    """Its keeper."""
    return Engine(fake)


@pytest.fixture
def trainer() -> Trainer:
    """What merges."""
    return Trainer()


@pytest.fixture
def make(tmp_path: Path, fake: FakeEngine, engine: Engine, trainer: Trainer) -> Callable[..., MergedKeeper]:
    """Make keepers of merged adapters."""

    def make_one(**changes: object) -> MergedKeeper:
        server = ModelServer(fake.url, timeout_s=5)
        values = {"base": BASE, "base_model": "tiny", "drain_s": 2.0, **changes}
        return MergedKeeper(tmp_path / "adapters", tmp_path, server, engine, trainer, **values)  # type: ignore[arg-type]

    return make_one


@pytest.fixture
def keeper(make: Callable[..., MergedKeeper]) -> MergedKeeper:
    """The one under test."""
    return make()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where adapters lie."""
    return tmp_path / "adapters"


@pytest.fixture
def train(root: Path, tmp_path: Path) -> Train:
    """Publish an adapter, as the trainer does."""

    def publish_one(account: str = "ana", **changes: object) -> AdapterCard:
        built = tmp_path / "built"
        built.mkdir()
        (built / WEIGHTS).write_bytes(b"weights")
        values = {
            "prompt_version": PROMPT_VERSION, "base_model": "tiny", "is_approved": True, "method": "rosa",
            "serving": "merged", **changes,
        }  # fmt: skip
        card = AdapterCard(account=account, created_at="", verdict="", **values)  # type: ignore[arg-type]
        return publish(root, built, card)

    return publish_one


def _served(keeper: MergedKeeper, account: str = "ana") -> str:
    with keeper.serving(account) as name:
        return name


def test_without_an_adapter_the_base_model_writes_for_all(keeper: MergedKeeper, engine: Engine) -> None:
    """Nothing is merged, nothing is started."""
    assert keeper.refresh() == []
    assert _served(keeper) == _served(keeper, "ben") == BASE
    assert engine.changes == []


@pytest.mark.parametrize("serving", ["lora", "merged"])
def test_an_approved_adapter_is_merged_served_and_then_current(
    keeper: MergedKeeper, train: Train, root: Path, engine: Engine, serving: str
) -> None:
    """From the folder to the draft, whichever method trained it; the next look changes nothing."""
    train(serving=serving)
    assert _served(keeper) == BASE
    assert keeper.refresh() == ["ana@v1"]
    assert current_version(root, "ana") == 1
    assert _served(keeper) == keeper.in_service("ana") == "ana@v1"
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
    late = threading.Thread(target=lambda: seen.append((_served(keeper), list(engine.changes))))
    engine.before_it = late.start
    threading.Timer(0.2, leave.set).start()
    assert keeper.refresh() == ["ana@v2"]
    first.join(5)
    late.join(5)
    assert seen == [("ana@v1", ["ana@v1"]), ("ana@v2", ["ana@v1", "ana@v2"])]


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
            _served(keeper)
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
    assert _served(keeper) == "ana@v1"
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
    assert _served(keeper) == "ana@v1"
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
    assert _served(keeper) == "ana@v1"
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
    assert _served(keeper) == BASE
    keeper.refresh()
    assert _served(keeper) == "ana@v1"
    assert engine.changes == ["ana@v1", "ana@v1"]


def test_weights_of_no_certain_name_write_nothing(keeper: MergedKeeper, fake: FakeEngine) -> None:
    """In the middle of an exchange the engine has none."""
    fake.behaviour.models = {"@changing": ""}
    with pytest.raises(EngineDown):
        _served(keeper)


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


def test_only_one_account_is_served(keeper: MergedKeeper, train: Train, engine: Engine) -> None:
    """Another account's draft is not written by it, and told why; its adapter waits, and says so."""
    train("ben")
    keeper.refresh()
    train("ana")
    assert keeper.refresh() == []
    assert _served(keeper, "ben") == "ben@v1"
    with pytest.raises(EngineError, match="serves the adapter of ben") as caught:
        _served(keeper, "ana")
    assert 'serving = "lora"' in caught.value.hint
    assert keeper.in_service("ana") is None
    assert "ben" in keeper.problems["ana@v1"]
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
        assert _served(keeper) == "ana@v1"
        return
    with pytest.raises(EngineDown, match="forgotten"):
        _served(keeper)
    assert keeper.refresh() == [BASE]
    assert _served(keeper) == BASE
    assert list((tmp_path / "merged").iterdir()) == []


@pytest.mark.parametrize("change", [{"is_approved": False}, {"prompt_version": "0"}, {"base_model": "other"}])
def test_what_may_not_serve_does_not(keeper: MergedKeeper, train: Train, change: dict[str, object]) -> None:
    """Not approved, made for another prompt, or for another model: the one in service stays."""
    train()
    keeper.refresh()
    train(**change)
    assert keeper.refresh() == []
    assert _served(keeper) == "ana@v1"


def test_a_base_model_that_changed_leaves_itself(make: Callable[..., MergedKeeper], train: Train, root: Path) -> None:
    """Adapters of the former one do not write; the pointer stays, for nobody wanted it gone."""
    revisions = ["one"]
    keeper = make(revision=lambda: revisions[0])
    train(base_revision="one")
    keeper.refresh()
    revisions[0] = "two"
    assert keeper.refresh() == [BASE]
    assert _served(keeper) == BASE
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
    assert _served(other) == "ana@v1"
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
        _served(keeper)
    assert engine.changes == []


def test_a_withdrawn_one_with_nothing_before_it_leaves_the_base_model(
    keeper: MergedKeeper, train: Train, root: Path
) -> None:
    """And no pointer."""
    train()
    keeper.refresh()
    withdraw(root, "ana", 1, "said so")
    assert keeper.refresh() == [BASE]
    assert current_version(root, "ana") is None


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
    assert _served(keeper) == "ana@v1"


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


def test_the_turn_of_another_is_told_apart_from_trouble(keeper: MergedKeeper, train: Train) -> None:
    """Whoever waits for the engine can go on waiting."""
    train("ben")
    keeper.refresh()
    with pytest.raises(EngineTaken):
        _served(keeper, "ana")
