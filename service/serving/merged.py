"""Which adapter writes where the engine serves whole models: one account's, merged into the base model.

Rules:
1. What writes is what the engine says it has: it bears the name of the adapter that was merged into it, or that of the
   base model. A draft is never said to be by another, whatever happened since anybody last looked.
2. Which adapter is to write is asked of the disk, as with adapters beside their base model (adapters.py). It is merged
   by a trainer of its own while the former goes on writing; then drafts under way end, the engine changes and answers
   a probe, and the pointer moves. Whatever fails leaves or brings back what was served before; `problems` says why.
3. One account is served, until its owner rolls it back to the base model: another's turn never comes by accident.
   Nobody else's mail is written by its adapter. While the base model is served it writes for all.
4. One process of a home at a time makes changes; the others follow.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from connectors.adapter import (
    MERGED,
    AdapterCard,
    clear_current,
    current_version,
    folder,
    is_withdrawn,
    list_cards,
    set_current,
)
from connectors.errors import CyranoError, EngineDown, EngineError, EngineLost, EngineTaken, StoreError
from connectors.reason import Reason
from service.notices import Notice, NoticeKind
from service.serving.choice import Choice
from service.serving.fitness import Fitness, notices_of, reasons, stuck_notice
from service.serving.loaders import NAME
from service.serving.merged_models import Merge, MergedModels
from service.serving.refusals import Refusals
from service.serving.turnstile import Turnstile

logger = logging.getLogger(__name__)

AS_LORA = 'Set [engine] serving = "lora" to serve several accounts'


class Server(Protocol):
    """The engine, asked over HTTP: `connectors.llm.ModelServer`."""

    def models(self) -> list[str]:
        """Return the names of what it serves."""

    def probe(self, model: str) -> None:
        """Raise unless this very model answers."""


class Engine(Protocol):
    """What keeps the engine: `service.engine.keeper.EngineKeeper`."""

    def change(self, model: str, name: str) -> None:
        """Have another model served under a name, the configured one where `model` is empty."""


class MergedKeeper:
    """The one adapter that an engine serves, merged. Safe to share between threads."""

    def __init__(
        self,
        root: Path,
        home: Path,
        server: Server,
        engine: Engine,
        merge: Merge,
        *,
        base: str,
        base_model: str,
        revision: Callable[[], str] = lambda: "",
        is_strict: bool = False,
        drain_s: float = 120.0,
        awake: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join the parts.

        Args:
            root: The folder of all accounts' adapters.
            home: The home folder: merged models go to `merged` in it.
            server: The engine.
            engine: What keeps it.
            merge: What merges.
            base: The engine's name for the model without an adapter.
            base_model: What cards must name as their base model.
            revision: Returns what that model is made of now, by `connectors.base_model`.
            is_strict: Whether an adapter that learned from mail forgotten since is put out of service.
            drain_s: How long drafts under way may take before the engine changes.
            awake: Raises EngineDown while the engine rests.
            clock: Seconds that only grow.
        """
        self._root = root
        self._server = server
        self._engine = engine
        self._fitness = Fitness(base_model=base_model, revision=revision, serving=MERGED)
        self._models = MergedModels(home, root, merge, revision=revision)
        self._base = base
        self._awake = awake
        self._refusals = Refusals(clock)
        self._choice = Choice(root, self._fitness, self._refusals, is_strict=is_strict)
        self._turnstile = Turnstile(drain_s=drain_s)
        self._last = base
        """What the engine had when it was last asked."""
        self._probed = ""
        """What answered to this keeper under its name."""
        self._seen = ""
        """What the engine had when it was last refreshed."""
        self._notices: dict[str, Notice] = {}
        self._stop = threading.Event()

    @property
    def problems(self) -> dict[str, str]:
        """Adapter to why it is not in service, in a sentence."""
        return {name: notice.text for name, notice in self._notices.copy().items()}

    def notices(self, account: str) -> Sequence[Notice]:
        """Return what is not as it should be with an account's adapters."""
        return notices_of(account, self._notices.copy())

    def why_not(self, card: AdapterCard) -> str:
        """Return why an adapter cannot be served here, and what to do; "" where it can."""
        return self._choice.why_not(card)

    def in_service(self, account: str) -> str | None:
        """Return the name of the adapter that is to write for an account, or None where the base model does."""
        card = self._current(account) if account == self._owner() else None
        return None if card is None else card.name

    def loaded(self, account: str) -> list[int]:
        """Return the versions that the engine has: their weights are needed.

        Raises:
            EngineDown: the engine does not answer.
        """
        parts = NAME.fullmatch(self._served())
        return [int(parts["version"])] if parts and parts["account"] == account else []

    @contextmanager
    def serving(self, account: str) -> Iterator[str]:
        """Yield the engine's name of the model that writes for an account; it stays the same within the block.

        Raises:
            EngineDown: the engine does not answer, rests, or is changing.
            EngineTaken: it serves another account.
        """
        self._awake()
        with self._turnstile.passing():
            served = self._served()
            self._need_own(served, account)
            yield served

    def refresh(self) -> list[str]:
        """Have the engine serve the adapter that is to write; return the names put in service.

        Raises:
            EngineDown: the engine does not answer, or rests; nothing has changed for the worse.
        """
        self._awake()
        with self._models.alone() as is_mine:
            if not is_mine:
                return []
            self._follow(self._served())
            owner, stuck = self._owner(), ""
            try:
                return self._flip(owner) if owner else self._flip_to_base(None)
            except StoreError as error:
                stuck = f"{error} {error.hint}".strip()
                return []
            finally:
                self._seen = self._last
                self._note_problems(owner, stuck)

    def watch(self, interval_s: float, stop: threading.Event) -> None:
        """Refresh again and again until told to stop."""
        self._stop = stop
        while not stop.is_set():
            try:
                self.refresh()
            except EngineDown as error:
                logger.debug("merged adapters wait for the engine: %s", error)
            except Exception as error:  # noqa: BLE001  whatever it was, the next round may fare better
                logger.warning("merged adapters could not be refreshed: %s: %s", type(error).__name__, error)
            stop.wait(interval_s)

    def _served(self) -> str:
        """Return the name of what the engine serves, as it says."""
        names = self._server.models()
        if not names:
            raise EngineDown("The model server has no model.", hint="See logs/engine.log.", reason=Reason.EMPTY)
        self._last = names[0]
        return names[0]

    def _need_own(self, served: str, account: str) -> None:
        """See to it that what is served may write for an account."""
        if served == self._base:
            return
        parts = NAME.fullmatch(served)
        if parts is None:
            said = f"The model server changes what it serves; it has {served} now."
            raise EngineDown(said, hint="Ask again soon.", reason=Reason.CHANGES)
        if parts["account"] != account:
            said = (
                f"The engine serves the adapter of {parts['account']}, merged into its model, and nobody else's mail."
            )
            raise EngineTaken(said, hint=_way_out(parts["account"]), reason=Reason.TAKEN)
        if self._choice.is_barred(account, int(parts["version"])):
            said = f"{served} learned from mail that was forgotten, and makes way."
            hint = "Ask again in a minute."
            raise EngineDown(said, hint=hint, retry_after_s=30, reason=Reason.MAKES_WAY, about=served)

    def _owner(self) -> str | None:
        """Return the account that is served, or is to be."""
        accounts = self._choice.accounts()
        pointed = [account for account in accounts if current_version(self._root, account) is not None]
        served = NAME.fullmatch(self._last)
        if served and (served["account"] in pointed or self._is_wanting(served["account"])):
            return served["account"]
        if pointed:
            return next((account for account in pointed if self._choice.wanted(account)), pointed[0])
        return next((account for account in accounts if self._choice.wanted(account)), None)

    def _is_wanting(self, account: str) -> bool:
        """Tell whether an account is there, and has an adapter that is to write: its first, put in service just now."""
        return account in self._choice.accounts() and self._choice.wanted(account) is not None

    def _follow(self, served: str) -> None:
        """Take what another process has had served meanwhile, though it was refused to this one before.

        Else each would change what the other has changed.
        """
        parts = NAME.fullmatch(served)
        if parts is None or served == self._seen:
            return
        cards = list_cards(self._root, parts["account"]) if parts["account"] in self._choice.accounts() else []
        card = next((card for card in cards if card.name == served), None)
        if card and card.is_approved and not is_withdrawn(self._root, card.account, card.version):
            self._refusals.forget(served)

    def _current(self, account: str) -> AdapterCard | None:
        """Return the adapter that the pointer names, if it may write and the engine takes it."""
        card = self._choice.pointed(account)
        return None if card is None or self._choice.why_refused(card) else card

    def _flip(self, owner: str) -> list[str]:
        wanted = self._choice.wanted(owner)
        if wanted is None:
            return self._flip_to_base(owner)
        if not self._is_served(wanted):
            return []
        self._models.clean(keep=wanted.name)
        if current_version(self._root, owner) == wanted.version:
            return []
        set_current(self._root, owner, wanted.version)
        logger.info("adapter %s is in service, merged", wanted.name)
        return [wanted.name]

    def _flip_to_base(self, owner: str | None) -> list[str]:
        flipped = []
        if self._served() != self._base:
            self._change("", self._base)
            flipped = [self._base]
            logger.info("the base model is in service")
        if owner is not None:
            self._let_go(owner)
        self._models.clean(keep="")
        return flipped

    def _let_go(self, owner: str) -> None:
        """Take the pointer away where that is what the account's owner wants."""
        current = current_version(self._root, owner)
        if current is not None and is_withdrawn(self._root, owner, current):
            clear_current(self._root, owner)

    def _is_served(self, card: AdapterCard) -> bool:
        """See to it that the engine serves an adapter; if it cannot, note why."""
        before = self._served()
        path = folder(self._root, card.account, card.version)
        try:
            if before != card.name:
                self._change(str(self._models.made(card, self._go_on)), card.name)
            self._prove(card, before)
        except EngineDown:
            raise
        except CyranoError as error:
            self._refusals.note(card.name, path, f"{error} {error.hint}".strip())
            logger.warning("adapter %s cannot be served merged: %s", card.name, error)
            return False
        self._refusals.forget(card.name)
        return True

    def _change(self, model: str, name: str) -> None:
        """Have the engine serve another model, once the drafts under way have ended."""
        self._probed = ""
        with self._turnstile.closed(f"The engine changes to {name}."):
            self._engine.change(model, name)

    def _prove(self, card: AdapterCard, before: str) -> None:
        """See that the engine answers as it says; what was there before comes back if it does not."""
        if card.name == self._probed:
            return
        try:
            self._server.probe(card.name)
        except EngineLost:
            self._refusals.note_death(card.name, folder(self._root, card.account, card.version))
            raise
        except EngineDown:
            raise
        except EngineError:
            if before != card.name:
                self._go_back(before)
            raise
        self._probed = card.name

    def _go_back(self, before: str) -> None:
        """Have the engine serve what it served before."""
        model = "" if before == self._base else str(self._models.place(before))
        self._change(model, before)

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise EngineDown("Cyrano is stopping.")

    def _note_problems(self, owner: str | None, stuck: str) -> None:
        """Say anew what is wrong."""
        found = {f"{owner}@": stuck_notice(owner or "", stuck)} if stuck else {}
        for account in self._choice.accounts():
            if account == owner or owner is None:
                found |= self._reasons(account)
            elif wanted := self._choice.wanted(account):
                said = (
                    f"{wanted.name} is not in service: the engine serves one account, {owner}, whose adapter is merged"
                )
                text = f"{said} into its model. {_way_out(owner)}"
                found[wanted.name] = Notice(kind=NoticeKind.ADAPTER_WAITS, about=wanted.name, text=text)
        self._notices = found

    def _reasons(self, account: str) -> dict[str, Notice]:
        current = self._current(account)
        found = reasons(
            self._root,
            account,
            current.version if current else 0,
            unfit=self._fitness.unfit,
            why_refused=self._choice.why_refused,
        )
        return {notice.about: notice for notice in found}


def _way_out(owner: str) -> str:
    return f"{AS_LORA}, or have another account's turn come: cyrano rollback --account {owner} --to base"
