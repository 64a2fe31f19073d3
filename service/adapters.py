"""Which adapter writes for an account, and how a newer one takes its place: load, probe, flip, drain, unload.

Rules:
1. A name ("ana@v3") stands for the same weights for ever; the engine never loads other weights under it.
2. A new adapter becomes current only after it was approved, its weights were those of its card, and the engine
   answered as it. Whatever fails leaves the one in service where it is, and `problems` says why.
3. What an engine has loaded is asked of it, never remembered: it may have been started anew since. So no draft is
   written by another model than the one it is said to be from.
4. One that is still writing is not unloaded before it has ended, or `drain_s` have passed.
5. Where it is strict, an adapter that learned from mail which was forgotten since neither writes nor stays loaded: the
   base model writes until a newer one is there.
6. An adapter that the engine cannot serve beside its base model (`AdapterCard.serving`) is never asked of it: engines
   that do not refuse such a one may serve half of it. `problems` says that it waits.
"""

import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from connectors.adapter import (
    LORA,
    AdapterCard,
    current_version,
    folder,
    is_tainted,
    list_cards,
    read_card,
    set_current,
)
from connectors.errors import CyranoError, EngineDown, EngineError
from retrieval.prompt import PROMPT_VERSION

logger = logging.getLogger(__name__)

_NAME = re.compile(r"(?P<account>.+)@v(?P<version>\d+)")


class Server(Protocol):
    """What loads adapters: `connectors.llm.ModelServer`."""

    def models(self) -> list[str]:
        """Return the names of all models and adapters it has."""

    def load_adapter(self, name: str, path: Path) -> None:
        """Load an adapter under a name."""

    def unload_adapter(self, name: str) -> None:
        """Forget it."""

    def probe(self, model: str) -> None:
        """Raise unless this very model answers."""


