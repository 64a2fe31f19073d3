"""How adapters come into service, with a stand-in for the engine and real folders."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.adapter import WEIGHTS, AdapterCard, current_version, folder, publish, set_current, taint
from connectors.errors import EngineDown
from connectors.llm import ModelServer, Sampling
from retrieval.prompt import PROMPT_VERSION
from service.serving.adapters import AdapterKeeper
from tests.fake_engine import BASE, FakeEngine, draft_of

MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    """A model server without adapters."""
    with FakeEngine() as running:
        yield running


@pytest.fixture
def server(engine: FakeEngine) -> ModelServer:
    """Its client."""
    return ModelServer(engine.url, timeout_s=5)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where adapters lie."""
    return tmp_path / "adapters"


@pytest.fixture
def keeper(root: Path, server: ModelServer) -> AdapterKeeper:
    """The keeper under test."""
    return AdapterKeeper(root, server, base=BASE, base_model="tiny", drain_s=2, linger_s=0)


@pytest.fixture
def train(root: Path, tmp_path: Path) -> Callable[..., AdapterCard]:
    """Publish an adapter, as the trainer does."""

    def publish_one(account: str = "ana", **changes: object) -> AdapterCard:
        built = tmp_path / "built"
        built.mkdir()
        (built / WEIGHTS).write_bytes(b"weights")
        values = {
            "prompt_version": PROMPT_VERSION, "base_model": "tiny", "is_approved": True, "method": "lora", **changes,
        }  # fmt: skip
        card = AdapterCard(account=account, created_at="", verdict="", **values)  # type: ignore[arg-type]
        return publish(root, built, card)

    return publish_one


def _served(keeper: AdapterKeeper, account: str = "ana") -> str:
    with keeper.serving(account) as name:
        return name


def test_without_an_adapter_the_base_model_writes(keeper: AdapterKeeper) -> None:
    """A new account drafts at once."""
    assert keeper.refresh() == []
    assert _served(keeper) == BASE


def test_an_approved_adapter_is_loaded_probed_and_then_current(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], root: Path, server: ModelServer
) -> None:
    """From the folder to the draft."""
    train()
    assert _served(keeper) == BASE
    assert keeper.refresh() == ["ana@v1"]
    assert current_version(root, "ana") == 1
    assert _served(keeper) == "ana@v1"
    assert server.complete("ana@v1", MESSAGES, Sampling()) == draft_of("ana@v1")
    assert keeper.refresh() == []


def test_a_newer_one_replaces_the_older_in_the_right_order(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine
) -> None:
    """The new one is there before the old one goes; the newest of several is taken."""
    train()
    keeper.refresh()
    train()
    train()
    assert keeper.refresh() == ["ana@v3"]
    assert engine.behaviour.log == ["load ana@v1", "load ana@v3", "unload ana@v1"]


@pytest.mark.parametrize("change", [{"is_approved": False}, {"prompt_version": "0"}, {"base_model": "other"}])
def test_what_may_not_serve_does_not(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], change: dict[str, object]
) -> None:
    """Not approved, made for another prompt, or for another model: the one in service stays."""
    train()
    keeper.refresh()
    train(**change)
    assert keeper.refresh() == []
    assert _served(keeper) == "ana@v1"


def test_what_must_be_merged_waits_and_says_so(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine
) -> None:
    """An approved adapter that no engine can serve beside the base is never loaded; an older one that can be is."""
    train()
    keeper.refresh()
    train()
    train(serving="merged", method="rosa")
    assert keeper.refresh() == ["ana@v2"]
    assert engine.behaviour.log == ["load ana@v1", "load ana@v2", "unload ana@v1"]
    assert _served(keeper) == "ana@v2"
    assert list(keeper.problems) == ["ana@v3"]
    assert "rosa needs merged serving" in keeper.problems["ana@v3"]
    train()
    assert keeper.refresh() == ["ana@v4"]
    assert keeper.problems == {}


@pytest.mark.parametrize("is_strict", [False, True])
def test_what_learned_from_forgotten_mail_leaves_service_where_it_is_strict(
    root: Path, server: ModelServer, train: Callable[..., AdapterCard], engine: FakeEngine, *, is_strict: bool
) -> None:
    """The base model writes, and the engine unloads it; a newer adapter takes its place. Else it goes on."""
    keeper = AdapterKeeper(root, server, base=BASE, base_model="tiny", is_strict=is_strict, linger_s=0)
    train()
    keeper.refresh()
    taint(root, "ana", 1)
    keeper.refresh()
    assert _served(keeper) == (BASE if is_strict else "ana@v1")
    assert ("unload ana@v1" in engine.behaviour.log) == is_strict
    train()
    assert keeper.refresh() == ["ana@v2"]
    assert _served(keeper) == "ana@v2"


@pytest.mark.parametrize("fault", ["broken", "lying", "weights"])
def test_a_failure_keeps_the_incumbent_and_says_why(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine, root: Path, fault: str
) -> None:
    """It fails at the probe, another model answers, or its weights are not those of the card."""
    train()
    keeper.refresh()
    train()
    if fault == "broken":
        engine.behaviour.broken.add("ana@v2")
    elif fault == "lying":
        engine.behaviour.lying = True
    else:
        (folder(root, "ana", 2) / WEIGHTS).write_bytes(b"others")
    assert keeper.refresh() == []
    assert keeper.refresh() == []
    assert current_version(root, "ana") == 1
    assert _served(keeper) == "ana@v1"
    assert "ana@v2" not in engine.behaviour.models
    assert engine.behaviour.log.count("load ana@v2") == (fault != "weights")


