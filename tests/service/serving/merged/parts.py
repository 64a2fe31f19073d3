"""Stand-ins for what keeps the engine and what merges."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.adapter import AdapterCard
from connectors.merge_job import Merged, write_merged
from service.serving.merged import MergedKeeper
from tests.fake_engine import FakeEngine

if TYPE_CHECKING:
    from connectors.errors import CyranoError, EngineError

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


def served(keeper: MergedKeeper, account: str = "ana") -> str:
    """Return who would write a draft now."""
    with keeper.serving(account) as name:
        return name