class AdapterKeeper:
    """The adapters of all accounts, as one engine serves them. Safe to share between threads."""

    def __init__(
        self,
        root: Path,
        server: Server,
        *,
        base: str,
        base_model: str,
        is_strict: bool = False,
        drain_s: float = 120.0,
    ) -> None:
        """Join the parts.

        Args:
            root: The folder of all accounts' adapters.
            server: The engine.
            base: The engine's name for the model without an adapter.
            base_model: What cards must name as their base model.
            is_strict: Whether an adapter that learned from mail forgotten since is put out of service.
            drain_s: How long an adapter that was replaced may go on writing.
        """
        self._root = root
        self._server = server
        self._base = base
        self._base_model = base_model
        self._is_strict = is_strict
        self._drain_s = drain_s
        self._problems: dict[str, str] = {}
        self._refused: set[str] = set()
        self._probed: set[str] = set()
        """Those that answered to this keeper: one that is loaded may be another process's, or have failed its probe."""
        self._writing: Counter[str] = Counter()
        self._ended = threading.Condition()
        self._loading = threading.Lock()

    @property
    def problems(self) -> dict[str, str]:
        """Adapter to why it is not in service, in a sentence."""
        return dict(self._problems)

    def in_service(self, account: str) -> str | None:
        """Return the name of the adapter that is to write for an account, or None where the base model does."""
        card = self._current(account)
        return None if card is None else card.name

    @contextmanager
    def serving(self, account: str) -> Iterator[str]:
        """Yield the engine's name of the model that writes for an account; it stays loaded within the block.

        Raises:
            EngineDown: the engine does not answer.
        """
        card = self._current(account)
        name = self._base if card is None else card.name
        with self._held(name):
            if card is None or self._has(account, card):
                yield name
                return
        with self._held(self._base):
            yield self._base

    def refresh(self) -> list[str]:
        """Load what is current, put newer adapters in service and unload the replaced; return the names put in service.

        Raises:
            EngineDown: the engine does not answer; nothing has changed for the worse.
        """
        flipped = []
        for account in self._accounts():
            current = self._current(account)
            if current is not None:
                self._has(account, current)
            candidate = self._candidate(account)
            if candidate is not None and self._has(account, candidate):
                set_current(self._root, account, candidate.version)
                self._forget_problems(account)
                logger.info("adapter %s is in service", candidate.name)
                flipped.append(candidate.name)
            self._note_unservable(account)
        self._unload_unused()
        return flipped

    def watch(self, interval_s: float, stop: threading.Event) -> None:
        """Refresh again and again until told to stop."""
        while not stop.is_set():
            try:
                self.refresh()
            except EngineDown as error:
                logger.debug("adapters wait for the engine: %s", error)
            except Exception as error:  # noqa: BLE001  whatever it was, the next round may fare better
                logger.warning("adapters could not be refreshed: %s: %s", type(error).__name__, error)
            stop.wait(interval_s)

    def _accounts(self) -> Sequence[str]:
        return sorted(path.name for path in self._root.iterdir() if path.is_dir()) if self._root.is_dir() else []

    def _current(self, account: str) -> AdapterCard | None:
        version = current_version(self._root, account)
        cards = list_cards(self._root, account)
        return next((card for card in cards if card.version == version and self._may_write(card)), None)

    def _candidate(self, account: str) -> AdapterCard | None:
        """Return the newest adapter that may replace the one in service."""
        least = current_version(self._root, account) or 0
        newer = (card for card in list_cards(self._root, account) if card.version > least and card.is_approved)
        usable = [card for card in newer if self._may_write(card) and card.name not in self._refused]
        return usable[-1] if usable else None

    def _note_unservable(self, account: str) -> None:
        """Say of the newest adapter that could take over, were it not one that must be merged, why it does not."""
        least = current_version(self._root, account) or 0
        cards = [card for card in list_cards(self._root, account) if card.version > least and card.is_approved]
        if cards and cards[-1].serving != LORA:
            name = cards[-1].name
            self._problems[name] = (
                f"{name} is not in service: {cards[-1].method} needs merged serving, which this version does not have "
                "yet; the one before stays."
            )

    def _may_write(self, card: AdapterCard) -> bool:
        """Tell whether an adapter is for this model, this prompt and this engine, and its mail is still there."""
        is_ours = (card.base_model, card.prompt_version, card.serving) == (self._base_model, PROMPT_VERSION, LORA)
        return is_ours and not self._is_barred(card.account, card.version)

    def _is_barred(self, account: str, version: int) -> bool:
        return self._is_strict and is_tainted(self._root, account, version)

    def _has(self, account: str, card: AdapterCard) -> bool:
        """See to it that the engine has an adapter; if it cannot, note why."""
        with self._loading:
            try:
                self._load(account, card)
            except EngineDown:
                raise
            except CyranoError as error:
                self._refused.add(card.name)
                self._problems[card.name] = f"{card.name} is not in service: {error} {error.hint}".strip()
                logger.warning("adapter %s cannot be served: %s", card.name, error)
                return False
        self._problems.pop(card.name, None)
        return True

    def _forget_problems(self, account: str) -> None:
        """A newer adapter works: what was wrong with the older ones is of no interest."""
        self._problems = {name: said for name, said in self._problems.items() if not name.startswith(f"{account}@v")}

    def _load(self, account: str, card: AdapterCard) -> None:
        is_loaded = card.name in self._server.models()
        if is_loaded and card.name in self._probed:
            return
        path = folder(self._root, account, card.version)
        read_card(path)
        try:
            if not is_loaded:
                self._load_into_engine(card.name, path)
            self._server.probe(card.name)
        except EngineDown:
            raise
        except EngineError:
            self._unload(card.name)
            raise
        self._probed.add(card.name)

    def _load_into_engine(self, name: str, path: Path) -> None:
        try:
            self._server.load_adapter(name, path.resolve())
        except EngineError:
            if name not in self._server.models():  # another process may have been quicker
                raise

    def _unload_unused(self) -> None:
        for name in self._server.models():
            parts = _NAME.fullmatch(name)
            if parts and self._is_replaced(parts["account"], int(parts["version"])):
                with self._ended:
                    self._ended.wait_for(lambda name=name: not self._writing[name], self._drain_s)  # type: ignore[misc]
                self._unload(name)
                logger.info("adapter %s is unloaded", name)

    def _is_replaced(self, account: str, version: int) -> bool:
        """Tell whether an adapter made place for a newer one, may not write any more, or its account is gone."""
        if not (self._root / account).is_dir() or self._is_barred(account, version):
            return True
        current = current_version(self._root, account)
        return current is not None and version < current

    def _unload(self, name: str) -> None:
        try:
            self._server.unload_adapter(name)
        except EngineDown:
            raise
        except EngineError as error:
            logger.debug("adapter %s was not loaded: %s", name, error)

    @contextmanager
    def _held(self, name: str) -> Iterator[None]:
        """Count a model as writing."""
        with self._ended:
            self._writing[name] += 1
        try:
            yield
        finally:
            with self._ended:
                self._writing[name] -= 1
                self._ended.notify_all()
