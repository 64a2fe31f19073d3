"""A home whose engine serves one adapter, merged into its model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.adapter import WEIGHTS, AdapterCard, publish
from connectors.llm import ModelServer
from retrieval.prompt import PROMPT_VERSION
from service.serving.merged import MergedKeeper
from tests.fake_engine import BASE, FakeEngine
from tests.service.serving.merged.parts import Engine, Train, Trainer


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
