"""What a run says to whoever started it: JSON lines, the last of them a result or an error."""

import json
from collections.abc import Callable
from typing import Any, TextIO

from connectors.errors import CyranoError

Result = dict[str, Any]
"""How a job ended, as JSON: `report` (lines for a person), for an adapter fit to serve its `version`, and numbers."""


class Progress:
    """Writes to a stream that nothing else writes to."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def stage(self, name: str) -> Callable[[int, int, str], None]:
        """Return what a stage calls with how much is done, of how much, and a few words."""

        def report(done: int, total: int, note: str) -> None:
            self._say({"stage": name, "done": done, "total": total, "note": note})

        return report

    def result(self, result: Result) -> None:
        """Say how the run ended."""
        self._say({"result": result})

    def error(self, error: CyranoError) -> None:
        """Say why it did not end well, and what to do."""
        self._say({"error": str(error), "hint": error.hint})

    def _say(self, line: dict[str, Any]) -> None:
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()
