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

from connectors.adapter.disk import replace_file
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

    def followed_by(self, served: Served) -> "Order":
        """Return the order of another model; until that proves itself, what last did is what there is to go back to."""
        return Order(served=served, is_proven=False, before=self.served if self.is_proven else self.before)

    def taken_back(self, error: EngineError) -> "Order":
        """Return the order that undoes this one."""
        back_to = CONFIGURED if self.is_proven else self.before
        return Order(served=back_to, refused=self.served, error=str(error), hint=error.hint)


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(asdict(order)) + "\n")
    except OSError as error:
        said = f"What the engine is to serve could not be written down: {error.strerror}."
        raise EngineError(said, hint="Free some disk space.") from error
