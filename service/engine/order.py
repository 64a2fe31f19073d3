"""What the engine is to serve, where that is not what is configured: `<home>/run/serve.json`, such as merged weights.

Rules:
1. An order that has not proved itself, by an engine that answered with it, is taken back when it does not come up: what
   was served before is served again, and the order says why.
2. It outlives every process: after a crash the same is served, or tried again.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connectors.errors import EngineError

FILE = "serve.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A model, and what the engine calls it. Without a model it is the one that is configured."""

    model: str = ""
    name: str = ""


CONFIGURED = Served()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be served."""

    served: Served = CONFIGURED
    is_proven: bool = True
    before: Served = CONFIGURED
    """What is served again if this does not come up."""
    refused: Served | None = None
    """What did not come up the last time."""
    error: str = ""
    hint: str = ""

    def taken_back(self, error: EngineError) -> "Order":
        """Return the order that undoes this one."""
        before = CONFIGURED if self.is_proven else self.before
        return Order(served=before, refused=self.served, error=str(error), hint=error.hint)


def read_order(home: Path) -> Order:
    """Return what is to be served; what is configured, where nothing that can be read says otherwise."""
    try:
        values: dict[str, Any] = json.loads((home / "run" / FILE).read_text(encoding="utf-8"))
        places = {key: Served(**values.pop(key)) for key in ("served", "before", "refused") if values.get(key)}
        return Order(**{**values, **places})
    except (OSError, ValueError, TypeError, AttributeError):
        return Order()


def write_order(home: Path, order: Order) -> None:
    """Say what is to be served, whole or not at all.

    Raises:
        EngineError: the disk is full or not writable.
    """
    path = home / "run" / FILE
    fresh = path.with_name(f"{FILE}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(asdict(order)) + "\n", encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        said = f"What the engine is to serve could not be written down: {error.strerror}."
        raise EngineError(said, hint="Free some disk space.") from error
