"""Asking the engine for words of its base model, also while it serves an adapter merged into that.

Such an engine has no base model any more; its adapter, the same model but for what it learned of somebody's manner, has
to do. What it writes is kept under the base model's name: asked again, the engine would be asked by that, too.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from connectors.errors import ModelMissing
from connectors.llm import Sampling

_MERGED = re.compile(r".+@v\d+")


class Server(Protocol):
    """The engine: `connectors.llm.ModelServer`."""

    def models(self) -> list[str]:
        """Return the names that can be asked for."""

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Return the whole answer to a chat."""


class AsServed:
    """A writer that takes the base model, or what is served in its place. Safe to share between threads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._instead: str | None = None

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Return the whole answer to a chat.

        Raises:
            ModelMissing: the engine has neither the model nor a merged one.
        """
        try:
            return self._server.complete(self._instead or model, messages, sampling)
        except ModelMissing:
            self._instead = self._merged()  # it may have changed since, also back
            return self._server.complete(self._instead or model, messages, sampling)

    def _merged(self) -> str | None:
        names = self._server.models()
        return names[0] if len(names) == 1 and _MERGED.fullmatch(names[0]) else None
