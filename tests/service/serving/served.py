"""A keeper of adapters with a stand-in for the engine, real folders and a clock that tests set."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.adapter import WEIGHTS, AdapterCard, publish
from connectors.llm import ModelServer
from retrieval.prompt import PROMPT_VERSION
from service.serving.adapters import AdapterKeeper
from tests.fake_engine import BASE, FakeEngine

MODEL = "tiny"


@dataclass
class Served:
    """One engine and its keeper; `keeper` makes another one, as another process or a restart would have it."""

    root: Path
    engine: FakeEngine
    now: float = 0.0
    revision: str = ""
    """What the base model is made of now."""
    settings: dict[str, Any] = field(default_factory=dict)
    keeper: AdapterKeeper = field(init=False)

    def __post_init__(self) -> None:
        self.keeper = self.another()

    def another(self, **settings: Any) -> AdapterKeeper:
        """Return a keeper that knows nothing yet."""
        values: dict[str, Any] = {
            "base": BASE,
            "base_model": MODEL,
            "linger_s": 0,
            "revision": lambda: self.revision,
            "clock": lambda: self.now,
            **self.settings,
            **settings,
        }
        return AdapterKeeper(self.root, ModelServer(self.engine.url, timeout_s=5), **values)

    def train(self, account: str = "ana", **changes: object) -> AdapterCard:
        """Publish an adapter, as the trainer does."""
        built = self.root.parent / "built"
        built.mkdir()
        (built / WEIGHTS).write_bytes(b"weights")
        (built / "adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": "/there/tiny"}')
        values = {
            "prompt_version": PROMPT_VERSION, "base_model": MODEL, "is_approved": True, "method": "lora", **changes,
        }  # fmt: skip
        return publish(self.root, built, AdapterCard(account=account, created_at="", verdict="", **values))  # type: ignore[arg-type]

    def writer(self, account: str = "ana") -> str:
        """Return who would write now."""
        with self.keeper.serving(account) as name:
            return name

    def restart_engine(self) -> None:
        """Have the engine forget what it had loaded."""
        self.engine.behaviour.models = {BASE: ""}

    @property
    def loads(self) -> Callable[[str], int]:
        """Tells how often a name was loaded."""
        return lambda name: self.engine.behaviour.log.count(f"load {name}")
