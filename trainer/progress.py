"""What a run says to whoever started it: JSON lines, the last of them a result or an error. Questions stand between."""

import json
from collections.abc import Callable
from typing import Any, TextIO

from connectors.errors import CyranoError
from connectors.pipe import Room

Result = dict[str, Any]
"""How a job ended, as JSON: `report` (lines for a person), for an adapter fit to serve its `version`, and numbers."""


class Progress:
    """Writes to a stream that nothing else writes to."""

    def __init__(self, stream: TextIO, hear: Callable[[], str] | None = None) -> None:
        """Join the parts.

        Args:
            stream: Where what is said goes.
            hear: Waits for the answer to a question and returns its line; without it nobody listens.
        """
        self._stream = stream
        self._hear = hear

    def stage(self, name: str) -> Callable[[int, int, str], None]:
        """Return what a stage calls with how much is done, of how much, and a few words."""

        def report(done: int, total: int, note: str) -> None:
            self._say({"stage": name, "done": done, "total": total, "note": note})

        return report

    def ask(self, question: Room) -> str | None:
        """Ask something and return the line that is answered; None where nobody listens. See `trainer.asking`."""
        if self._hear is None:
            return None
        self._say(question.model_dump(mode="json"))
        return self._hear()

    def result(self, result: Result) -> None:
        """Say how the run ended."""
        self._say({"result": result})

    def error(self, error: CyranoError) -> None:
        """Say why it did not end well, and what to do."""
        self._say({"error": str(error), "hint": error.hint})

    def _say(self, line: dict[str, Any]) -> None:
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()