def test_the_reason_of_a_failure_can_be_read(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine
) -> None:
    """Whoever asks why the new adapter does not write gets a sentence; a better one clears it."""
    train()
    keeper.refresh()
    train()
    engine.behaviour.broken.add("ana@v2")
    keeper.refresh()
    keeper.refresh()
    assert "ana@v2 is not in service" in keeper.problems["ana@v2"]
    train()
    assert keeper.refresh() == ["ana@v3"]
    assert keeper.problems == {}


def test_after_a_restart_of_the_engine_the_current_one_is_loaded_before_it_writes(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine
) -> None:
    """A draft said to be from an adapter is not written by the base model."""
    train()
    keeper.refresh()
    del engine.behaviour.models["ana@v1"]
    assert _served(keeper) == "ana@v1"
    assert "ana@v1" in engine.behaviour.models


def test_a_current_one_that_cannot_be_loaded_leaves_the_base_model(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine, root: Path
) -> None:
    """The name yielded is the base model's, so nobody is told otherwise."""
    train()
    keeper.refresh()
    del engine.behaviour.models["ana@v1"]
    (folder(root, "ana", 1) / WEIGHTS).unlink()
    assert _served(keeper) == BASE
    assert keeper.problems


def test_an_adapter_that_is_writing_is_not_unloaded(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine
) -> None:
    """The drafts of the old one end before it goes; new drafts come from the new one meanwhile."""
    train()
    keeper.refresh()
    train()
    with keeper.serving("ana") as old:
        assert keeper.refresh() == ["ana@v2"]
        assert _served(keeper) == "ana@v2"
        keeper.refresh()
        assert "unload ana@v1" not in engine.behaviour.log
        assert old in engine.behaviour.models
        assert keeper.loaded("ana") == [1, 2]
    keeper.refresh()
    assert "unload ana@v1" in engine.behaviour.log


def test_one_that_never_ends_does_not_block_for_ever(
    root: Path, server: ModelServer, train: Callable[..., AdapterCard], engine: FakeEngine
) -> None:
    """Draining has a limit."""
    keeper = AdapterKeeper(root, server, base=BASE, base_model="tiny", drain_s=0, linger_s=0)
    train()
    keeper.refresh()
    train()
    with keeper.serving("ana"):
        keeper.refresh()
        assert "ana@v1" not in engine.behaviour.models


def test_another_process_may_have_been_quicker(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine, server: ModelServer, root: Path
) -> None:
    """What another keeper loaded, before our look or right after it, is probed and taken, not refused."""
    train()

    class Late:
        """A client whose first look is old news by the time it loads."""

        looks = 0
        probe, load_adapter, unload_adapter = server.probe, server.load_adapter, server.unload_adapter

        def places(self) -> dict[str, str]:
            """Return what is there, but at first what was there."""
            self.looks += 1
            return server.places() if self.looks > 1 else {BASE: ""}

    assert keeper.refresh() == ["ana@v1"]
    (root / "ana" / "current").unlink()
    other = AdapterKeeper(root, Late(), base=BASE, base_model="tiny")
    assert other.refresh() == ["ana@v1"]
    assert other.problems == {}
    assert other.in_service("ana") == "ana@v1"
    assert engine.behaviour.log == ["load ana@v1"]


def test_one_that_is_loaded_but_never_answered_does_not_serve(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine, root: Path
) -> None:
    """A probe that was cut short is made up for: being loaded is not enough."""
    train()
    engine.behaviour.models["ana@v1"] = str(folder(root, "ana", 1).resolve())  # as another process left it
    engine.behaviour.broken.add("ana@v1")
    assert keeper.refresh() == []
    assert "ana@v1" in keeper.problems
    assert keeper.in_service("ana") is None


def test_accounts_have_their_own(keeper: AdapterKeeper, train: Callable[..., AdapterCard]) -> None:
    """One account's adapter never writes for another."""
    train("ana")
    train("ben")
    keeper.refresh()
    assert (_served(keeper, "ana"), _served(keeper, "ben"), _served(keeper, "eve")) == ("ana@v1", "ben@v1", BASE)


def test_the_adapter_of_a_removed_account_leaves_the_engine(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine, root: Path
) -> None:
    """What was learned from somebody's mail does not stay behind."""
    train()
    keeper.refresh()
    (root / "ana").rename(root.parent / "gone")
    keeper.refresh()
    assert list(engine.behaviour.models) == [BASE]


def test_many_drafts_at_once_load_once(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine, root: Path
) -> None:
    """Loading a name twice is an error of the engine's: threads do not race for it."""
    train()
    set_current(root, "ana", 1)
    names: list[str] = []
    threads = [threading.Thread(target=lambda: names.append(_served(keeper))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert names == ["ana@v1"] * 8
    assert engine.behaviour.log == ["load ana@v1"]


def test_a_silent_engine_changes_nothing(root: Path, train: Callable[..., AdapterCard]) -> None:
    """While the engine is down the pointer stays, and whoever asks is told to come back."""
    train()
    set_current(root, "ana", 1)
    keeper = AdapterKeeper(root, ModelServer("http://127.0.0.1:9/v1"), base=BASE, base_model="tiny")
    with pytest.raises(EngineDown):
        keeper.refresh()
    with pytest.raises(EngineDown):
        _served(keeper)
    assert keeper.problems == {}


def test_watching_goes_on_until_told_to_stop(
    keeper: AdapterKeeper, train: Callable[..., AdapterCard], engine: FakeEngine
) -> None:
    """A trained adapter comes into service by itself."""
    stop = threading.Event()
    thread = threading.Thread(target=keeper.watch, args=(0.01, stop))
    thread.start()
    train()
    deadline = time.monotonic() + 5
    while "ana@v1" not in engine.behaviour.models and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(5)
    assert "ana@v1" in engine.behaviour.models
